"""A server of each kind that is found, and a context of the user whose rights ``allow`` sets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.sources.base import Context
from tests.live.each_program import server
from tests.live.limited import config, context, fill

__all__ = ["server"]  # a fixture


@pytest.fixture
def client(server: EmbeddedServer) -> Iterator[redis.Redis]:
    with redis.Redis(port=server.port) as client:
        fill(client)
        yield client


@pytest.fixture
async def limited(server: EmbeddedServer) -> AsyncIterator[Context]:
    """A context of the user whose rights ``allow`` sets."""
    made = context(config(server.port))
    yield made
    await made.deployment.close()
