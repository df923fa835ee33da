"""Tunnels: the system's ``ssh`` runs as a child and forwards a port of this machine to the server.

A small shell script watches over ssh: its standard input is a pipe of this process. When this process ends, in whatever
way, the pipe closes and the script ends ssh. Both are in a session of their own, so that no Ctrl-C ends them early.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence

from redis_dash.core.errors import SourceError
from redis_dash.standard_streams import printable

WITHIN_S = 9.0
"""Longest wait for the port. ssh itself gives up a host that does not answer after ``ConnectTimeout``."""
ENDS_WITHIN_S = 2.0
EVERY_S = 0.03
RECENT_S = 10.0
WORDS = 300
"""Characters of ssh's own words that are shown."""
SECRETS = ("REDIS_URL", "REDIS_DASH_PASSWORD", "REDIS_DASH_SENTINEL_PASSWORD")
"""Variables that ssh has no need to know."""

_WATCHED = """
exec 3<&0
"$@" 3<&- &
ssh=$!
exec 2>/dev/null
{ read -r _ <&3; kill $ssh; } &
watch=$!
exec 3<&-
wait $ssh
code=$?
kill $watch
exit $code
"""
_OPTIONS = {
    "ExitOnForwardFailure": "yes",
    "BatchMode": "yes",  # it must not ask for a password in the middle of the dashboard
    "ConnectTimeout": "6",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ControlPath": "none",  # a shared connection would keep the port open after the end
    "ControlMaster": "no",
}


class Tunnel:
    """One ssh, which is started at the first connection, and again when it has ended."""

    def __init__(self, destination: str, server: str, name: str) -> None:
        """``destination`` is ``user@host``, ``server`` what ssh forwards to, ``name`` the host as it is shown."""
        self._destination = destination
        self._server = server
        self._name = name
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._hearing: threading.Thread | None = None
        self._lines: deque[tuple[float, str]] = deque(maxlen=20)
        """What ssh said, and when (``time.monotonic()``)."""

    @property
    def trouble(self) -> str:
        """Why the connection through ssh does not work, in its words of just now; empty if it said nothing then."""
        recent = [line for at, line in self._lines if time.monotonic() - at < RECENT_S]
        lines = [line for line in recent if line and not line.startswith(("Warning:", "**"))]
        return f"ssh to {self._name}: {printable(lines[-1].removeprefix('ssh: '))[:WORDS]}" if lines else ""

    async def connect(self) -> socket.socket:
        """Open a connection to the server through ssh.

        Raises:
            SourceError: ssh does not run, or has ended.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        process = self._process
        assert process is not None
        deadline = time.monotonic() + WITHIN_S
        while process.poll() is None:
            if (connection := await _connected(self._port)) is not None:
                return connection
            if time.monotonic() >= deadline:
                trouble = self.trouble or f"ssh to {self._name}: no connection within {WITHIN_S:g} s"
                self.stop()
                raise SourceError(trouble)
            await asyncio.sleep(EVERY_S)
        if self._hearing is not None:
            await asyncio.to_thread(self._hearing.join, ENDS_WITHIN_S)
        raise SourceError(self.trouble or f"ssh to {self._name} ended with exit code {process.returncode}")

    def _start(self) -> None:
        program = shutil.which("ssh")
        if program is None:
            raise SourceError("there is no program ssh on PATH")
        self.stop()  # what is left of the previous one
        self._lines.clear()
        self._port = _free_port()
        options = [word for name, value in _OPTIONS.items() for word in ("-o", f"{name}={value}")]
        forward = f"127.0.0.1:{self._port}:{self._server}"
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, "sh", program, "-N", "-T", "-L", forward, *options, "--", self._destination],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={name: value for name, value in os.environ.items() if name not in SECRETS},
            start_new_session=True,
        )
        self._hearing = threading.Thread(target=self._hear, args=(self._process,), daemon=True)
        self._hearing.start()

    def _hear(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as stream:
            self._lines.extend((time.monotonic(), line.strip()) for line in stream)

    def stop(self) -> None:
        """End ssh."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_tunnels: dict[tuple[str, str], Tunnel] = {}


def tunnel_to(server: str, destination: str, name: str) -> Tunnel:
    """The tunnel to a server, which all connections of this process share."""
    if not _tunnels:
        atexit.register(close_tunnels)
    return _tunnels.setdefault((destination, server), Tunnel(destination, server, name))


def close_tunnels() -> None:
    """End every ssh that was started."""
    tunnels: Sequence[Tunnel] = list(_tunnels.values())
    _tunnels.clear()
    for tunnel in tunnels:
        tunnel.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _connected(port: int) -> socket.socket | None:
    """A connection to a port of this machine; None if nobody listens."""
    # With its protocol, so that asyncio sets TCP_NODELAY.
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    except OSError:
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection
