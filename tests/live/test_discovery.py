"""Keys of frameworks are recognised without configuration, at the start and later."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash import watches
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, LimitPattern
from redis_dash.core.commands import FullPass
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.reading import AnyReading
from redis_dash.dialects.layout import Layout, recognise
from redis_dash.dialects.registry import layouts
from redis_dash.discovery import adopt
from redis_dash.discovery.samples import read_samples
from redis_dash.hub import Hub
from redis_dash.keyspace import learning
from redis_dash.sources.base import Context
from tests.conftest import until, until_async
from tests.live.conftest import running
from tests.live.relay import relay

MakeContext = Callable[..., Context]
EXPRESS = "Express (connect-redis)"


def sign_in(client: redis.Redis, name: str, prefix: str = "sess:") -> str:
    """A session as connect-redis writes it."""
    session_id = secrets.token_urlsafe(24)
    value = {"cookie": {"originalMaxAge": 3_600_000, "httpOnly": True, "path": "/"}, "user": {"email": name}}
    client.set(f"{prefix}{session_id}", json.dumps(value), ex=3600)
    return session_id


async def reading(hub: Hub, topic: str) -> AnyReading:
    return next(one for one in await hub.read_all() if one.topic == topic)


async def users(hub: Hub) -> set[tuple[str, str]]:
    frame = (await reading(hub, "sessions")).frame
    return {(row.user, row.dialect) for row in frame.rows} if isinstance(frame, SessionsFrame) else set()


async def test_sessions_and_limits_of_frameworks_are_shown_without_configuration(
    redis_url: str, client: redis.Redis
) -> None:
    for name in ("ann", "bob"):
        sign_in(client, name, "shop:sess:")
        client.set(f"rl:203.0.113.{len(name)}", 3, px=60_000)
    for number in range(200):
        client.set(f"product:{number}", "x")
    async with running(hub := Hub(Config(url=redis_url))):
        await until(lambda: hub.passes > 0)
        sessions, limits = await reading(hub, "sessions"), await reading(hub, "rate_limits")
    assert isinstance(sessions.frame, SessionsFrame)
    assert isinstance(limits.frame, RateLimitsFrame)
    assert {(row.user, row.dialect) for row in sessions.frame.rows} == {("ann", EXPRESS), ("bob", EXPRESS)}
    assert [(one.keys, one.is_certain) for one in sessions.frame.formats] == [("shop:sess:" + 32 * "?", True)]
    assert (sessions.frame.count.value, sessions.frame.count.certainty) == (2, "exact")
    assert [(row.identity, row.used, row.limit) for row in limits.frame.rows] == [("203.0.113.3", 3, None)]


async def test_other_keys_of_the_same_prefix_are_no_sessions(redis_url: str, client: redis.Redis) -> None:
    client.set(f"session:{secrets.token_urlsafe(32)}", json.dumps({"_permanent": True, "user_id": "ann"}), ex=3600)
    client.set("session:count", 1)
    client.hset("session:stats", "opened", 1)
    async with running(hub := Hub(Config(url=redis_url))):
        await until(lambda: hub.passes > 0)
        sessions = (await reading(hub, "sessions")).frame
    assert isinstance(sessions, SessionsFrame)
    assert (sessions.count.value, sessions.count.certainty) == (1, "exact")
    assert [row.user for row in sessions.rows] == ["ann"]


async def test_what_comes_later_is_recognised_then(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "LOOK_S", 0.05)
    monkeypatch.setattr(learning, "LEAST_S", 0.0)
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):
        await until(lambda: hub.passes > 0 and hub.subscribed)
        client.publish("c", "before")
        await until(lambda: hub.received == 1)
        sign_in(client, "ann")

        async def is_shown() -> bool:
            return await users(hub) == {("ann", EXPRESS)}

        await until_async(is_shown)
        assert hub.received == 1, "messages are received on, and counted on"
        client.publish("c", "after")
        await until(lambda: hub.received == 2)


async def test_what_the_user_configures_stays_as_it_is(redis_url: str, client: redis.Redis) -> None:
    sign_in(client, "ann")
    client.set("rl:203.0.113.9", 3, px=60_000)
    config = Config(url=redis_url, sessions=("login:*",), limits=(LimitPattern("rl:*", "5/60"),))
    async with running(hub := Hub(config)):
        await until(lambda: hub.passes > 0)
        assert await users(hub) == set()
        frame = (await reading(hub, "rate_limits")).frame
    assert isinstance(frame, RateLimitsFrame)
    assert [(row.used, row.limit) for row in frame.rows] == [(3, 5)]


async def test_a_scan_at_full_speed_stays_one(redis_url: str, client: redis.Redis) -> None:
    sign_in(client, "ann")
    hub = Hub(Config(url=redis_url))
    hub.ask(FullPass(on=True))
    before = hub.watch
    async with running(hub):
        await until(lambda: hub.watch is not before)
        await until(lambda: hub.passes > 0)
        assert await users(hub) == {("ann", EXPRESS)}


async def test_samples_of_each_type(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("string", b"\xff")
    client.hset("hash", mapping={"a": "1"})
    client.rpush("list", *range(30))
    client.sadd("set", "x")
    client.zadd("zset", {"m": 1.5})
    client.xadd("stream", {"a": "1"})
    client.expire("hash", 100)
    keys = [b"string", b"hash", b"list", b"set", b"zset", b"stream", b"gone"]
    read = {one.sample.key: one for one in await read_samples(make_context().deployment, keys)}
    samples = {key: one.sample for key, one in read.items()}
    assert set(samples) == set(keys[:-1])
    assert samples[b"string"].value == b"\xff"
    assert samples[b"hash"].value == {b"a": b"1"}
    assert samples[b"list"].value == [b"%d" % number for number in range(10)]
    assert samples[b"set"].value == [b"x"]
    assert samples[b"zset"].value == [(b"m", 1.5)]
    assert (samples[b"stream"].type, samples[b"stream"].value) == ("stream", None)
    assert samples[b"string"].ttl_s is None
    assert 99 <= (samples[b"hash"].ttl_s or 0) <= 100
    assert all((one.memory or 0) > 0 for one in read.values())


async def test_a_certain_claim_makes_a_likely_one_moot(deployment: Deployment, client: redis.Redis) -> None:
    for number in range(20):
        client.set(f"rl:203.0.113.{number}", 3, px=60_000)
    name = "tests (certain)"
    certain = Layout(
        name=name,
        topic="rate_limits",
        keys=re.compile(rb"rl:203\.(?P<id>.*)"),
        type="string",
        value=lambda value: True,
        evidence="rl:203.*",
    )
    samples = [one.sample for one in await read_samples(deployment, list(client.scan_iter()))]
    assert {claim.layout.name for claim in recognise(samples, layouts())} == {"rate-limit-redis"}
    assert {claim.layout.name for claim in recognise(samples, [*layouts(), certain])} == {name}
    client.set("rl:198.51.100.1", 3, px=60_000)
    samples = [one.sample for one in await read_samples(deployment, list(client.scan_iter()))]
    claims = {claim.layout.name: (claim.fitting, claim.sampled) for claim in recognise(samples, [*layouts(), certain])}
    assert claims == {name: (20, 20), "rate-limit-redis": (1, 1)}


async def test_an_error_while_recognising_ends_nothing(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.acl_setuser(
        "few", enabled=True, nopass=True, keys=["session:*"], commands=["+get", "+pttl", "+scan", "+dbsize"]
    )
    client.set("session:abcdefgh-1234", '{"user": "ann"}')
    sign_in(client, "bob")
    url = redis_url.replace("redis://", "redis://few:x@")
    async with running(hub := Hub(Config(url=url, refresh_s=0.1))):
        await until(lambda: hub.passes > 0)
        assert {user for user, _ in await users(hub)} == {"ann"}
    await asyncio.to_thread(client.acl_deluser, "few")


@pytest.mark.parametrize("before", [0, 20_000])
async def test_what_comes_while_it_runs_is_recognised_before_the_kinds_are_learned_again(
    before: int, redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application is started after the dashboard, or its first limiter appears after a quiet night."""
    monkeypatch.setattr(learning, "LEAST_S", 600.0)
    if before:
        client.mset({f"product:{number}": "x" for number in range(before)})
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.2))):
        await until(lambda: hub.passes > 1)
        sign_in(client, "ann", "shop:sess:")
        await until_async(lambda: has_user(hub, "ann"))
        client.set("rl:203.0.113.9", 3, px=60_000)
        await until_async(lambda: has_client(hub, "203.0.113.9"))


