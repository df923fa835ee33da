"""Textual's terminal driver, made to survive job control and to notice that the terminal is gone.

docs/textual.md describes what it repairs in Textual.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import errno
import os
import select
import signal
import sys
import termios
from collections.abc import Callable
from functools import partial
from typing import Any

from textual.app import App
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

from redis_dash.tui.ascii import ascii_text
from redis_dash.tui.key_parser import KeyParser
from redis_dash.tui.watchdog import Watchdog, exit_code

_LEAVE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?7h\x1b[?1049l\x1b[?25h"
)
"""The sequences that undo the modes that Textual sets: mouse, focus, paste, size and key reports, no line wrapping, the
alternate screen and the hidden cursor."""


class Output:
    """The text file that frames are written to: the terminal on standard output.

    A write to a terminal that is gone is dropped. Otherwise it would end Textual's writer thread, and each later put to
    that thread's queue would wait for ever.

    Args:
        lost: Called from the writer thread when the terminal is gone.
        is_ascii: Write in ASCII, also what Textual draws.
    """

    def __init__(self, lost: Callable[[], None], *, is_ascii: bool = False) -> None:
        stdout = sys.__stdout__
        assert stdout is not None
        self._file = open(stdout.fileno(), "w", encoding=stdout.encoding, errors="replace", closefd=False)  # noqa: SIM115
        self._lost = lost
        self._is_ascii = is_ascii

    def fileno(self) -> int:
        """The file descriptor."""
        return self._file.fileno()

    def write(self, text: str) -> None:
        """Write, unless the terminal is gone."""
        try:
            self._file.write(ascii_text(text) if self._is_ascii else text)
        except OSError:
            self._lost()

    def flush(self) -> None:
        """Flush, unless the terminal is gone."""
        try:
            self._file.flush()
        except OSError:
            self._lost()


def _decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    """A decoder that replaces bytes that are no text: terminals of other encodings must not end the reading of keys."""
    return partial(codecs.getincrementaldecoder(encoding), errors="replace")


class TerminalDriver(LinuxDriver):
    """Textual's driver, with signals handled in the event loop, one writer thread at a time, and a watchdog."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._has_terminal = False
        self._is_restarting = False
        self._found: list[Any] | None = None
        self._watchdog = Watchdog(self.fileno, self._ask_to_exit, self._restore)
        self._file = Output(self._watchdog.end, is_ascii=getattr(app, "is_ascii", False))  # type: ignore[assignment]
        self._listen()
        self._watchdog.listen()
        self._watchdog.start()

    # -- what Textual calls ------------------------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """Write while the writer thread runs: without it the queue would fill and block."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal, once this process is in the foreground."""
        if self._has_terminal or not self._wait_for_foreground():
            return
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._found, self._has_terminal = self.attrs_before, True

    def disable_input(self) -> None:
        """Stop reading keys, and drop those that were not read, unless the terminal is taken again at once.

        Without the terminal this does nothing: it would stop a process in the background.
        """
        if not self._has_terminal:
            return
        if self._is_restarting:
            self._stop_reading()
        else:
            super().disable_input()

    def _stop_reading(self) -> None:
        """End the thread that reads keys; keys typed meanwhile wait in the terminal."""
        self.exit_event.set()
        if self._key_thread is not None:
            self._key_thread.join()
        self.exit_event.clear()

    def stop_application_mode(self) -> None:
        """Give the terminal back, once."""
        if self._has_terminal:
            super().stop_application_mode()
            if self._writer_thread is not None and not self._writer_thread.is_alive():
                self._restore()  # a defect has ended the writer, so that nothing was written
            self._has_terminal = False

    def _run_input_thread(self) -> None:
        """Read keys; a defect reaches the app by ``threading.excepthook``. Textual would print its text."""
        self.run_input_thread()

    def run_input_thread(self) -> None:
        """Read keys until the terminal is gone."""
        # The thread makes its parser and its decoder by these names.
        linux_driver.XTermParser = KeyParser  # type: ignore[attr-defined]
        linux_driver.getincrementaldecoder = _decoder  # type: ignore[assignment,attr-defined]
        try:
            super().run_input_thread()
        except OSError:
            self._watchdog.end()

    # -- job control -------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Handle job control in the event loop: a handler that interrupts a write would write into the same queue."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        loop.add_signal_handler(signal.SIGCONT, self._restart)

    def _suspend(self) -> None:
        """Give the terminal back and stop, as any job does; continue when the shell says so."""
        self.suspend_application_mode()
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGCONT)
        loop.remove_signal_handler(signal.SIGTSTP)
        signal.raise_signal(signal.SIGTSTP)  # returns on SIGCONT, or at once where no shell can send it
        self._listen()
        self._resume()

    def _restart(self) -> None:
        """Take the terminal again: the process was stopped without warning, and others may have used the terminal."""
        self._is_restarting = True
        self.suspend_application_mode()
        self._is_restarting = False
        self._resume()

    def _resume(self) -> None:
        self.resume_application_mode()
        if self._has_terminal:
            for screen in self._app.screen_stack:
                screen.refresh(layout=True)

    def _wait_for_foreground(self) -> bool:
        """Wait until this process may use the terminal; False if that will not happen.

        Setting the terminal's attributes, even to their present values, makes the kernel stop a background process
        until it is brought to the foreground.
        """
        while not self._watchdog.is_ending:
            try:
                termios.tcsetattr(self.fileno, termios.TCSANOW, termios.tcgetattr(self.fileno))
                return True
            except termios.error as error:
                if error.args[0] != errno.EINTR:
                    self._watchdog.end()
        return False

    # -- the end -----------------------------------------------------------------------------------------------------

    def _ask_to_exit(self, number: int) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop has ended
            self._loop.call_soon_threadsafe(self._app.exit, None, exit_code(number))

    def _restore(self) -> None:
        """Restore the terminal as far as that is possible without waiting for it."""
        if not self._has_terminal:
            return
        with contextlib.suppress(termios.error, OSError):
            if self._found is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._found)
            if select.select([], [self.fileno], [], 0)[1]:
                os.write(self.fileno, _LEAVE)
