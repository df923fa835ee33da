"""A slow link to the server: values arrive late, but no more is fetched than needed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.client.value_heads import MOST_BYTES
from redis_dash.config import LimitPattern, Url
from redis_dash.core.errors import SourceError
from redis_dash.sources.base import Context
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.server import ServerSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.relay import relay

MANY = 300


async def test_a_reply_may_take_longer_than_the_time_out_while_bytes_come(
    client: redis.Redis, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.client.node.REPLY_TIMEOUT_S", 0.4)
    client.rpush("list", *(b"x" * 1000 for _ in range(300)))
    async with relay(embedded_server.port) as slow:
        slow.bytes_per_s = 300_000
        deployment = Deployment(Url(slow.url))
        reply = await deployment.one(b"LRANGE", b"list", b"0", b"-1")
        assert isinstance(reply, list)
        assert len(reply) == 300
        assert deployment.connects == 1
        slow.cut()
        with pytest.raises(SourceError, match="no answer in time"):
            await deployment.one(b"PING")
        await deployment.close()


async def test_values_come_in_pieces_and_others_are_served_meanwhile(
    client: redis.Redis, embedded_server: EmbeddedServer
) -> None:
    value = json.dumps({"email": "ann@example.com", "x": "y" * 2000})
    client.mset({f"session:{number}": value for number in range(MANY)})
    client.set("large", b"z" * 20_000_000)
    async with relay(embedded_server.port) as slow:
        slow.bytes_per_s = 1_000_000
        deployment = Deployment(Url(slow.url))
        keys = [b"session:%d" % number for number in range(MANY)]
        replies = await deployment.pipeline([(b"GET", key) for key in [*keys, b"large", b"none"]])
        assert all(isinstance(reply, bytes) and len(reply) > 2000 for reply in replies[:MANY])
        large = replies[MANY]
        assert isinstance(large, bytes)
        assert len(large) == MOST_BYTES + 1
        assert replies[MANY + 1] is None
        before = slow.passed
        assert before < 2 * MOST_BYTES + MANY * 3000
        (again,) = await deployment.pipeline([(b"GET", b"large")])
        assert isinstance(again, bytes)
        assert len(again) == MOST_BYTES + 1
        assert slow.passed - before < 1000
        await deployment.close()


async def test_a_slow_link_is_in_the_ping_at_once(
    make_context: Callable[..., Context], embedded_server: EmbeddedServer
) -> None:
    async with relay(embedded_server.port) as link:
        context = make_context()
        context.deployment = Deployment(Url(link.url))
        source = ServerSource(context)
        for _ in range(10):
            quick = (await source.read()).frame.ping_ms
        link.delay_s = 0.1
        slow = (await source.read()).frame.ping_ms
        link.delay_s = 0.0
        quick_again = (await source.read()).frame.ping_ms
        await context.deployment.close()
    assert quick is not None
    assert slow is not None
    assert quick_again is not None
    assert 0 < quick < 100 <= slow
    assert 0 < quick_again < 100


async def test_what_is_read_for_many_is_under_way_at_once(client: redis.Redis, embedded_server: EmbeddedServer) -> None:
    """All answers have the same delay; they do not wait for each other."""
    async with relay(embedded_server.port) as link:
        deployment = Deployment(Url(link.url))
        await deployment.connect()
        held = asyncio.Event()
        link.hold = held
        reads = [asyncio.create_task(deployment.one(b"PING", b"%d" % number)) for number in range(10)]
        await until(lambda: deployment.nodes[0].connection.traffic.in_flight == 10)
        held.set()
        assert await asyncio.gather(*reads) == [b"%d" % number for number in range(10)]
        await deployment.close()


async def test_figures_of_many_sessions_come_before_all_their_values(
    make_context: Callable[..., Context],
    client: redis.Redis,
    embedded_server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("redis_dash.sources.sessions.VALUES_WITHIN_S", 0.0)
    value = json.dumps({"email": "ann@example.com"})
    client.mset({f"session:{number:04d}-0123456789": value for number in range(MANY)})
    async with relay(embedded_server.port) as slow:
        context = make_context()
        context.deployment = Deployment(Url(slow.url))
        source = SessionsSource(context)
        await context.keyspace.pass_over()
        first = (await source.read()).frame
        assert 0 < len(first.rows) < MANY
        for _ in range(10):
            last = (await source.read()).frame
        assert len(last.rows) == MANY
        await context.deployment.close()


async def test_no_usage_is_shown_younger_than_its_question(
    make_context: Callable[..., Context], client: redis.Redis, embedded_server: EmbeddedServer
) -> None:
    """The value was true at some moment between the command and its answer."""
    client.set("ratelimit:free:1", "3", ex=100)
    async with relay(embedded_server.port) as slow:
        context = make_context(limits=(LimitPattern("ratelimit:free:*"),))
        context.deployment = Deployment(Url(slow.url))
        source = RateLimitsSource(context)
        await context.keyspace.pass_over()
        slow.delay_s = 0.3
        (row,) = (await source.read()).frame.rows
        assert row.age_s >= slow.delay_s
        assert row.reset_s is not None
        assert client.pttl("ratelimit:free:1") / 1000 <= row.reset_s <= 100
        await context.deployment.close()
