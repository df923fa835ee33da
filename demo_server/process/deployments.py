"""The Redis of a demo: one embedded server, a cluster, or a primary with sentinels."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from demo_server.process.embedded import EmbeddedServer
from demo_server.process.guarded import GuardedFolder

Kind = Literal["server", "cluster", "sentinel"]

_NODE_TIMEOUT = 2.0  # seconds until the others take a silent node for dead


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a Redis is, and what can be done to it."""

    url: str
    folder: Path | None = None  # for files of the demo; None: it has to find a place itself
    scenarios: Mapping[str, Callable[[], str]] = field(default_factory=dict)  # they take time, and return what happened
    description: str = ""


def start_embedded(kind: Kind, stack: ExitStack) -> Deployment:
    """Start a deployment that ends with the stack. Raises EmbeddedServerError."""
    if kind == "server":
        server = stack.enter_context(EmbeddedServer())
        return Deployment(server.url, server.folder, description=f"{server.version} answers on 127.0.0.1:{server.port}")
    folder = stack.enter_context(GuardedFolder()).path
    return (_cluster if kind == "cluster" else _sentinel)(stack, folder)


def _cluster(stack: ExitStack, folder: Path) -> Deployment:
    # These import a client, which takes longer than one server takes to start.
    from demo_server.process.cluster_scenarios import ClusterScenarios
    from demo_server.process.embedded_cluster import EmbeddedCluster

    cluster = stack.enter_context(EmbeddedCluster(node_timeout=_NODE_TIMEOUT))
    scenarios = ClusterScenarios(cluster)
    ports = ", ".join(str(server.port) for server in cluster.servers)
    description = f"{cluster.servers[0].version}: three primaries and their replicas answer on the ports {ports}"
    return Deployment(cluster.url, folder, scenarios.by_name(), description)


def _sentinel(stack: ExitStack, folder: Path) -> Deployment:
    from demo_server.process.embedded_sentinel import EmbeddedSentinel
    from demo_server.process.sentinel_scenarios import SentinelScenarios

    watched = stack.enter_context(EmbeddedSentinel())
    ports = ", ".join(str(server.port) for server in watched.servers)
    sentinels = ", ".join(str(sentinel.port) for sentinel in watched.sentinels)
    description = (
        f"{watched.servers[0].version}: a primary and its replica answer on the ports {ports}, sentinels on {sentinels}"
    )
    return Deployment(watched.url, folder, SentinelScenarios(watched).by_name(), description)
