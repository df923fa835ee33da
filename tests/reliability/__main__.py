"""``python -m tests.reliability [NAME…]``: injects every fault, and prints the table of docs/reliability.md."""

from __future__ import annotations

import asyncio
import sys

from tests.reliability.of_names import CLOCK
from tests.reliability.report import table
from tests.reliability.run import FAULTS, run


def main() -> int:
    """Returns 1 if anything was wrong."""
    names = sys.argv[1:]
    outcomes, wrong = [], []
    for faults in (FAULTS, [CLOCK]):
        if chosen := [fault for fault in faults if not names or any(name in fault.name for name in names)]:
            found = asyncio.run(run(chosen))
            outcomes += found.outcomes
            wrong += found.wrong
    sys.stdout.write(table(outcomes) + "\n")
    sys.stderr.write("".join(f"WRONG {line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
