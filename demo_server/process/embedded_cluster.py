"""An embedded cluster: private servers on loopback, each primary with a replica, which end with this process."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import redis

from demo_server.process import embedded
from demo_server.process.embedded import EmbeddedServer, EmbeddedServerError, free_port
from demo_server.process.embedded_servers import EmbeddedServers, ask
from demo_server.process.guarded import GuardedFolder

SLOTS = 16384
_ATTEMPTS = 5
_SLOTS_AT_ONCE = 20
_BUS_OFFSET = 10_000  # servers before Redis 7 talk to each other on the port so far above their own


class EmbeddedCluster(EmbeddedServers):
    """Primaries that share the slots evenly, and replicas of them.

    The first servers are the primaries; server `primaries + n` is the replica of server
    `n`. `node_timeout` is how long the others wait before they elect a replica in place of a silent primary.
    """

    together = "the cluster"

    def __init__(
        self,
        primaries: int = 3,
        replicas: int = 3,
        node_timeout: float = 1.5,
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`options` are further settings of each server."""
        super().__init__()
        self._numbers = primaries, replicas
        self._options = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": f"{round(node_timeout * 1000)}",
            "repl-diskless-sync-delay": "0",
            **options,
        }
        self._folder = GuardedFolder()
        self._buses: list[int] = []  # the ports on which they talk to each other
        self._all: list[EmbeddedServer] = []
        self.servers: tuple[EmbeddedServer, ...] = ()
        self.clients: tuple[redis.Redis, ...] = ()  # one for each server, of this server alone

    @property
    def url(self) -> str:
        """The URL of all primaries, for clients that know clusters."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.servers[: self._numbers[0]])
        return f"redis+cluster://{hosts}/0"

    def _start(self) -> None:
        program = embedded.find_server()
        is_old = embedded.major_version(program) < 7
        self._running.enter_context(self._folder)
        self._running.callback(self._stop_servers)
        with ThreadPoolExecutor() as pool:
            started = list(pool.map(lambda _: self._started(program, is_old), range(sum(self._numbers))))
        self.servers, self._buses = tuple(server for server, _ in started), [bus for _, bus in started]
        self.clients = self._clients(self.servers)
        primaries, replicas = self._numbers
        ends = [SLOTS * number // primaries for number in range(primaries + 1)]
        for number, client in enumerate(self.clients):
            ask(client, "CLUSTER SET-CONFIG-EPOCH", number + 1)
            if number < primaries:
                ask(client, "CLUSTER ADDSLOTS", *range(ends[number], ends[number + 1]))
        for server, bus in zip(self.servers[1:], self._buses[1:], strict=True):
            ask(self.clients[0], "CLUSTER MEET", "127.0.0.1", server.port, bus)
        self.wait_until(lambda: all(self._knows_all(client) for client in self.clients))
        for number in range(replicas):
            ask(self.clients[primaries + number], "CLUSTER REPLICATE", self.id_of(number % primaries))
        self.wait_until(self.is_up)

    def _started(self, program: Path, is_old: bool) -> tuple[EmbeddedServer, int]:
        """Return a server that runs, and the port on which it talks to the others. Raises EmbeddedServerError."""
        for attempt in range(1, _ATTEMPTS + 1):
            # Another process may take the ports before the server does.
            port = _port_with_bus() if is_old else None
            bus = free_port() if port is None else port + _BUS_OFFSET
            # The server's memory of the cluster outlives it: it comes back as the node that it was.
            options = {**self._options, "cluster-config-file": str(self._folder.path / f"{bus}.conf")}
            if not is_old:
                options["cluster-port"] = str(bus)
                options["shutdown-timeout"] = "0"  # no primary waits for its replica when all end
            server = EmbeddedServer(port, program, options)
            self._all.append(server)
            try:
                server.start()
            except EmbeddedServerError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return server, bus
        raise AssertionError  # the last attempt returns or raises

    def _knows_all(self, client: redis.Redis) -> bool:
        facts: Mapping[str, str] = ask(client, "CLUSTER INFO")
        return int(facts["cluster_known_nodes"]) == len(self.servers)

    def id_of(self, number: int) -> str:
        """The name that the cluster has for a server."""
        found = ask(self.clients[number], "CLUSTER MYID")
        return found.decode() if isinstance(found, bytes) else str(found)

    def is_up(self) -> bool:
        """Whether each server that runs sees the whole cluster, and each replica has its primary's data."""
        return all(map(_is_up, self._alive()))

    def _alive(self) -> list[redis.Redis]:
        return [client for client, server in zip(self.clients, self.servers, strict=True) if server.is_running]

    def role_of(self, number: int) -> str:
        """`master` or `slave`."""
        return str(self.clients[number].info("replication")["role"])

    def kill(self, number: int) -> None:
        """End a server at once, as a crash does; it is not restarted."""
        os.kill(self.servers[number].pid, signal.SIGKILL)
        self.servers[number].stop()

    def restart(self, number: int) -> None:
        """Start a server that was killed. It is empty, so wait until a replica has taken the place of a primary."""
        self.servers[number].start()

    def owner_of(self, slot: int) -> int:
        """The number of the server that holds a slot, as the first server that runs sees it."""
        for first, last, (_, port, *_), *_ in slots_told(self._alive()[0]):
            if first <= slot <= last:
                return self._number_at(port)
        raise LookupError(slot)

    def _is_primary(self, number: int) -> bool:
        return self.servers[number].is_running and self.role_of(number) == "master"

    def pairs(self) -> list[tuple[int, int]]:
        """Each primary with a replica of it, among the servers that run."""
        roles = {n: one.info("replication") for n, one in enumerate(self.clients) if self.servers[n].is_running}
        return [
            (self._number_at(facts["master_port"]), number)
            for number, facts in roles.items()
            if facts["role"] == "slave"
        ]

    def failover(self, replica: int) -> None:
        """Let a replica take the place of its primary, which waits until it has the last write."""
        ask(self.clients[replica], "CLUSTER FAILOVER")

    def _number_at(self, port: int) -> int:
        return next(number for number, server in enumerate(self.servers) if server.port == port)

    def slots(self) -> dict[int, list[int]]:
        """The slots of each primary, as the first server that runs sees them."""
        found: dict[int, list[int]] = {n: [] for n, _ in enumerate(self.servers) if self._is_primary(n)}
        for first, last, (_, port, *_), *_ in slots_told(self._alive()[0]):
            found.setdefault(self._number_at(port), []).extend(range(first, last + 1))
        return found

    def owners(self) -> list[int]:
        """The number of the server that holds each slot."""
        by_slot = {slot: number for number, slots in self.slots().items() for slot in slots}
        return [by_slot[slot] for slot in range(SLOTS)]

    def move_slot(self, slot: int, target: int) -> None:
        """Move a slot with its keys to another primary."""
        self.move_slots([slot], self.owner_of(slot), target)

    def move_slots(self, slots: Iterable[int], source: int, target: int) -> None:
        """Move slots with their keys, a few at a time, as `valkey-cli --cluster reshard` does it."""
        port = self.servers[target].port
        moving = list(slots)
        for few in (moving[at : at + _SLOTS_AT_ONCE] for at in range(0, len(moving), _SLOTS_AT_ONCE)):
            self._begin_moves(few, source, target)
            for slot in few:
                while keys := ask(self.clients[source], "CLUSTER GETKEYSINSLOT", slot, 100):
                    ask(self.clients[source], "MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", *keys)
            self._end_moves(few, source, target)

    def begin_move(self, slot: int, target: int) -> None:
        """Mark a slot as moving: from now on its keys are on either of the two servers."""
        self._begin_moves([slot], self.owner_of(slot), target)

    def _begin_moves(self, slots: Sequence[int], source: int, target: int) -> None:
        self._set_slots(target, slots, "IMPORTING", self.id_of(source))
        self._set_slots(source, slots, "MIGRATING", self.id_of(target))

    def end_move(self, slot: int, source: int, target: int) -> None:
        """Give a slot, whose keys have been moved, to the other server."""
        self._end_moves([slot], source, target)

    def _end_moves(self, slots: Sequence[int], source: int, target: int) -> None:
        for number in (target, source):
            self._set_slots(number, slots, "NODE", self.id_of(target))

    def _set_slots(self, number: int, slots: Sequence[int], state: str, name: str) -> None:
        """Tell a server about slots, side by side: it answers each time when its replica knows it too."""
        with ThreadPoolExecutor(len(slots)) as pool:
            list(pool.map(lambda slot: ask(self.clients[number], "CLUSTER SETSLOT", slot, state, name), slots))

    def _stop_servers(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(EmbeddedServer.stop, self._all))


def _port_with_bus() -> int:
    """Return a free port with a free one so far above it that servers before Redis 7 use it, too."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError, OverflowError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port + _BUS_OFFSET))
            return port


def _is_up(client: redis.Redis) -> bool:
    facts: Mapping[str, str] = ask(client, "CLUSTER INFO")
    replication = client.info("replication")
    is_synchronised = replication["role"] == "master" or replication.get("master_link_status") == "up"
    return facts["cluster_state"] == "ok" and is_synchronised


def slots_told(client: redis.Redis) -> list[Any]:
    """The reply of CLUSTER SLOTS as the server sends it."""
    with client.client() as alone:  # type: ignore[no-untyped-call]
        alone.response_callbacks.clear()
        found: list[Any] = ask(alone, "CLUSTER SLOTS")
    return found
