"""Embedded sentinels: a private primary, its replicas and the sentinels that watch them, ended with this process."""

import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import redis

from demo_server.process.embedded import EmbeddedServer
from demo_server.process.embedded_servers import EmbeddedServers, ask

NAME = "mymaster"
"""What the sentinels call the primary."""
_OPTIONS = {"repl-diskless-sync-delay": "0"}
_PERIODS = ("INFO-PERIOD", 1000, "PUBLISH-PERIOD", 500, "TILT-PERIOD", 2000, "MIN-LINK-RECONNECT-PERIOD", 1000)


class EmbeddedSentinel(EmbeddedServers):
    """A primary with replicas, and sentinels that put a replica in its place when it is down.

    Server 0 is the primary at first. `down_after` is how long a silent primary is waited for: on a busy machine a short
    time brings failovers without a cause. `failover_timeout` is how long a failover may take before another one is
    tried. Both are in seconds.
    """

    together = "the sentinels"

    def __init__(
        self,
        replicas: int = 1,
        sentinels: int = 3,
        down_after: float = 2.0,
        failover_timeout: float = 3.0,
        options: Mapping[str, str] = MappingProxyType({}),
        program: Path | None = None,
    ) -> None:
        """`options` are further settings of the primary and its replicas; `program` as for the embedded server."""
        super().__init__()
        self._program = program
        self._numbers = 1 + replicas, sentinels
        self._options = {**_OPTIONS, **options}
        self._patience = down_after, failover_timeout
        self.servers: tuple[EmbeddedServer, ...] = ()
        self.sentinels: tuple[EmbeddedServer, ...] = ()
        self.clients: tuple[redis.Redis, ...] = ()  # one for each server
        self.sentinel_clients: tuple[redis.Redis, ...] = ()  # one for each sentinel

    @property
    def url(self) -> str:
        """The URL of all sentinels, for clients that ask them for the primary."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{NAME}/0"

    @property
    def quorum(self) -> int:
        """How many sentinels must agree that the primary is down."""
        return self._numbers[1] // 2 + 1

    def _start(self) -> None:
        servers, sentinels = self._numbers
        with ThreadPoolExecutor() as pool:
            started = list(pool.map(self._started, [False] * servers + [True] * sentinels))
        self.servers, self.sentinels = tuple(started[:servers]), tuple(started[servers:])
        self.clients, self.sentinel_clients = self._clients(self.servers), self._clients(self.sentinels)
        for client in self.clients[1:]:
            ask(client, "REPLICAOF", "127.0.0.1", self.servers[0].port)
        self.wait_until(lambda: all(map(_is_synchronised, self.clients)))
        for client in self.sentinel_clients:
            self._monitor(client, 0)
        self.wait_until(self.is_up)

    def _started(self, is_sentinel: bool) -> EmbeddedServer:
        options = {} if is_sentinel else self._options
        server = EmbeddedServer(program=self._program, options=options, is_sentinel=is_sentinel)
        self._running.callback(server.stop)
        server.start()
        return server

    def _monitor(self, client: redis.Redis, primary: int) -> None:
        down_after, failover_timeout = (round(seconds * 1000) for seconds in self._patience)
        with suppress(redis.ResponseError):  # Redis before 7.0 does not know it
            ask(client, "SENTINEL", "DEBUG", *_PERIODS)
        ask(client, "SENTINEL", "MONITOR", NAME, "127.0.0.1", self.servers[primary].port, self.quorum)
        settings = ("down-after-milliseconds", down_after, "failover-timeout", failover_timeout)
        ask(client, "SENTINEL", "SET", NAME, *settings)

    # -- what there is -----------------------------------------------------------------------------------------------

    def is_up(self) -> bool:
        """Whether all sentinels that run know the same primary, each other, and each replica that runs."""
        sentinels, servers = self._alive(self.sentinels), self._alive(self.servers)
        facts = [_facts(self.sentinel_clients[number]) for number in sentinels]
        if len({one["port"] for one in facts}) != 1 or len(sentinels) < self.quorum:
            return False
        others = (
            all(one["num-other-sentinels"] >= len(sentinels) - 1 for one in facts)
            and all(one["num-slaves"] >= len(servers) - 1 for one in facts)
            and not any(one["is_sdown"] or one["is_odown"] for one in facts)
        )
        primary = self.primary()
        return others and primary in servers and all(self._follows(number, primary) for number in servers)

    def _follows(self, number: int, primary: int) -> bool:
        facts = self.clients[number].info("replication")
        if number == primary:
            return bool(facts["role"] == "master")
        is_its = facts.get("master_port") == self.servers[primary].port
        return is_its and facts.get("master_link_status") == "up"

    def _alive(self, servers: tuple[EmbeddedServer, ...]) -> list[int]:
        return [number for number, server in enumerate(servers) if server.is_running]

    def primary(self, sentinel: int | None = None) -> int:
        """The number of the server that a sentinel calls the primary: the first one that runs, if none is named."""
        asked = self._alive(self.sentinels)[0] if sentinel is None else sentinel
        port = _facts(self.sentinel_clients[asked])["port"]
        return next(number for number, server in enumerate(self.servers) if server.port == port)

    def agree_on(self, number: int) -> bool:
        """Whether all sentinels that run call this server the primary, and it is one: the failover is over."""
        told = {self.primary(sentinel) for sentinel in self._alive(self.sentinels)}
        return told == {number} and self.role_of(number) == "master"

    def role_of(self, number: int) -> str:
        """`master` or `slave`, as the server itself tells it."""
        return str(self.clients[number].info("replication")["role"])

    # -- what can happen to it ---------------------------------------------------------------------------------------

    def failover(self) -> None:
        """Let a replica take the place of a primary that is well; returns when it has begun. Raises TimeoutError."""
        self.wait_until(self._fails_over)

    def _fails_over(self) -> bool:
        """Whether a sentinel begins it: none does soon after another failover, when it knows no replica well enough."""
        try:
            ask(self.sentinel_clients[self._alive(self.sentinels)[0]], "SENTINEL", "FAILOVER", NAME)
        except redis.ResponseError as error:
            if not str(error).startswith(("NOGOODSLAVE", "INPROG")):
                raise
            return False
        return True

    def kill(self, number: int) -> None:
        """End a server at once, as a crash does."""
        _kill(self.servers[number])

    def kill_sentinel(self, number: int) -> None:
        """End a sentinel at once, as a crash does."""
        _kill(self.sentinels[number])

    def restart(self, number: int) -> None:
        """Start a server that has ended, on the same port, empty: the sentinels make it a replica of the primary.

        Wait for `agree_on` another one first, since else this one may stay the primary, empty.
        """
        self.servers[number].start()

    def restart_sentinel(self, number: int) -> None:
        """Start a sentinel that has ended, on the same port; it watches the primary that the others know.

        Without others it watches the server that runs as a primary.
        """
        others, servers = self._alive(self.sentinels), self._alive(self.servers)
        primary = self.primary(others[0]) if others else next(n for n in servers if self.role_of(n) == "master")
        self.sentinels[number].start()
        self._monitor(self.sentinel_clients[number], primary)

    def pause(self, number: int) -> None:
        """Stop a server without ending it: it keeps its connections, and does not answer."""
        os.kill(self.servers[number].pid, signal.SIGSTOP)

    def resume(self, number: int) -> None:
        """Let a paused server go on."""
        os.kill(self.servers[number].pid, signal.SIGCONT)


def _kill(server: EmbeddedServer) -> None:
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


def _facts(client: redis.Redis) -> Mapping[str, Any]:
    """What a sentinel knows of the primary."""
    found = client.sentinel_master(NAME)
    assert isinstance(found, dict)
    return found


def _is_synchronised(client: redis.Redis) -> bool:
    facts = client.info("replication")
    return bool(facts["role"] == "master" or facts.get("master_link_status") == "up")
