"""Random faults of a deployment; each ends by itself, and tells what it was."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence

import psutil
import redis

from demo_server.process.cluster_scenarios import ClusterScenarios
from demo_server.process.embedded import EmbeddedServer
from demo_server.process.embedded_cluster import EmbeddedCluster
from demo_server.process.embedded_sentinel import EmbeddedSentinel
from demo_server.process.sentinel_scenarios import SentinelScenarios
from tests.live.relay import Relay

Fault = Callable[[], str]
Servers = Callable[[], Sequence[EmbeddedServer]]
AWAY_S = 1.0
"""How long a killed server stays away after a replica has taken its place."""
STOPPED_S, SHORTLY_S = 3.0, 0.8
"""How long a server is stopped; shortly, where the others would take it for dead."""


class ServerFaults:
    """What can happen to one server on which data is."""

    def __init__(
        self, servers: Callable[[], Sequence[EmbeddedServer]], chance: random.Random, stopped_s: float
    ) -> None:
        """``servers`` returns those that run."""
        self._servers = servers
        self._chance = chance
        self._stopped_s = stopped_s

    def by_name(self) -> Mapping[str, Fault]:
        """All of them."""
        return {
            "stopped": self.stop,
            "clients killed": self.kill_clients,
            "clients paused": self.pause_clients,
            "sleeps": self.sleep,
            "statistics reset": self.reset_statistics,
            "listeners killed": self.kill_listeners,
        }

    def stop(self) -> str:
        """SIGSTOP, and SIGCONT after a while."""
        process = psutil.Process(self._chance.choice(self._servers()).pid)
        process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(self._stopped_s)
        finally:
            process.send_signal(signal.SIGCONT)
        return f"for {self._stopped_s:g} s"

    def kill_clients(self) -> str:
        """CLIENT KILL of all ordinary connections."""
        return self._ask("CLIENT", "KILL", "TYPE", "normal")

    def kill_listeners(self) -> str:
        """CLIENT KILL of all subscribers."""
        return self._ask("CLIENT", "KILL", "TYPE", "pubsub")

    def pause_clients(self) -> str:
        """CLIENT PAUSE."""
        return self._ask("CLIENT", "PAUSE", int(1000 * self._stopped_s))

    def sleep(self) -> str:
        """DEBUG SLEEP: the server answers nobody."""
        return self._ask("DEBUG", "SLEEP", self._stopped_s)

    def reset_statistics(self) -> str:
        """CONFIG RESETSTAT."""
        return self._ask("CONFIG", "RESETSTAT")

    def _ask(self, *command: object) -> str:
        server = self._chance.choice(self._servers())
        with redis.Redis(port=server.port, socket_timeout=20) as client, contextlib.suppress(redis.RedisError):
            client.execute_command(*command)
        return f"port {server.port}"


class LinkFaults:
    """What can happen between the dashboard and a server. To be called in the relay's event loop."""

    NAMES = ("slow", "thin", "away", "swallowed", "garbage", "broken replies", "reset", "silent")

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def begin(self, name: str) -> Callable[[], None]:
        """Begin a fault; the function that is returned ends it."""
        relay = self._relay
        settings: Mapping[str, tuple[str, object]] = {
            "slow": ("delay_s", 0.3),
            "thin": ("bytes_per_s", 20_000.0),
            "away": ("away", True),
            "swallowed": ("swallows", True),
            "garbage": ("garbage", b"\x00\xff?\r\n"),
            "broken replies": ("breaks", "reset"),
        }
        if name == "reset":
            relay.reset()
        elif name == "silent":
            relay.cut()
        else:
            attribute, value = settings[name]
            before = getattr(relay, attribute)
            setattr(relay, attribute, value)
            if name in ("away", "swallowed"):
                relay.reset()
            return lambda: setattr(relay, attribute, before)
        return lambda: None


def cluster_faults(cluster: EmbeddedCluster, chance: random.Random) -> Mapping[str, Fault]:
    """The faults of a cluster."""

    def primaries() -> list[EmbeddedServer]:
        return [cluster.servers[primary] for primary, _ in cluster.pairs()]

    scenarios = ClusterScenarios(cluster, AWAY_S)
    return {**ServerFaults(primaries, chance, SHORTLY_S).by_name(), **scenarios.by_name()}


def sentinel_faults(watched: EmbeddedSentinel, chance: random.Random) -> Mapping[str, Fault]:
    """The faults of servers that sentinels watch."""

    def primaries() -> list[EmbeddedServer]:
        return [watched.servers[watched.primary()]]

    def lose_a_sentinel() -> str:
        number = chance.randrange(len(watched.sentinels))
        watched.kill_sentinel(number)
        time.sleep(AWAY_S)
        watched.restart_sentinel(number)
        return f"number {number}"

    scenarios = SentinelScenarios(watched, AWAY_S)
    return {
        **ServerFaults(primaries, chance, SHORTLY_S).by_name(),
        **scenarios.by_name(),
        "sentinel killed": lose_a_sentinel,
    }
