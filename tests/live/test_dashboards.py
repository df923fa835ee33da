"""Several dashboards on one server: each reports that its values include the lookups of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.core.reading import Reading
from redis_dash.hub import Hub
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.other_dashboards import Dashboards
from tests.conftest import until, until_async
from tests.live.conftest import running
from tests.live.versions import knows

MakeContext = Callable[..., Context]


async def test_another_dashboard_on_the_same_server_is_reported(redis_url: str, client: redis.Redis) -> None:
    """Its lookups cannot be distinguished from the application's."""
    first, second = Hub(Config(url=redis_url, refresh_s=0.1)), Hub(Config(url=redis_url, refresh_s=0.1))

    async def cache_of(hub: Hub) -> Reading[CacheFrame]:
        return next(reading for reading in await hub.read_all() if reading.topic == "cache")

    async def is_alone() -> bool:
        return (await cache_of(first)).status == "ok"

    async def is_not_alone() -> bool:
        reading = await cache_of(first)
        return reading.status == "reduced" and "another dashboard watches this server" in reading.note

    async with running(first):
        await until(lambda: first.subscribed)
        assert await is_alone()
        async with running(second):
            await until_async(is_not_alone)
            server = next(reading for reading in await first.read_all() if reading.topic == "server")
            assert server.frame is not None
            assert server.frame.other_dashboards == 1
        await until_async(is_alone)


async def test_a_dashboard_that_has_left_is_still_in_the_rates(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("redis_dash.sources.other_dashboards.time", SimpleNamespace(monotonic=lambda: now))
    context = make_context(refresh_s=1.0)
    told: list[str] = []
    context.read_soon = told.append
    context.subscriber.announced = True
    source, listening = CacheSource(context), 2

    async def by_channel(dashboards: Dashboards, *, ours: bool) -> int:
        return listening - ours

    monkeypatch.setattr(Dashboards, "_by_channel", by_channel)
    assert (await source.read()).frame.dashboards == 2
    assert told == ["server"]
    listening = 1
    now += 1
    frame = (await source.read()).frame
    assert (frame.dashboards, context.other_dashboards, frame.had_others) == (2, 1, True)
    now += 2
    frame = (await source.read()).frame
    assert (frame.dashboards, context.other_dashboards, frame.had_others) == (1, 0, True)
    assert told == ["server", "server"]


@pytest.mark.parametrize(("channels", "commands"), [(["orders"], []), (["*"], ["-pubsub"])])
async def test_another_dashboard_is_reported_where_the_channel_is_not_allowed(
    redis_url: str,
    client: redis.Redis,
    make_poor: Callable[..., Deployment],
    monkeypatch: pytest.MonkeyPatch,
    channels: Iterable[str],
    commands: Iterable[str],
) -> None:
    """Neither sees the other on the channel; a third one, which may use it, sees both."""
    monkeypatch.setattr("redis_dash.sources.other_dashboards.LIST_EVERY_S", 0.1)
    monkeypatch.setattr("redis_dash.sources.other_dashboards.LIST_AGAIN_S", 0.1)
    make_poor()
    client.acl_setuser("poor", enabled=True, reset_channels=True, channels=channels, commands=commands)
    poor = Config(url=redis_url.replace("redis://", "redis://poor:pw@"), channels=("orders",), refresh_s=0.1)
    others = {
        2: "another dashboard watches this server: its lookups are in the hit rate",
        3: "2 other dashboards watch this server: their lookups are in the hit rate",
    }
    first, second, third = Hub(poor), Hub(poor), Hub(Config(url=redis_url, refresh_s=0.1))

    async def shows(hub: Hub, *, dashboards: int) -> bool:
        reading = next(reading for reading in await hub.read_all() if reading.topic == "cache")
        is_reduced = reading.status == "reduced" and others.get(dashboards, "-") in reading.note
        return reading.frame is not None and (reading.frame.dashboards, is_reduced) == (dashboards, dashboards > 1)

    async with running(first):
        await until(lambda: first.subscribed)
        await until_async(lambda: shows(first, dashboards=1))
        async with running(second), running(third):
            await until(lambda: second.subscribed and third.subscribed)
            for hub in (first, second, third):
                await until_async(lambda hub=hub: shows(hub, dashboards=3))  # type: ignore[misc]
        await until_async(lambda: shows(first, dashboards=1))


async def test_where_other_dashboards_cannot_be_looked_for_that_is_reported(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., Deployment]
) -> None:
    make_poor("-client|list")
    client.acl_setuser("poor", enabled=True, reset_channels=True, channels=["orders"])
    config = Config(url=redis_url.replace("redis://", "redis://poor:pw@"), channels=("orders",), refresh_s=0.1)
    async with running(Hub(config)) as hub:
        await until(lambda: hub.subscribed)
        reading = next(reading for reading in await hub.read_all() if reading.topic == "cache")
        assert reading.frame is not None
        assert (reading.status, reading.frame.dashboards) == ("reduced", None)
        server = next(reading for reading in await hub.read_all() if reading.topic == "server")
        assert server.frame is not None
        assert server.frame.other_dashboards is None
        exported: Any = reading.frame.exported()
        assert (exported["dashboards"], exported["had_others"]) == (None, None)
        assert "other dashboards cannot be detected" in reading.note


def calls_of_list(client: redis.Redis) -> int:
    """How often CLIENT LIST was run; before Redis 7 all subcommands are counted together."""
    name = "cmdstat_client|list" if knows(client, 7) else "cmdstat_client"
    return int(client.info("commandstats").get(name, {"calls": 0})["calls"])


async def test_a_reading_does_not_list_the_clients_of_a_busy_server(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLIENT LIST costs the server a microsecond per client."""
    monkeypatch.setattr("redis_dash.sources.other_dashboards.MOST_CLIENTS", 0)
    context = make_context()
    context.subscriber.announced = True
    frame = (await CacheSource(context).read()).frame
    assert frame.dashboards == 1  # of those that may use the channel
    before = calls_of_list(client)
    assert before == 0 or not knows(client, 7)
    await CacheSource(context).read()
    assert calls_of_list(client) == before
    monkeypatch.setattr("redis_dash.sources.other_dashboards.MOST_CLIENTS", 1000)
    source = CacheSource(context)
    for _ in range(20):
        await source.read()
    of_others = 0 if knows(client, 7) else 1  # CLIENT ID
    assert calls_of_list(client) == before + 1 + of_others