async def test_what_was_counted_stays_until_further_keys_are_counted(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another watch begins with nothing: its first figures would say less."""
    monkeypatch.setattr(watches, "KEPT_S", 60.0)
    client.mset({f"product:{number}": "x" for number in range(20_000)})
    client.set("rl:203.0.113.9", 3, px=600_000)
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1, budget=0.001))):
        hub.ask(FullPass(on=True))
        await until(lambda: "rl:*" in {limit.keys for limit in hub.watch.config.limits})
        hub.ask(FullPass(on=True))  # also of the watch that has begun since
        await until_async(lambda: has_client(hub, "203.0.113.9"))
        watch = hub.watch
        client.set("fastapi-limiter:198.51.100.7:/search:0:0", 2, px=600_000)

        def has_begun_anew() -> bool:
            if hub.watch is watch and not watch.keyspace.full_speed:
                hub.ask(FullPass(on=True))  # the pass that was running may have missed the key
            return hub.watch is not watch

        await until(has_begun_anew)
        hub.drain()
        await until(lambda: hub.watch.keyspace.done > 2000)
        hub.ask(FullPass(on=True))
        frames: list[RateLimitsFrame] = []

        def both_are_listed() -> bool:
            frames.extend(one.frame for one in hub.drain() if isinstance(one.frame, RateLimitsFrame))
            return any(len(frame.rows) == 2 for frame in frames)

        await until(both_are_listed)
    assert {frame.count.certainty for frame in frames if len(frame.rows) < 2} <= {"exact"}


async def has_user(hub: Hub, name: str) -> bool:
    return (name, EXPRESS) in await users(hub)


async def has_client(hub: Hub, name: str) -> bool:
    frame = (await reading(hub, "rate_limits")).frame
    return isinstance(frame, RateLimitsFrame) and name in {row.identity for row in frame.rows}


async def test_on_a_slow_link_the_figures_do_not_wait_for_what_is_recognised(
    client: redis.Redis, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "FIRST_LOOK_S", 0.2)
    monkeypatch.setattr(watches, "LOOK_S", 0.05)
    sign_in(client, "ann")
    async with relay(embedded_server.port) as link:
        link.delay_s = 0.15  # the first look takes at least three answers
        async with running(hub := Hub(Config(url=link.url, refresh_s=0.1))):
            first = hub.watch
            await until(lambda: hub.passes > 0)
            assert hub.watch is first
            await until(lambda: hub.watch is not first and hub.passes > 0)
            assert await users(hub) == {("ann", EXPRESS)}


async def test_of_very_many_kinds_some_are_watched_and_the_others_are_told(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application may have a prefix for each customer; their order changes as their sessions come and go."""
    monkeypatch.setattr(watches, "LOOK_S", 0.02)
    monkeypatch.setattr(learning, "LEAST_S", 0.0)
    monkeypatch.setattr(adopt, "MOST_GLOBS", 3)
    for customer in range(5):
        for _ in range(20 + customer):
            sign_in(client, f"user of {customer}", f"customer{customer}:sess:")
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):
        await until(lambda: hub.passes > 0)
        found = await reading(hub, "sessions")
        assert "2 more kinds of keys are recognised, but not watched" in found.note
        watch = hub.watch
        for _ in range(30):
            sign_in(client, "user of 0", "customer0:sess:")
        passes = hub.passes
        await until(lambda: hub.passes > passes + 3)
        assert hub.watch is watch


