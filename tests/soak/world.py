"""A deployment, the demo on it, and what can happen to both and to the way between."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import redis

from demo_server.process.embedded import EmbeddedServer
from demo_server.process.embedded_cluster import EmbeddedCluster
from demo_server.process.embedded_sentinel import EmbeddedSentinel
from tests.live.relay import relay
from tests.soak.faults import STOPPED_S, Fault, LinkFaults, ServerFaults, cluster_faults, sentinel_faults

Kind = Literal["server", "cluster", "sentinel"]
NODE_TIMEOUT_S = 2.0


class World(NamedTuple):
    """Where the demo and the dashboard find Redis, and the faults."""

    url: str
    """For the demo."""
    watched_url: str
    """For the dashboard: perhaps through a relay."""
    faults: Mapping[str, Fault]
    link: LinkFaults | None = None
    clients: Callable[[], Sequence[redis.Redis]] = tuple
    """Those by which the tests themselves ask the servers."""

    def close_own_connections(self) -> None:
        """Close what is not the dashboard's."""
        for client in self.clients():
            client.connection_pool.disconnect()

    @property
    def names(self) -> tuple[str, ...]:
        """All faults."""
        return (*self.faults, *(LinkFaults.NAMES if self.link else ()))


@contextlib.asynccontextmanager
async def world(kind: Kind, chance: random.Random) -> AsyncIterator[World]:
    """Start the servers; they end with the block."""
    if kind == "server":
        with EmbeddedServer() as server:
            faults = ServerFaults(lambda: [server], chance, STOPPED_S).by_name()
            async with relay(server.port) as link:
                yield World(server.url, link.url, faults, LinkFaults(link))
    elif kind == "cluster":
        with EmbeddedCluster(node_timeout=NODE_TIMEOUT_S) as cluster:
            yield World(
                cluster.url, cluster.url, cluster_faults(cluster, chance), clients=lambda: tuple(cluster.clients)
            )
    else:
        with EmbeddedSentinel() as watched:
            yield World(
                watched.url,
                watched.url,
                sentinel_faults(watched, chance),
                clients=lambda: (*watched.clients, *watched.sentinel_clients),
            )
