"""The embedded deployments as the acts need them."""

from __future__ import annotations

from demo_server.process.embedded_cluster import EmbeddedCluster
from demo_server.process.embedded_sentinel import EmbeddedSentinel


class ClusterServers:
    """A cluster that loses one primary after the other."""

    missing = "2 of 3 primaries"

    def __init__(self, cluster: EmbeddedCluster) -> None:
        self._cluster = cluster
        self._pair = (0, 0)
        self._turn = 0

    def kill(self) -> None:
        """Kill a primary."""
        pairs = self._cluster.pairs()
        self._pair = pairs[self._turn % len(pairs)]
        self._turn += 1
        self._cluster.kill(self._pair[0])

    def is_promoted(self) -> bool:
        """Whether its replica has taken its place, as all others see it."""
        return self._cluster.role_of(self._pair[1]) == "master" and self._cluster.is_up()

    def restore(self) -> None:
        """Start it again; returns when it is a replica."""
        self._cluster.restart(self._pair[0])
        self._cluster.wait_until(lambda: self._cluster.role_of(self._pair[0]) == "slave" and self._cluster.is_up())


class SentinelServers:
    """Two servers of which sentinels make one the primary."""

    missing = ""

    def __init__(self, watched: EmbeddedSentinel) -> None:
        self._watched = watched
        self._killed = 0

    def kill(self) -> None:
        """Kill the primary."""
        self._killed = self._watched.primary()
        self._watched.kill(self._killed)

    def is_promoted(self) -> bool:
        """Whether the sentinels agree on the other one."""
        return self._watched.agree_on(1 - self._killed)

    def restore(self) -> None:
        """Start it again; returns when it is a replica."""
        self._watched.restart(self._killed)
        self._watched.wait_until(self._watched.is_up)
