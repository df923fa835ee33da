"""The watchdog: ends the process after a hangup or a signal, even if the event loop is blocked."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

LOOK_S = 0.25
"""How often the watchdog checks."""
GRACE_S = 2.0
"""How long the program may take to end by itself."""
ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""The signals that ask the program to end."""


def exit_code(number: int) -> int:
    """The exit code of a program that a signal has ended, as shells have it."""
    return 128 + number


class Watchdog(threading.Thread):
    """Asks the program to end, and ends it if it does not.

    It is a thread because the event loop blocks when the terminal is no longer read. It never stops: it also ends
    a process that an unfinished thread, such as a name lookup, keeps alive after the program has ended.

    Args:
        terminal: File descriptor of the terminal.
        ask: Asks the program to end because of this signal; called from any thread, and from signal handlers.
        restore: Brings the terminal back to its state; called before the process is ended by force.
    """

    def __init__(self, terminal: int, ask: Callable[[int], None], restore: Callable[[], None]) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._terminal = terminal
        self._ask = ask
        self._restore = restore
        self._reason = 0
        self._asked_at = 0.0

    @property
    def is_ending(self) -> bool:
        """Whether the program was asked to end."""
        return self._reason != 0

    def listen(self) -> None:
        """Handle the signals that ask the program to end.

        These handlers are not those of the event loop, since the loop may be blocked.
        """
        for number in ENDING:
            signal.signal(number, self._describe)

    def _describe(self, number: int, _frame: FrameType | None) -> None:
        self.end(number)

    def end(self, reason: int = signal.SIGHUP) -> None:
        """Ask the program to end; takes no lock, since it may interrupt any code."""
        if self._reason:
            return
        self._asked_at = time.monotonic()
        self._reason = reason
        self._ask(reason)

    def run(self) -> None:
        """Watch the terminal, and the program after its end."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})  # restoring must not stop the process
        while True:
            time.sleep(LOOK_S)
            if not os.isatty(self._terminal):
                self.end()
            if self._reason and time.monotonic() >= self._asked_at + GRACE_S:
                self._restore()
                os._exit(exit_code(self._reason))
