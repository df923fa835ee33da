"""The application's operations, hits and misses do not include our own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info
from redis_dash.config import Config
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.core.frames.server import ServerFrame
from redis_dash.hub import Hub
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.server import ServerSource
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_hub import Desk
from tests.live.test_sources import sign_in

MakeContext = Callable[..., Context]


def total(info: Info) -> int:
    return int(info.values["total_commands_processed"])


@pytest.mark.own_errors(2)
async def test_our_commands_are_counted_as_the_server_counts_them(deployment: Deployment, client: redis.Redis) -> None:
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all", "-zcard"], keys=["*"])
    client.rpush("list", "x")
    before = await deployment.info(max_age_s=-1)
    await deployment.pipeline([(b"GET", b"none"), (b"GET", b"list"), (b"NONSENSE",), (b"PTTL",)] * 3)
    await deployment.pipeline([(b"MULTI",), (b"PTTL", b"a"), (b"GET", b"a"), (b"EXEC",)])
    await deployment.pipeline([(b"MULTI",), (b"NONSENSE",), (b"PTTL", b"a"), (b"EXEC",)])
    async with deployment.nodes[0].exclusive() as exchange:
        await exchange([(b"WATCH", b"a")])
        await exchange([(b"UNWATCH",)])
    deployment.nodes[0].cost._sample_at[b"PTTL"] = 0.0
    await deployment.pipeline([(b"PTTL", b"a")] * 120)
    await deployment.price()
    await deployment.ping_ms()
    after = await deployment.info(max_age_s=-1)
    assert total(after) - total(before) == after.own_commands[0] - before.own_commands[0]
    client.acl_deluser("poor")


async def test_an_idle_server_has_no_operations_and_a_busy_one_has_its_own(redis_url: str, client: redis.Redis) -> None:
    for number in range(500):
        sign_in(client, f"user{number}")
    frames: list[ServerFrame] = []
    hub = Hub(Config(url=redis_url, refresh_s=0.1))

    async with running(hub):
        desk = Desk(hub)

        def seen() -> int:
            desk.statuses()
            reading = desk.latest.get("server")
            if reading and reading.frame and reading.frame.ops_per_s is not None and reading.frame not in frames:
                frames.append(reading.frame)
            return len(frames)

        await until(lambda: desk.all_are("ok") and hub.passes > 1)
        frames.clear()
        await until(lambda: seen() >= 15)
        assert [frame.ops_per_s for frame in frames] == [0.0] * len(frames)
        first = await hub.deployment.info(max_age_s=-1)
        for _ in range(1000):
            client.echo("x")
        last = await hub.deployment.info(max_age_s=-1)
    operations = total(last) - total(first) - (last.own_commands[0] - first.own_commands[0])
    assert operations == pytest.approx(1000, abs=5)


async def test_messages_are_no_operations_of_the_application(redis_url: str, client: redis.Redis) -> None:
    """The subscriber's commands are our own as well."""
    async with running(Hub(Config(url=redis_url, channels=("orders", "payments", "o*"), refresh_s=0.1))) as hub:
        await until(lambda: hub.subscribed)
        listener = hub._subscriber.traffic
        asked = client.info("commandstats")
        assert asked["cmdstat_subscribe"]["calls"] == 3  # the third one lets other dashboards see this one
        assert asked["cmdstat_psubscribe"]["calls"] == 1
        assert listener.run >= 5  # also SETNAME, INFO, and a PING now and then


async def test_a_reset_while_we_look_things_up(make_context: MakeContext, client: redis.Redis) -> None:
    """The application's hit rate is 75 %; ours is 100 %, with far more lookups."""
    client.set("a", "1")
    context = make_context()
    deployment, source = context.deployment, CacheSource(context)

    def application(rounds: int) -> None:
        for _ in range(rounds):
            client.mget("a", "a", "a", "none")

    async def us() -> None:
        await deployment.pipeline([(b"PTTL", b"a")] * 500)

    await source.read()
    rates = []
    for part in range(6):
        await us()
        application(10)
        if part in (2, 4):
            client.config_resetstat()
            application(5)
            await us()
        source._before = source._before._replace(at=0.0) if source._before else None
        await deployment.info(max_age_s=-1)
        frame = (await source.read()).frame
        rates.append(frame.interval_hit_rate)
        assert frame.hit_rate in (None, 0.75)
    assert rates[:2] == [0.75, 0.75]
    assert rates[2] is None
    assert rates[3] == 0.75
    assert rates[4] is None
    assert rates[5] == 0.75


async def test_a_reset_that_the_next_info_does_not_show(
    make_context: MakeContext, redis_url: str, client: redis.Redis
) -> None:
    """Soon after a server's start all counters are higher again at once; the application's hit rate is 75 %."""
    client.set("a", "1")
    context = make_context()
    source = CacheSource(context)
    await source.read()
    await context.deployment.pipeline([(b"PTTL", b"none")] * 60)
    client.config_resetstat()
    for _ in range(20):
        with redis.Redis.from_url(redis_url) as another:
            for _ in range(20):
                another.mget("a", "a", "a", "none")
    await context.deployment.info(max_age_s=-1)
    frame = (await source.read()).frame
    assert frame.hit_rate in (None, 0.75)
    assert frame.since is not None
    client.mget("a", "a", "a", "none")
    await context.deployment.info(max_age_s=-1)
    frame = (await source.read()).frame
    assert (frame.hits, frame.misses) == (3, 1)


