"""Two servers as the nodes of one deployment; a simple rule says which of them holds a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zlib import crc32

import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Node
from redis_dash.config import Config, Url
from redis_dash.core.known_ids import KnownIds
from redis_dash.demo import CONFIGURATION
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources import key_groups
from redis_dash.sources.base import Context


def by_checksum(key: bytes) -> int:
    """The place of the node that holds a key."""
    return crc32(key) % 2


class TwoNodes:
    """The servers, a client of each as the application has them, and the deployment."""

    def __init__(self, servers: tuple[EmbeddedServer, EmbeddedServer], place: Callable[[bytes], int]) -> None:
        self.servers = servers
        self.clients = tuple(redis.Redis(port=server.port) for server in servers)
        self.urls = tuple(Url(server.url) for server in servers)
        self.place = place

    def deployment(self) -> Deployment:
        """Both nodes behind one deployment."""
        return Deployment(self.urls[0], [Node(url) for url in self.urls], self.place)

    def client_of(self, key: str | bytes) -> redis.Redis:
        """The client of the node that holds a key."""
        return self.clients[self.place(key if isinstance(key, bytes) else key.encode())]

    def total(self, field: str) -> int:
        """A counter of INFO, of both."""
        return sum(int(client.info()[field]) for client in self.clients)

    def context(self, deployment: Deployment, **settings: object) -> Context:
        """What sources share; the scan runs only when a test calls ``pass_over``."""
        config = Config(url=self.servers[0].url, **(CONFIGURATION | settings))
        keyspace = Keyspace(deployment, key_groups(config), config.budget, config.refresh_s)
        subscriber = Subscriber(deployment.url, config.channels, MessageRing())
        tracking = ClientTracking(deployment.url, {}, config.budget)
        return Context(config, deployment, keyspace, subscriber, tracking, KnownIds())


@contextmanager
def two_nodes(place: Callable[[bytes], int] = by_checksum) -> Iterator[TwoNodes]:
    """Run two servers."""
    with EmbeddedServer() as one, EmbeddedServer() as other:
        both = TwoNodes((one, other), place)
        yield both
        for client in both.clients:
            client.close()
