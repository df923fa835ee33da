"""Standard streams that exist even if the shell closed them, and that never cause a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


def open_missing() -> None:
    """Replace streams that the shell closed, so that no other file gets their numbers.

    Writing to a closed output still fails.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        with contextlib.suppress(OSError):
            os.fstat(number)
            continue
        if os.open(os.devnull, mode) != number:  # it takes the lowest number that is free
            return
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - as long-lived as the process
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115


def silence(stream: TextIO) -> None:
    """Redirect the stream to nowhere, so that Python does not flush unwritten text again when it exits."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def printable(text: str) -> str:
    """Escape control characters, direction overrides and the like, which a terminal would interpret."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


_WIDTH = 78
"""Width of a line that overwrites the previous one."""


class Talk:
    """Writes lines for the user to stderr; writes nothing after stderr is closed."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream

    @property
    def is_terminal(self) -> bool:
        """Whether a line can be overwritten."""
        return self._stream.isatty()

    def say(self, text: str, *, passing: bool = False) -> None:
        """Write a line at once; on a terminal the next line overwrites one that is ``passing``."""
        line = f"redis-dash: {printable(text)}"
        end = "\n"
        if self.is_terminal:
            line, end = line.ljust(_WIDTH), "\r" if passing else "\n"
        try:
            self._stream.write(line + end)
            self._stream.flush()
        except (OSError, ValueError):
            silence(self._stream)


def deliver(document: bytes) -> None:
    """Write bytes to stdout, independent of its encoding.

    Raises:
        OSError: it could not be written.
    """
    sys.stdout.flush()
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()
