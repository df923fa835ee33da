"""A server without HELLO speaks RESP2 only: it names no keys that are written, and the scan finds them instead."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import redis

from redis_dash.config import Config, Url
from redis_dash.core.commands import RevokeSession
from redis_dash.diagnosis.report import examine
from redis_dash.hub import Hub
from redis_dash.keyspace.client_tracking import ClientTracking
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_hub import FAST, Desk
from tests.live.test_kinds import served
from tests.live.test_sources import accept, sign_in


@pytest.fixture(scope="module")
def resp2_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from served(tmp_path_factory.mktemp("resp2"), "rename-command HELLO ''\nsave ''")


@pytest.fixture
def resp2(resp2_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(resp2_url, protocol=2) as client:
        client.flushall()
        yield client


async def test_every_topic_is_exact_and_follows(resp2_url: str, resp2: redis.Redis) -> None:
    sign_in(resp2, "ann")
    resp2.zadd("leaderboard", {"ann": 1})
    accept(resp2, "10.0.0.1", [1.0])
    async with running(Hub(Config(url=resp2_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.certainty == "exact")
        key = sign_in(resp2, "bob")
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.value == 2)
        await until(lambda: desk.all_are("ok") and len(desk.frame("sessions").rows) == 2)
        assert (desk.frame("rate_limits").count.value, desk.frame("leaderboards").boards[0].size) == (1, 1)
        (bob,) = [row for row in desk.frame("sessions").rows if row.key.reveal() == key]
        revoked = await hub.submit(RevokeSession(bob))
        assert (revoked.result, resp2.exists(key)) == ("deleted", 0)
        assert revoked.undo is not None
        assert (await hub.submit(revoked.undo)).result == "restored"
        assert hub.errors == 0


async def test_no_key_is_tracked(resp2_url: str, resp2: redis.Redis) -> None:
    tracking = ClientTracking(Url(resp2_url), {"sessions": ("session:*",)}, 0.01)
    task = asyncio.create_task(tracking.run())
    try:
        await asyncio.wait_for(tracking.tried.wait(), 30)
        assert not tracking.covers("sessions", float("inf"))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_doctor_misses_no_right(resp2_url: str, resp2: redis.Redis) -> None:
    report = await examine(Config(url=resp2_url))
    assert {right.state for right in report.topics} == {"full"}
