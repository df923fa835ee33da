"""Every benchmark, one after the other.

    python -m benchmarks [--quick] [--only NAME]

Prints the table. A complete run at full size writes docs/benchmarks.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib import import_module

from benchmarks.harness import Figure, UnableError, options_of, say
from benchmarks.report import DOCUMENT, show, write

TOPICS = (
    "events",
    "events_screen",
    "ring",
    "scan",
    "scan_cluster",
    "budget",
    "search",
    "hit_rate",
    "answer",
    "startup",
    "idle_cpu",
    "replay",
)
"""The benchmarks. Each module has ``figures(quick)``; its docstring explains the method."""


def main() -> None:
    """Run the chosen benchmarks."""
    parser = options_of(__doc__)
    parser.add_argument("--only", action="append", choices=TOPICS, metavar="NAME", help=f"one of {', '.join(TOPICS)}")
    options = parser.parse_args()
    wanted = options.only or TOPICS
    found: dict[str, tuple[str, Sequence[Figure]]] = {}
    failed = []
    for name in wanted:
        module = import_module(f"benchmarks.{name}")
        began = time.monotonic()
        say(f"== {name}")
        try:
            found[name] = (module.__doc__ or "", module.figures(options.quick))
        except UnableError as error:
            failed.append(f"{name}: {error}")
            say(f"{name} could not be measured: {error}")
        say(f"== {name} took {time.monotonic() - began:.0f} s")
    show([figure for _, figures in found.values() for figure in figures])
    if failed:
        sys.exit("\n".join(["not measured:", *failed]))
    if not options.only and not options.quick:
        write(found)
        say(f"written: {DOCUMENT.name}")


if __name__ == "__main__":
    main()
