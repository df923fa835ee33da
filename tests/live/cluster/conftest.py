"""One cluster for the tests that leave it whole, and one for each test that does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo_server.process.embedded_cluster import EmbeddedCluster
from tests.live.cluster.keys import Application

NODE_TIMEOUT_S = 1.0


@pytest.fixture(scope="package")
def shared_cluster() -> Iterator[EmbeddedCluster]:
    with EmbeddedCluster(node_timeout=NODE_TIMEOUT_S) as cluster:
        yield cluster


@pytest.fixture
def app(shared_cluster: EmbeddedCluster) -> Application:
    """An application on a cluster that stays whole, emptied."""
    application = Application(shared_cluster)
    application.clear()
    return application


@pytest.fixture
def fragile() -> Iterator[Application]:
    """An application on a cluster whose servers may be killed."""
    with EmbeddedCluster(node_timeout=NODE_TIMEOUT_S) as cluster:
        yield Application(cluster)
