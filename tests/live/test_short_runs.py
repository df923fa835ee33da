"""``discover`` and ``snapshot`` beside a dashboard: it says that its hit rate includes their lookups."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.discover import discover
from redis_dash.hub import Hub
from redis_dash.pubsub.presence import UNNOTICED
from redis_dash.snapshot import take
from redis_dash.standard_streams import Talk
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_discovery import sign_in


def cache_of(hub: Hub) -> CacheFrame | None:
    """The frame of the latest poll; no further one is asked for."""
    reading = hub._latest.get("cache")
    return reading.frame if reading else None


def had_others(hub: Hub) -> bool:
    frame = cache_of(hub)
    return frame is not None and frame.had_others


def is_alone(hub: Hub) -> bool:
    frame = cache_of(hub)
    return hub.subscribed and frame is not None and frame.dashboards == 1 and not frame.had_others


@pytest.mark.parametrize("command", ["discover", "snapshot"])
async def test_a_dashboard_notices_a_short_run(redis_url: str, client: redis.Redis, command: str) -> None:
    """The dashboard polls once a second, the run takes a fraction of that."""
    for number in range(50):
        client.set(f"page:{number}", "x")
    async with running(Hub(Config(url=redis_url, refresh_s=1.0))) as hub:
        await until(lambda: is_alone(hub))
        if command == "discover":
            await discover(Config(url=redis_url), as_json=True)
        else:
            await take(Config(url=redis_url), 0.0, ["cache"], io.StringIO())
        frame = cache_of(hub)
        assert frame is not None
        assert frame.had_others
        assert frame.dashboards == 2


async def test_a_run_without_a_dashboard_does_not_wait(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.pubsub.presence.STAY_S", 3600.0)
    await discover(Config(url=redis_url), as_json=True)
    await take(Config(url=redis_url), 0.0, ["cache"], io.StringIO())


async def test_a_run_that_dashboards_cannot_notice_says_so(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., Deployment]
) -> None:
    make_poor()
    client.acl_setuser("poor", enabled=True, reset_channels=True, channels=["orders"])
    told = io.StringIO()
    poor = Config(url=redis_url.replace("redis://", "redis://poor:pw@"), channels=("orders",))
    await discover(poor, as_json=True, talk=Talk(told))
    assert UNNOTICED in told.getvalue()
    await take(poor, 0.0, ["cache"], told := io.StringIO())
    assert UNNOTICED in told.getvalue()
    await discover(Config(url=redis_url), as_json=True, talk=Talk(told := io.StringIO()))
    assert UNNOTICED not in told.getvalue()
    await take(Config(url=redis_url), 0.0, ["cache"], told := io.StringIO())
    assert UNNOTICED not in told.getvalue()


async def test_others_are_remembered_while_the_counters_go_on(redis_url: str, client: redis.Redis) -> None:
    """Also by the watch that begins when further keys are recognised, and when replies were lost."""
    async with running(Hub(Config(url=redis_url, refresh_s=0.1))) as hub:
        await until(lambda: is_alone(hub))
        async with running(Hub(Config(url=redis_url, refresh_s=0.1))) as other:
            await until(lambda: other.subscribed and had_others(hub))
        await until(lambda: (frame := cache_of(hub)) is not None and frame.dashboards == 1)
        before = hub.watch
        for number in range(30):
            sign_in(client, f"user{number}")
        await until(lambda: hub.watch is not before)
        hub._latest.pop("cache")
        await until(lambda: cache_of(hub) is not None)
        assert had_others(hub)
        hub.deployment.nodes[0].own.unsure = True
        hub._latest.pop("cache")
        await until(lambda: cache_of(hub) is not None)
        assert had_others(hub)
        client.config_resetstat()
        await until(lambda: is_alone(hub))
