"""Several embedded servers that belong together; they start and end as one."""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, ClassVar

import redis

from demo_server.process.embedded import EmbeddedServer
from demo_server.process.guarded import Startable

_READY_TIMEOUT = 30.0  # seconds
_POLL = 0.02  # seconds


class EmbeddedServers(Startable):
    """A synchronous context manager; a subclass says in `_start` which servers there are."""

    together: ClassVar[str] = "the servers"

    def __init__(self) -> None:
        self._running = ExitStack()  # what is ended by `stop`

    def _start(self) -> None:
        """Start everything; what is started is put on `_running`."""
        raise NotImplementedError

    def start(self) -> None:
        """Start everything; returns when all is up. Raises EmbeddedServerError or TimeoutError."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything."""
        self._running.close()

    def wait_until(self, condition: Callable[[], bool], within: float = _READY_TIMEOUT) -> None:
        """Return when a condition holds. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{self.together} did not get there in time")
            time.sleep(_POLL)

    def _clients(self, servers: Iterable[EmbeddedServer]) -> tuple[redis.Redis, ...]:
        """One client for each server, of this server alone."""
        clients = tuple(redis.Redis(port=server.port, socket_timeout=5) for server in servers)
        for client in clients:
            self._running.callback(client.close)
        return clients


def ask(client: redis.Redis, *command: object) -> Any:
    """Run a command for which the client has no method."""
    return client.execute_command(*command)  # type: ignore[no-untyped-call]