async def test_the_first_pass_is_tracked_from_its_beginning(redis_url: str, client: redis.Redis) -> None:
    """Recognising keys connects before, so the scan is ready sooner than the tracking."""
    sign_in(client, "ann")
    async with running(hub := Hub(Config(url=redis_url))):
        await until(lambda: hub.passes == 1)
        sessions = hub.watch.keyspace.counts.key_groups["sessions"]
        assert hub.watch.tracking.covers("sessions", sessions.counted_since)


async def test_what_was_recognised_in_the_middle_of_a_pass_is_watched_when_it_ends(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the count of the default patterns is not the count of sessions, and nobody takes it for that."""
    for name in ("ann", "bob"):
        sign_in(client, name, "shop:sess:")
    client.hset("session:stats", "opened", 1)
    hub = Hub(Config(url=redis_url, refresh_s=0.1))
    is_late = True

    async def nothing() -> None:
        """The first look finds nothing: the server was too slow."""

    monkeypatch.setattr(hub._watches.discovery, "first_look", nothing)
    monkeypatch.setattr(watches.Watches, "_is_late", property(lambda _: is_late))
    async with running(hub):
        await until(lambda: hub.passes > 1 and bool(hub._watches.discovery.claims))
        await until(lambda: hub.watch._context.is_behind)
        assert not hub.watch.knows_kinds
        for _ in range(2):  # the second one began after that
            hub._asked["sessions"].set()
            late = await reading(hub, "sessions")
        assert late.count is not None
        assert late.count.certainty not in ("exact", "counted", "estimated"), late.count
        is_late = False
        await until(lambda: hub.watch.knows_kinds and hub.passes > 0)
        assert await users(hub) >= {("ann", EXPRESS), ("bob", EXPRESS)}
