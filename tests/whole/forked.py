"""Programs in a pseudo terminal, as forks of one process that has imported them: imports take most of a start."""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import pty
import signal
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.context import ForkServerProcess
from types import MappingProxyType

import redis_dash.cli
import redis_dash.hub
import redis_dash.tui.screens.confirm
import redis_dash.tui.screens.detail
import redis_dash.tui.screens.help
import redis_dash.tui.screens.palette
import redis_dash.tui.start
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


def _take(terminal: str, environ: Mapping[str, str]) -> None:
    """Make this the controlling terminal with all standard streams."""
    os.setsid()
    descriptor = os.open(terminal, os.O_RDWR)
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)  # type: ignore[misc]
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environ}
    for name in ("COLUMNS", "LINES"):  # they would count for more than the terminal's size
        os.environ.pop(name, None)


def _play_in(terminal: str, variant: str, is_ascii: bool) -> None:
    _take(terminal, {})
    play(variant, is_ascii=is_ascii)


def _run_in(terminal: str, arguments: tuple[str, ...], environ: Mapping[str, str], in_shell: bool) -> None:
    """Run ``redis-dash``, as a child of a process that only waits for it, or directly."""
    _take(terminal, environ)
    signal.signal(signal.SIGINT, signal.SIG_DFL if in_shell else signal.default_int_handler)
    if in_shell:
        if child := os.fork():
            os.waitpid(child, 0)
            os._exit(0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["redis-dash", *arguments]
    redis_dash.cli.main()


def playground(
    variant: str, columns: int, rows: int, *, is_ascii: bool = False
) -> contextlib.AbstractContextManager[Terminal]:
    """Run this variant; at the end of the block it is killed if it still runs."""
    return _forked(_play_in, columns, rows, variant, is_ascii)


def dashboard(
    *arguments: str,
    columns: int = 120,
    rows: int = 36,
    environ: Mapping[str, str] = MappingProxyType({}),
    in_shell: bool = False,
) -> contextlib.AbstractContextManager[Terminal]:
    """Run ``redis-dash`` with these arguments; at the end of the block it is killed if it still runs.

    Args:
        in_shell: its parent is a process of the same terminal that waits for it.
    """
    return _forked(_run_in, columns, rows, arguments, dict(environ), in_shell)


@contextlib.contextmanager
def _forked(target: Callable[..., None], columns: int, rows: int, *arguments: object) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    resize(slave, columns, rows)
    process = _CONTEXT.Process(target=target, args=(os.ttyname(slave), *arguments))
    process.start()
    terminal = Terminal(_Fork(process), master, columns, rows)
    try:
        yield terminal
    finally:
        process.kill()
        process.join()
        process.close()
        os.close(slave)
        terminal.close()
