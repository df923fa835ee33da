"""A program on a pseudo terminal: what it writes is read at once by a thread and searched for known words."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.harness import SIZE, UnableError, terminal_environment

_KEPT = 4 * 1024 * 1024


class Terminal:
    """Raw output, stamped with the time at which it arrived."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, began: float) -> None:
        self.process = process
        self.began = began
        self._master = master
        self._output = bytearray()
        self._dropped = 0
        self._arrivals: list[tuple[int, float]] = []
        self._news = threading.Condition()
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()

    def close(self) -> None:
        """Close the terminal after its program has ended: a late read would take bytes of the next terminal."""
        self._drainer.join()
        os.close(self._master)

    def _drain(self) -> None:
        with contextlib.suppress(OSError):  # the other side closed the terminal
            while data := os.read(self._master, 65536):
                now = time.monotonic()
                with self._news:
                    self._output += data
                    self._arrivals.append((self._dropped + len(self._output), now))
                    self._news.notify_all()

    @property
    def end(self) -> int:
        """Bytes written so far."""
        with self._news:
            if len(self._output) > _KEPT:
                self._dropped += len(self._output)
                self._output.clear()
                self._arrivals.clear()
            return self._dropped + len(self._output)

    def type(self, keys: str) -> tuple[int, float]:
        """Press keys; returns where the output was and when that happened."""
        place = self.end
        at = time.monotonic()
        os.write(self._master, keys.encode())
        return place, at

    def wait_for(self, text: str, since: int = 0, within_s: float = 20.0) -> float:
        """When the first occurrence of a text behind a place was complete.

        Raises:
            UnableError: it did not come in time.
        """
        wanted, deadline = text.encode(), time.monotonic() + within_s
        with self._news:
            searched = max(0, since - self._dropped)
            while (found := self._output.find(wanted, searched)) < 0:
                searched = max(searched, len(self._output) - len(wanted))
                if not self._news.wait(deadline - time.monotonic()):
                    raise UnableError(f"{text!r} did not appear within {within_s:g} s")
            place = self._dropped + found + len(wanted)
            return next(at for end, at in self._arrivals if end >= place)


@contextmanager
def on_terminal(command: Sequence[str], size: str = SIZE) -> Iterator[Terminal]:
    """Run a command; it is killed with the block."""
    columns, rows = map(int, size.split("x"))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=terminal_environment(), start_new_session=True
    )
    os.close(slave)
    terminal = Terminal(process, master, began)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.close()
