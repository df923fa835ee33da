"""Progress lines for a person, on stderr; stdout carries only the JSON line for programs."""

import contextlib
import sys


def say(line: str) -> None:
    """Write one line; does nothing if stderr is closed."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201
