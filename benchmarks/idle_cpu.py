"""The dashboard's own CPU in a real terminal with the demo at its default rate.

    python -m benchmarks.idle_cpu [--seconds 30] [--rounds 3] [--size 200x60]

The dashboard, an idle Textual application (the floor) and, where it is installed, htop take turns in tmux. Each settles
first; then user and system time of its process alone is taken, as a share of one core. Linux only.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence

from benchmarks.harness import SIZE, Figure, cpu_seconds, demo, in_tmux, median, options_of, say
from benchmarks.report import show

HELLO = "from textual.app import App; App().run()"
SETTLE_S = 8.0


def figures(quick: bool) -> list[Figure]:
    """The dashboard beside the floor and htop."""
    return measure(8.0, 1, SIZE) if quick else measure(30.0, 3, SIZE)


def measure(seconds: float, rounds: int, size: str) -> list[Figure]:
    """In turns."""
    shares: dict[str, list[float]] = {}
    with demo() as (url, _):
        commands = {
            "redis-dash": [sys.executable, "-m", "redis_dash", url],
            "an idle Textual app": [sys.executable, "-c", HELLO],
        }
        if shutil.which("htop"):
            commands["htop"] = ["htop"]
        for number in range(rounds):
            for name, command in commands.items():
                shares.setdefault(name, []).append(share := measured(command, size, seconds))
                say(f"idle_cpu {number + 1}/{rounds} {name}: {share:.1%}")
    ours = 100 * median(shares.pop("redis-dash"))
    name = f"CPU with the demo at {size}"
    return [
        Figure(name, "% of a core", ours, 100 * median(rival), against, at_most=4.0, bar_on_ours=True)
        for against, rival in shares.items()
    ]


def measured(command: Sequence[str], size: str, seconds: float) -> float:
    """Share of one core that a command takes after its start, 0..1."""
    with in_tmux(command, size) as process_id:
        time.sleep(SETTLE_S)
        began, before = time.monotonic(), cpu_seconds(process_id)
        time.sleep(seconds)
        return (cpu_seconds(process_id) - before) / (time.monotonic() - began)


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--size", default=SIZE)
    options = parser.parse_args()
    seconds = options.seconds or (8.0 if options.quick else 30.0)
    show(measure(seconds, options.rounds or (1 if options.quick else 3), options.size))


if __name__ == "__main__":
    main()