async def test_no_interval_has_less_than_no_lookups(make_context: MakeContext, client: redis.Redis) -> None:
    """An empty value counts as missing until it is known to be there."""
    client.mget("none", "none", "none")
    context = make_context()
    source = CacheSource(context)
    await source.read()
    context.deployment.nodes[0].own.count([(b"GETRANGE", b"a", b"0", b"1")], [b""])
    source._before = source._before._replace(at=0.0) if source._before else None  # one interval earlier
    frame = (await source.read()).frame
    assert frame.misses == 2
    assert (frame.interval_hits, frame.interval_misses, frame.interval_hit_rate) == (None, None, None)


async def test_lookups_that_were_cut_off_are_not_the_applications(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("a", "1")
    deployment = make_context().deployment
    await deployment.one(b"GET", b"a")
    before = await deployment.info(max_age_s=-1)
    reading = asyncio.create_task(deployment.pipeline([(b"PTTL", b"a")] * 200))
    await asyncio.sleep(0)
    assert deployment.nodes[0].connection.traffic.in_flight == 200
    deployment.nodes[0].connection.hang_up("cut")
    await asyncio.gather(reading, return_exceptions=True)
    for _ in range(4):
        client.mget("a", "a", "a", "none")

    async def again() -> Info:
        while True:
            try:
                return await deployment.info(max_age_s=-1)
            except Exception:
                await asyncio.sleep(0.05)

    info = await again()
    assert info.application == before.application
    client.mget("a", "none")
    assert (await again()).application == (before.application[0] + 1, before.application[1] + 1)


async def test_a_cancelled_reading_is_counted_all_the_same(deployment: Deployment, client: redis.Redis) -> None:
    client.set("a", "1")
    await deployment.connect()
    reading = asyncio.create_task(deployment.pipeline([(b"PTTL", b"a")] * 200))
    await asyncio.sleep(0)
    assert deployment.nodes[0].connection.traffic.in_flight == 200
    reading.cancel()
    info = await deployment.info(max_age_s=-1)
    assert info.application == (0, 0)
    assert info.own_hits >= 200
    assert deployment.connects == 1


async def test_after_a_reset_the_interval_is_not_known_and_the_total_says_since_when(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("a", "1")
    client.hset("cache:stats:llm", mapping={"hits": 8, "misses": 2})
    context = make_context()
    cache, server = CacheSource(context), ServerSource(context)

    async def read() -> tuple[CacheFrame, ServerFrame]:
        for source in (cache, server):
            source._before = source._before._replace(at=0.0) if source._before else None  # one interval earlier
        return (await cache.read()).frame, (await server.read()).frame

    first, _ = await read()
    assert (first.interval_hits, first.interval_misses, first.since) == (None, None, None)
    assert first.groups[0].interval_lookups is None
    quiet, busy = await read()
    assert (quiet.interval_hits, quiet.interval_misses, quiet.groups[0].interval_lookups) == (0, 0, 0)
    assert busy.ops_per_s is not None
    before = time.time()
    client.config_resetstat()
    client.hset("cache:stats:llm", mapping={"hits": 1, "misses": 0})
    client.mget("a", "none")
    reset, unknown = await read()
    assert (reset.interval_hits, reset.interval_misses, reset.interval_hit_rate) == (None, None, None)
    assert reset.groups[0].interval_lookups is None
    assert (unknown.ops_per_s, unknown.evicted_per_s, unknown.expired_per_s) == (None, None, None)
    client.mget("a", "a", "a", "none")
    after, _ = await read()
    assert (after.interval_hits, after.interval_misses) == (3, 1)
    assert after.since is not None
    assert before <= after.since <= time.time()


async def test_a_server_rejects_while_its_counter_grows(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values are unknown only for a while."""
    context = make_context()
    source, info = ServerSource(context), await context.deployment.info()
    clock, rejected, began = [1000.0], ["7"], [info.began]
    monkeypatch.setattr("redis_dash.sources.server.time.time", lambda: clock[0])

    async def now(max_age_s: float = 0.4) -> Info:
        values = {**info.values, "rejected_connections": rejected[0], "evicted_keys": rejected[0]}
        return info._replace(values=values, began=began[0])

    monkeypatch.setattr(context.deployment, "info", now)

    async def read() -> tuple[int | None, float | None, float | None]:
        frame = (await source.read()).frame
        return frame.rejected_connections, frame.rejecting_since, frame.evicting_since

    assert await read() == (7, None, None)
    for at, value in ((1001.0, "8"), (1005.0, "8"), (1009.0, "9"), (1018.0, "9")):
        clock[0], rejected[0] = at, value
        assert await read() == (int(value), 1001.0, 1001.0)
    clock[0] = 1019.5
    assert await read() == (9, None, None)
    rejected[0] = "0"  # the counters were reset
    assert await read() == (0, None, None)
    rejected[0], began[0] = "5000", info.began + 1  # those of a primary that was missing
    assert await read() == (5000, None, None)
    assert await read() == (5000, None, None)
