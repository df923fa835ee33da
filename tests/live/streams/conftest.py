"""An empty server of each kind that is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.live.each_program import server

__all__ = ["server"]  # a fixture


@pytest.fixture
def client(server: EmbeddedServer) -> Iterator[redis.Redis]:
    with redis.Redis(port=server.port) as client:
        client.flushall()
        client.config_resetstat()
        yield client
