"""A program in an emulated pseudo terminal: a test reads the screen and types keys."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import psutil
import pyte
from pyte.screens import Char, wcwidth

CONTROLLED = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Makes standard input the controlling terminal, then executes a command. Ctrl-C counts there, even if the tests run in
the background of a shell and ignore it."""
ALTERNATE_SCREEN = 1049
STYLES = re.compile(rb"\x1b\[[0-9;:]*m")
"""Colours and the like, most of what a dashboard writes. They change no text, and to emulate them takes seconds."""


class _Cells(dict[str, Char | None]):
    """The cell of each character that takes one; None for others."""

    def __missing__(self, character: str) -> Char | None:
        self[character] = cell = Char(character) if wcwidth(character) == 1 else None
        return cell


_CELLS = _Cells()


class Screen(pyte.Screen):
    """Ignores the sequences that Textual uses and pyte does not know, as simple terminals do."""

    def draw(self, data: str) -> None:
        """Put characters into their cells: at once, where each takes one cell and all fit into the line."""
        cells = [cell for character in data if (cell := _CELLS[character])]
        x = self.cursor.x
        if len(cells) < len(data) or x + len(cells) > self.columns or pyte.modes.IRM in self.mode:
            super().draw(data)
            return
        self.buffer[self.cursor.y].update(enumerate(cells, x))
        self.cursor.x = x + len(cells)
        self.dirty.add(self.cursor.y)

    def set_mode(self, *modes: int, **options: bool) -> None:
        """Clear the alternate screen when it is entered."""
        super().set_mode(*modes, **options)
        if ALTERNATE_SCREEN in modes and options.get("private"):
            self.erase_in_display(2)

    def report_device_status(self, mode: int = 0, **_: object) -> None:
        """Ignore the request: its answer is never read."""

    def set_margins(self, *args: object, **_: object) -> None:
        """Ignore it: it is only ever sent as a reset."""


class RunningProcess(Protocol):
    """What the tests need of the program in the terminal: a part of ``subprocess.Popen``."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Terminal:
    """The present screen, and a keyboard."""

    def __init__(self, process: RunningProcess, master: int, columns: int, rows: int) -> None:
        self.process = process
        self._master = master
        self._screen = Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lines: list[str] = []
        self.output = b""
        """All output, escape sequences included."""

    @property
    def text(self) -> str:
        """The screen's lines. The second cell of a wide character is empty."""
        screen, columns = self._screen, range(self._screen.columns)
        if len(self._lines) != screen.lines:
            self._lines = [""] * screen.lines
            screen.dirty.update(range(screen.lines))
        for y in screen.dirty & set(range(screen.lines)):
            line = screen.buffer[y]
            self._lines[y] = "".join([line[x].data for x in columns])
        screen.dirty.clear()
        return "\n".join(self._lines)

    def wait_until(self, condition: Callable[[str], bool], within_s: float = 20.0) -> str:
        """Read until the screen's text satisfies a condition; return the text."""
        deadline = time.monotonic() + within_s
        while not condition(self.text):
            assert time.monotonic() < deadline, f"the screen did not come to that:\n{self.text}"
            self._read(0.1)
        return self.text

    def wait_for(self, *texts: str, within_s: float = 20.0) -> str:
        """Read until every text is on the screen."""
        return self.wait_until(lambda screen: all(text in screen for text in texts), within_s)

    def type_until(self, keys: str, condition: Callable[[str], bool], every_s: float) -> str:
        """Press keys repeatedly until the screen's text satisfies a condition."""
        pressed_at = time.monotonic()

        def satisfied(screen: str) -> bool:
            nonlocal pressed_at
            if condition(screen):
                return True
            if time.monotonic() - pressed_at >= every_s:
                pressed_at = time.monotonic()
                self.type(keys)
            return False

        return self.wait_until(satisfied)

    def wait_for_silence(self, seconds: float) -> None:
        """Read until nothing has been written for this time."""
        while self._read(seconds):
            pass

    def wait_for_end(self, within_s: float = 20.0) -> None:
        """Continue to read, as a terminal does, until the program has ended."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running:\n{self.text}"
            self._read(0.02)

    def hang_up(self) -> None:
        """Close the terminal, as its window's close button does."""
        self.close()

    def close(self) -> None:
        """Close this end of the terminal, unless that is done."""
        master, self._master = self._master, -1
        if master >= 0:
            os.close(master)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as dragging its window does."""
        resize(self._master, columns, rows)
        self._screen.resize(rows, columns)

    def read_for(self, seconds: float) -> None:
        """Read what comes within this time, as a terminal does meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def type(self, keys: str) -> None:
        """Press keys."""
        self.type_bytes(keys.encode())

    def type_bytes(self, raw: bytes) -> None:
        """Send what a keyboard or a paste sends, in any encoding."""
        os.write(self._master, raw)

    def _read(self, timeout_s: float) -> bool:
        """Read the available output; False if none came in time."""
        ready = bool(select.select([self._master], [], [], timeout_s)[0])
        if ready:
            with contextlib.suppress(OSError):  # the other side hung up
                written = os.read(self._master, 65536)
                self.output += written
                self._stream.feed(STYLES.sub(b"", written))
        return ready


def gone(process: psutil.Process) -> bool:
    """Whether the program has ended; its parent may not have collected its exit status yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return True


def resize(descriptor: int, columns: int, rows: int) -> None:
    """Set the size of a pseudo terminal."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextlib.contextmanager
def in_terminal(
    command: Sequence[str], columns: int = 120, rows: int = 36, environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run a command with this as its controlling terminal; at the end of the block it is killed if it still runs."""
    master, slave = pty.openpty()
    resize(slave, columns, rows)
    full = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | dict(environ or {})
    for name in ("COLUMNS", "LINES"):  # they would count for more than the terminal's size
        full.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-ISc", CONTROLLED, *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=full,
        start_new_session=True,
    )
    os.close(slave)
    terminal = Terminal(process, master, columns, rows)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.close()
