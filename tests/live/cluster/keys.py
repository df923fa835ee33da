"""What an application keeps in a cluster, and the truth about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import redis

from demo_server.process.embedded_cluster import EmbeddedCluster
from redis_dash.client.cluster.slots import slot_of

USERS = [f"user{number}" for number in range(60)]


class Application:
    """Writes to the primary of each key."""

    def __init__(self, cluster: EmbeddedCluster) -> None:
        self.cluster = cluster
        self._owners: dict[int, int] = {}

    def client_of(self, key: str) -> redis.Redis:
        """The client of the server that holds a key."""
        slot = slot_of(key.encode())
        return self.cluster.clients[self.cluster.owner_of(slot)]

    def number_of(self, key: str) -> int:
        """The number of the server that holds a key."""
        return self.cluster.owner_of(slot_of(key.encode()))

    def clear(self) -> None:
        """Delete everything."""
        for number, server in enumerate(self.cluster.servers):
            if server.is_running and self.cluster.role_of(number) == "master":
                self.cluster.clients[number].flushall()
                self.cluster.clients[number].config_resetstat()

    def sign_in(self, users: Iterable[str], key_of: Callable[[str], str] | None = None) -> None:
        """Begin a session of each user."""
        for user in users:
            key = (key_of or session_key)(user)
            value = json.dumps({"email": f"{user}@example.com", "role": "user", "created_at": 1.7e9})
            self.client_of(key).set(key, value, ex=86_400)


def session_key(user: str) -> str:
    """The key of a user's session."""
    return f"session:{user}-0123456789-0123456789"
