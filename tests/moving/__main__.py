"""``make truth``: runs scenes for some minutes on every available server binary, and judges every value."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from demo_server.process.embedded import EmbeddedServer
from tests.moving.phases import LARGE, LASTING, MIDDLE, SLOW, SMALL, Size, shuffled
from tests.moving.report import table
from tests.moving.scene import Scene
from tests.moving.servers import programs
from tests.moving.tally import Tally

SIZES = {size.name: size for size in (SMALL, SLOW, MIDDLE, LASTING, LARGE)}


async def watch(program: Path, minutes: float, seed: int, sizes: Sequence[Size]) -> tuple[str, Tally]:
    """Run scenes on one server until the time is over."""
    tally, ends = Tally(), time.monotonic() + 60 * minutes
    with EmbeddedServer(program=program) as server:
        scene = 0
        while time.monotonic() < ends:
            size, number = sizes[scene % len(sizes)], 1000 * seed + scene
            found = await Scene(server, size, number, shuffled(number, size.phases)).play()
            tally.add(found)
            wrong = ", ".join(f"WRONG {what} {count:,}" for what, count in found.wrong.items()) or "none wrong"
            _say(f"{server.version}: {size.name}, seed {number}: {found.figures:,} figures, {wrong}")
            scene += 1
        return server.version, tally


def main() -> int:
    """Run everything; returns the exit status: 1 if any value is wrong."""
    parser = argparse.ArgumentParser(prog="make truth", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each server (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--server", type=Path, action="append", help="a program; default: all that are found")
    parser.add_argument("--size", choices=SIZES, action="append", help="sizes of the scenes; default: all in turn")
    options = parser.parse_args()
    sizes = [SIZES[name] for name in options.size or SIZES]
    tallies: dict[str, Tally] = {}
    for program in options.server or programs():
        version, tally = asyncio.run(watch(program, options.minutes, options.seed, sizes))
        tallies[version] = tally
    sys.stdout.write(table(tallies) + "\n")
    return 0 if tallies and all(tally.good for tally in tallies.values()) else 1


def _say(line: str) -> None:
    sys.stderr.write(f"truth: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
