"""Keys that match a limit and are no counter of its window: what is known of them is shown, the rest is named."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable

import pytest
import redis

from redis_dash.config import Config, LimitPattern
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.snapshot import take
from redis_dash.sources.base import Context, Sample
from redis_dash.sources.rate_limits import RateLimitsSource

MakeContext = Callable[..., Context]
LIMITS = (LimitPattern("rl:*", "100/60"),)


async def read(make_context: MakeContext, limits: tuple[LimitPattern, ...] = LIMITS) -> Sample[RateLimitsFrame]:
    """A reading after a complete pass, once every dialect was tried."""
    context = make_context(limits=limits)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    return await source.read()


def rows_of(sample: Sample[RateLimitsFrame]) -> dict[str, LimitRow]:
    return {row.identity: row for row in sample.frame.rows}


async def test_a_counter_that_outlasts_its_window_is_shown_and_not_judged(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("rl:alice", 37, ex=300)
    client.set("rl:old:29", 150, ex=300)
    client.set("rl:now", 150, ex=50)
    sample = await read(make_context)
    rows = rows_of(sample)
    assert (rows["alice"].used, rows["old:29"].used, rows["now"].used) == (37, 150, 150)
    assert (rows["alice"].limit, rows["alice"].given_limit, rows["alice"].given_window_s) == (None, 100, 60.0)
    assert rows["alice"].reset_s == pytest.approx(300, abs=2)
    assert [row.identity for row in sample.frame.rows if row.blocked] == ["now"]
    assert (sample.frame.blocked.value, sample.frame.near.value) == (1, 0)
    assert sample.note == "2 counters last longer than the window of --limit"
    assert (sample.status, sample.frame.count.value) == ("reduced", 3)


async def test_a_counter_without_expiry_says_so(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("rl:ann", 37)
    client.set("rl:bob", 150)
    sample = await read(make_context)
    assert [(row.used, row.is_endless, row.reset_s, row.blocked) for row in rows_of(sample).values()] == [
        (150, True, None, False),
        (37, True, None, False),
    ]
    assert sample.note == "2 counters have no expiry"
    free = await read(make_context, (LimitPattern("rl:*"),))
    assert (free.status, rows_of(free)["ann"].is_endless, rows_of(free)["ann"].given_limit) == ("ok", True, None)


async def test_a_value_over_the_limit_and_one_that_is_about_to_end(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("rl:over", 1000, ex=60)
    client.set("rl:zero", 0, ex=60)
    sample = await read(make_context)
    rows = rows_of(sample)
    assert (rows["over"].used, rows["over"].blocked, rows["zero"].used) == (1000, True, 0)
    assert (sample.status, sample.note) == ("ok", "")


async def test_each_key_that_is_no_limiter_is_named_by_what_it_is(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.hset("rl:hash1", "a", 1)
    client.hset("rl:hash2", "a", 1)
    client.rpush("rl:list", 1)
    client.sadd("rl:set", 1)
    client.xadd("rl:stream", {"a": 1})
    client.zadd("rl:zset", {"ann": 3.0})
    client.set("rl:float", "3.5", ex=30)
    client.set("rl:negative", -4, ex=30)
    client.set("rl:text", "hello", ex=30)
    client.set("rl:empty", "", ex=30)
    client.set("rl:huge", "9" * 30, ex=30)
    client.set("rl:tat", int(time.time()) + 45, ex=45)
    client.set("rl:good", 7, ex=30)
    sample = await read(make_context)
    assert [row.identity for row in sample.frame.rows] == ["good"]
    assert dict(sample.frame.unrecognised) == {
        "hash": 2,
        "list": 1,
        "set": 1,
        "stream": 1,
        "sorted set whose scores are no times": 1,
        "number with decimals": 1,
        "negative number": 1,
        "text": 1,
        "empty string": 1,
        "number too large for a count": 1,
        "point in time": 1,
    }
    assert sample.note.startswith("12 keys not recognised: hash (2), ")
    assert sample.frame.count.value == 13


async def test_a_key_that_becomes_another_type_is_told_anew(make_context: MakeContext, client: redis.Redis) -> None:
    client.hset("rl:ann", "a", 1)
    context = make_context(limits=LIMITS)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).note == "1 key not recognised: hash"
    client.delete("rl:ann")
    client.rpush("rl:ann", "a")
    assert (await source.read()).note == "1 key not recognised: list"
    client.delete("rl:ann")
    client.set("rl:ann", 5, ex=20)
    sample = await source.read()
    assert (sample.note, rows_of(sample)["ann"].used) == ("", 5)


async def test_our_own_reads_of_odd_keys_are_taken_off(make_context: MakeContext, client: redis.Redis) -> None:
    client.hset("rl:hash", "a", 1)
    client.set("rl:text", "hello")
    context = make_context(limits=LIMITS)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    values = (await context.deployment.info(max_age_s=-1)).values
    own = context.deployment.nodes[0].own
    assert (int(values["keyspace_hits"]), int(values["keyspace_misses"])) == (own.hits, own.misses)


async def test_the_snapshot_names_what_is_not_read(redis_url: str, client: redis.Redis) -> None:
    client.hset("rl:hash", "a", 1)
    client.set("rl:alice", 37, ex=300)
    document, code = await take(Config(url=redis_url, limits=LIMITS), 0.0, ["rate_limits"], io.StringIO(), full=True)
    topic = json.loads(document)["topics"]["rate_limits"]
    assert (code, topic["status"], topic["frame"]["unrecognised"]) == (0, "reduced", {"hash": 1})
    (row,) = topic["frame"]["rows"]
    assert (row["used"], row["limit"], row["given_limit"], row["given_window_s"]) == (37, None, 100, 60.0)
