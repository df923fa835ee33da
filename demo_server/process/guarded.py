"""A private temporary folder, and perhaps a process in it, that end with this process, even after `kill -9`."""

import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from demo_server.process.stopping import stop_by_stdin

_GUARDIAN = Path(__file__).with_name("guardian.py")
_CLEANUP_TIMEOUT = 3.0  # seconds


class Startable(ABC):
    """Is started at the beginning of a `with` block, and stopped at its end."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class GuardedFolder(Startable):
    """A folder that only this user can read, and `command` (absolute path first) running in it.

    A separate process, the guardian, stops the command and removes the folder when this process ends. A context
    manager, usable once.
    """

    def __init__(self, command: Sequence[str] = ()) -> None:
        self._command = command
        self._guardian: subprocess.Popen[bytes] | None = None
        self.path = Path()
        self.pid = 0  # of the command; 0 without one

    def start(self) -> None:
        """Raises OSError if the folder cannot be made or the command cannot be run."""
        # In a session of its own neither Ctrl-C nor a closed terminal reaches it.
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARDIAN), tempfile.gettempdir(), *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._guardian.stdout is not None
        assert self._guardian.stderr is not None
        report = self._guardian.stdout.readline().decode().strip()
        if not report:
            error = self._guardian.stderr.read().decode(errors="replace").strip().rpartition("\n")[2]
            self.stop()
            raise OSError(f"the guardian did not start: {error}")
        pid, _, folder = report.partition(" ")
        self.pid = int(pid)
        self.path = Path(folder)

    def stop(self) -> None:
        """End the command and remove the folder; returns when both are gone."""
        guardian, self._guardian = self._guardian, None
        if guardian is None:
            return
        stop_by_stdin(guardian, _CLEANUP_TIMEOUT)
        for stream in (guardian.stdout, guardian.stderr):
            if stream is not None:
                stream.close()
