"""The playground in a pseudo terminal, as a fork of one process that has imported it: imports take most of a start."""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import pty
import sys
import termios
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess

from tests.tui.playground import play
from tests.whole.terminal import Terminal, resize

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.whole.forked"])


class _Fork:
    """A forked process with the methods of a ``subprocess.Popen``."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self.pid = process.pid
        self.terminate, self.kill = process.terminate, process.kill
        self._process = process

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError
        return self._process.exitcode

    def send_signal(self, sig: int, /) -> None:
        os.kill(self.pid, sig)


def _play_in(terminal: str, variant: str, is_ascii: bool) -> None:
    """Make this the controlling terminal with all standard streams, then run the playground."""
    os.setsid()
    descriptor = os.open(terminal, os.O_RDWR)
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(descriptor, standard)
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)  # type: ignore[misc]
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("COLUMNS", "LINES"):  # they would count for more than the terminal's size
        os.environ.pop(name, None)
    play(variant, is_ascii=is_ascii)


@contextlib.contextmanager
def playground(variant: str, columns: int, rows: int, *, is_ascii: bool = False) -> Iterator[Terminal]:
    """Run this variant; at the end of the block it is killed if it still runs."""
    master, slave = pty.openpty()
    resize(slave, columns, rows)
    process = _CONTEXT.Process(target=_play_in, args=(os.ttyname(slave), variant, is_ascii))
    process.start()
    try:
        yield Terminal(_Fork(process), master, columns, rows)
    finally:
        process.kill()
        process.join()
        process.close()
        os.close(slave)
        os.close(master)
