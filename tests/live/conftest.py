"""Fixtures for sources on the private server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.known_ids import KnownIds
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources import key_groups, tracked
from redis_dash.sources.base import Context
from tests.live.versions import removable


@pytest.fixture(autouse=True)
def _no_own_errors(no_own_errors: None) -> None:
    """Use it in every test of this folder."""


@pytest.fixture
async def deployment(redis_url: str) -> AsyncIterator[Deployment]:
    """A deployment that connects at its first use."""
    deployment = Deployment(Url(redis_url))
    yield deployment
    await deployment.close()


@pytest.fixture
def make_context(redis_url: str, deployment: Deployment) -> Callable[..., Context]:
    """Makes contexts with the limits and caches of the demo; the scan runs only when a test calls ``pass_over``."""

    def make(**settings: object) -> Context:
        config = Config(url=redis_url, **(CONFIGURATION | settings))
        keyspace = Keyspace(deployment, key_groups(config), config.budget, config.refresh_s)
        subscriber = Subscriber(Url(redis_url), config.channels, MessageRing())
        tracking = ClientTracking(Url(redis_url), tracked(config), config.budget)
        return Context(config, deployment, keyspace, subscriber, tracking, KnownIds())

    return make


@contextlib.asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[Hub]:
    """Run a hub."""
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def make_poor(redis_url: str, client: redis.Redis) -> AsyncIterator[Callable[..., Deployment]]:
    """Makes deployments whose user may not run some commands."""
    made: list[Deployment] = []

    def make(*without: str) -> Deployment:
        commands = ["+@all", *removable(client, without)]
        client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=commands, keys=["*"])
        made.append(Deployment(Url(redis_url.replace("redis://", "redis://poor:pw@"))))
        return made[-1]

    yield make
    for deployment in made:
        await deployment.close()
    client.acl_deluser("poor")
