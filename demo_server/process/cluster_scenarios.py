"""What can be done to the embedded cluster while the application uses it; each can be repeated."""

import itertools
import time
from collections.abc import Callable, Mapping

from demo_server.process.embedded_cluster import EmbeddedCluster

SLOTS_MOVED = 1000
_AWAY = 5.0  # seconds for which a killed server stays away after a replica has taken its place


class ClusterScenarios:
    """Each method returns when it is over, and tells what has happened."""

    def __init__(self, cluster: EmbeddedCluster, away: float = _AWAY) -> None:
        self._cluster = cluster
        self._away = away
        self._turns = itertools.count()

    def by_name(self) -> Mapping[str, Callable[[], str]]:
        """The names under which they are asked for."""
        return {"failover": self.failover, "kill-node": self.kill_node, "reshard": self.reshard}

    def failover(self) -> str:
        """Let a replica take the place of a primary that is well: nothing is lost."""
        cluster = self._cluster
        primary, replica = self._next_pair()
        cluster.failover(replica)
        cluster.wait_until(lambda: cluster.role_of(replica) == "master" and cluster.is_up())
        return f"{self._at(replica)} has taken the place of {self._at(primary)}"

    def kill_node(self) -> str:
        """Kill a primary; its replica takes its place, and it comes back as a replica after a while."""
        cluster = self._cluster
        primary, replica = self._next_pair()
        cluster.kill(primary)
        cluster.wait_until(lambda: cluster.role_of(replica) == "master" and cluster.is_up())
        time.sleep(self._away)
        cluster.restart(primary)
        cluster.wait_until(lambda: cluster.role_of(primary) == "slave" and cluster.is_up())
        return f"{self._at(primary)} was killed, {self._at(replica)} took its place, and it is back as a replica"

    def reshard(self) -> str:
        """Move slots with their keys from the primary that has most of them to the one that has fewest."""
        slots = self._cluster.slots()
        source, target = max(slots, key=lambda one: len(slots[one])), min(slots, key=lambda one: len(slots[one]))
        self._cluster.move_slots(slots[source][:SLOTS_MOVED], source, target)
        return f"{SLOTS_MOVED} slots went from {self._at(source)} to {self._at(target)}"

    def _next_pair(self) -> tuple[int, int]:
        """Return a primary and its replica: another one each time."""
        pairs = self._cluster.pairs()
        return pairs[next(self._turns) % len(pairs)]

    def _at(self, number: int) -> str:
        return f"127.0.0.1:{self._cluster.servers[number].port}"
