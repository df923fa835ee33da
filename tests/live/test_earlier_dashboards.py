"""Whether earlier dashboards can be in the server's hit rate: every one of them leaves a trace in INFO commandstats."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.discover import discover
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.versions import knows, needs


@pytest.fixture
def fresh() -> Iterator[EmbeddedServer]:
    """A server that has just started."""
    with EmbeddedServer() as server:
        yield server


async def test_on_a_fresh_server_there_was_none(fresh: EmbeddedServer) -> None:
    with redis.Redis(port=fresh.port) as client:
        client.mget("a", "b")
        leaves_traces = knows(client, 7, 2)  # earlier servers do not tell CLIENT NO-TOUCH from other commands
        frame = await frame_on(fresh.url)
    assert frame.earlier_dashboards is (False if leaves_traces else None)
    assert (frame.hits, frame.misses) == (0, 2)


async def test_after_another_run_it_is_not_known(fresh: EmbeddedServer) -> None:
    await discover(Config(url=fresh.url), as_json=True)
    assert (await frame_on(fresh.url)).earlier_dashboards is None


async def test_one_may_have_gone_on_after_a_reset(fresh: EmbeddedServer) -> None:
    with redis.Redis(port=fresh.port) as client:
        client.config_resetstat()
    assert (await frame_on(fresh.url)).earlier_dashboards is None


async def test_a_user_that_may_not_spare_the_lru_leaves_a_trace_too(fresh: EmbeddedServer) -> None:
    with redis.Redis(port=fresh.port) as client:
        needs(client, 7, 2, what="CLIENT NO-TOUCH")
        client.acl_setuser("poor", True, passwords=["+pw"], commands=["+@all", "-client|no-touch"], keys=["*"])
    await discover(Config(url=fresh.url.replace("redis://", "redis://poor:pw@")), as_json=True)
    assert (await frame_on(fresh.url)).earlier_dashboards is None


async def test_a_reset_that_this_dashboard_sees_removes_them(fresh: EmbeddedServer) -> None:
    await discover(Config(url=fresh.url), as_json=True)
    async with running(Hub(Config(url=fresh.url, refresh_s=0.1))) as hub:
        await until(lambda: latest(hub) is not None)
        with redis.Redis(port=fresh.port) as client:
            client.config_resetstat()
        await until(lambda: (frame := latest(hub)) is not None and frame.since is not None)
        frame = latest(hub)
        assert frame is not None
        assert frame.earlier_dashboards is False


def latest(hub: Hub) -> CacheFrame | None:
    reading = hub._latest.get("cache")
    return reading.frame if reading else None


async def frame_on(url: str) -> CacheFrame:
    """The first frame of a dashboard."""
    async with running(Hub(Config(url=url, refresh_s=0.1))) as hub:
        await until(lambda: latest(hub) is not None)
        frame = latest(hub)
        assert frame is not None
        return frame
