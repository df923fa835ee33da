"""Lines for whoever watches: on stderr, because stdout belongs to programs."""

import contextlib
import sys


def say(line: str) -> None:
    """Write one line; whoever watched may be gone."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201
