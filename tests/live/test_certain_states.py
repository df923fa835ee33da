"""Blocked clients and boards: nothing is invented, nothing stays that is gone, nothing is hidden by other keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import CachePattern, Config, LimitPattern, Url
from redis_dash.core.commands import ShowRanks
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from tests.live.test_certain_counts import poor_context
from tests.live.test_sources import accept

MakeContext = Callable[..., Context]
MakePoor = Callable[..., Deployment]


# -- rate limits -----------------------------------------------------------------------------------------------------


async def test_a_late_answer_about_the_servers_clock_brings_no_usage_down_too_early(
    make_context: MakeContext, client: redis.Redis
) -> None:
    """The clock is read at some moment between question and answer, so the wait lasts at least until the earliest."""
    accept(client, "late", [1.0])
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    on_first = context.deployment.on_first

    async def held_up(*command: bytes) -> object:
        if command == (b"TIME",):
            await asyncio.sleep(0.3)  # not a wait for something: the delay itself
        return await on_first(*command)

    context.deployment.on_first = held_up  # type: ignore[method-assign]
    (row,) = (await source.read()).frame.rows
    accepted_at = client.zscore("ratelimit:late", "late-1.0")
    assert row.age_s >= 0.3
    assert accepted_at is not None
    assert row.reset_s is not None
    assert row.window_s is not None
    assert row.reset_s >= float(accepted_at) + row.window_s - time.time()


def test_the_defaults_assume_no_limit_and_no_cache() -> None:
    assert Config().limits == (LimitPattern("ratelimit:*"),)
    assert Config().limits[0].rule is None
    assert Config().caches == ()


async def test_by_default_nobody_is_called_blocked(
    redis_url: str, make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("ratelimit:alice", 150)
    context = make_context(limits=Config().limits)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.unlimited, frame.blocked.value, frame.rows[0].limit, frame.rows[0].blocked) == (True, 0, None, False)


async def test_who_is_blocked_is_null_in_exports_where_no_limit_is_known(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("ratelimit:alice", 150)
    source = RateLimitsSource(context := make_context(limits=Config().limits))
    await context.keyspace.pass_over()
    exported: Any = (await source.read()).frame.exported()
    for name in ("blocked", "near"):
        told = [exported[name], *(exported[f"{name}_{part}"] for part in ("low", "high", "certainty"))]
        assert told == [None, None, None, "unknown"]
    assert (exported["rows"][0]["limit"], exported["rows"][0]["blocked"]) == (None, None)
    assert (exported["count"], exported["limits_known"]) == (1, False)


async def test_of_clients_of_whom_only_some_have_a_known_limit_at_least_so_many_are_blocked(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.mset({"ratelimit:ann": 10, "ratelimit:bob": 9, "free:eve": 900})
    for key in ("ratelimit:ann", "ratelimit:bob", "free:eve"):
        client.expire(key, 30)
    limits = (LimitPattern("ratelimit:*", "10/60"), LimitPattern("free:*"))
    source = RateLimitsSource(context := make_context(limits=limits))
    await context.keyspace.pass_over()
    exported: Any = (await source.read()).frame.exported()
    for name in ("blocked", "near"):
        told = [exported[name], *(exported[f"{name}_{part}"] for part in ("low", "high", "certainty"))]
        assert told == [1, 1, exported["high"], "at_least"]
    assert {row["identity"]: row["blocked"] for row in exported["rows"]} == {"ann": True, "bob": False, "eve": None}
    assert exported["limits_known"] is True


async def test_a_limit_is_known_although_no_shown_client_has_one(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.limit_rows.ROWS", 3)
    client.set("ratelimit:idle", 0, px=30_000)
    for number in range(5):
        client.set(f"free:{number}", 5, px=30_000)
    context = make_context(limits=(LimitPattern("ratelimit:*", "10/60"), LimitPattern("free:*")))
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert ([row.limit for row in frame.rows], frame.unlimited) == ([None] * 3, False)


async def test_keys_in_no_known_form_are_no_longer_counted_once_they_are_gone(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for number in range(100):
        client.hset(f"ratelimit:{number}", "tokens", 3)
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.count.value == 100
    client.delete(*(f"ratelimit:{number}" for number in range(100)))
    sample = await source.read()
    assert (sample.frame.count.value, sample.status) == (0, "ok")


async def test_half_of_the_clients_go_and_are_not_counted_any_more(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for number in range(1000):
        accept(client, f"c{number}", [1.0])
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.count.value == 1000
    client.delete(*(f"ratelimit:c{number}" for number in range(500)))
    assert (await source.read()).frame.count.value == 500


async def test_of_a_thousand_clients_all_that_become_blocked_are_shown_in_the_next_reading(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for number in range(1000):
        accept(client, f"c{number}", [1.0])
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    blocked = {f"c{number}" for number in range(0, 1000, 20)}
    for identity in blocked:
        accept(client, identity, [number / 10 for number in range(100)])
    frame = (await source.read()).frame
    assert {row.identity for row in frame.rows if row.blocked} == blocked
    assert max(row.age_s for row in frame.rows) < 1


async def test_a_limiter_whose_unit_was_met_otherwise_before(make_context: MakeContext, client: redis.Redis) -> None:
    accept(client, "ms", [1.0], 1e3)
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    accept(client, "s", [number / 10 for number in range(120)])
    await context.keyspace.pass_over()
    row = next(row for row in (await source.read()).frame.rows if row.identity == "s")
    assert (row.used, row.blocked, row.dialect) == (120, True, "sliding window")


async def test_of_a_scan_under_way_states_are_lower_bounds(make_context: MakeContext, client: redis.Redis) -> None:
    accept(client, "a", [number / 10 for number in range(100)])
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.counts.begin()
    context.keyspace.counts.add({"limits": [b"ratelimit:a"]}, 1000, 50_000, 0.02)
    context.keyspace._begun = True
    await source.examine([b"ratelimit:a"])
    frame = (await source.read()).frame
    assert (frame.blocked.value, frame.blocked.certainty, frame.count.certainty) == (1, "at_least", "estimated")


# -- leaderboards ----------------------------------------------------------------------------------------------------


async def test_hashes_beside_a_board_do_not_hide_it(make_context: MakeContext, client: redis.Redis) -> None:
    for number in range(200):
        client.hset(f"lb:{number:03}:member_data", "ann", "{}")
    client.zadd("lb:zzz", {"ann": 1})
    context = make_context(leaderboards=("lb:*",))
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert ([board.key for board in frame.boards], frame.count.value) == (["lb:zzz"], 1)


async def test_limiters_and_queues_are_no_leaderboards(make_context: MakeContext, client: redis.Redis) -> None:
    accept(client, "10.0.0.1", [1.0, 2.0])
    client.zadd("queue:delayed", {"job:1": time.time() * 1000 + 5000})
    client.zadd("players", {"ann": 3})
    context = make_context(leaderboards=("*",))
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert ([board.key for board in sample.frame.boards], sample.frame.count.value) == (["players"], 1)
    assert "2 not shown, their scores are times" in sample.note
    named = LeaderboardsSource(make_context(leaderboards=("queue:delayed",)))
    assert [board.key for board in (await named.read()).frame.boards] == ["queue:delayed"]


async def test_boards_beyond_those_that_are_read_are_reported(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.leaderboards.BOARDS", 5)
    for number in range(8):
        client.zadd(f"leaderboard:{number}", {"ann": 1})
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert (sample.status, len(sample.frame.boards), sample.frame.count.value) == ("reduced", 5, 8)
    assert "3 more boards are not read" in sample.note


async def test_a_board_that_became_shorter_than_where_we_look_shows_its_last_page(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.zadd("leaderboard", {f"m{number:04}": number for number in range(1000)})
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    source.ask(ShowRanks("leaderboard", first=800))
    await source.read()
    client.zremrangebyrank("leaderboard", 0, 849)
    for _ in range(2):
        (board,) = (await source.read()).frame.boards
        assert (board.size, board.rows[-1].rank) == (150, 150)
        assert not any(row.entered or row.moved for row in board.rows)


async def test_one_key_that_may_not_be_read_hides_no_other(
    make_context: MakeContext, redis_url: str, client: redis.Redis
) -> None:
    for number in range(30):
        accept(client, f"api:ok{number}", [1.0])
    for number in range(3):
        accept(client, f"private:{number}", [1.0])
    client.acl_setuser("some", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["ratelimit:api:ok*"])
    poor = Deployment(Url(redis_url.replace("redis://", "redis://some:pw@")))
    try:
        context = poor_context(make_context, poor)
        source = RateLimitsSource(context)
        for _ in range(2):
            await context.keyspace.pass_over()
            sample = await source.read()
            assert (sample.status, len(sample.frame.rows), sample.frame.count.value) == ("reduced", 30, 33)
            assert "3 keys may not be read" in sample.note
    finally:
        await poor.close()
        client.acl_deluser("some")


async def test_keys_with_a_boards_name_are_no_boards_before_they_were_looked_at(
    make_context: MakeContext, client: redis.Redis
) -> None:
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.counts.begin()
    names = [b"leaderboard:%d" % number for number in range(300)]
    for name in names:
        client.hset(name.decode(), "ann", 1)
    context.keyspace.counts.add({"leaderboards": names}, 1000, 50_000, 0.02)
    context.keyspace._begun = True
    count = (await source.read()).frame.count
    assert (count.value, count.certainty) == (0, "at_least")


async def test_patterns_that_overlap_take_no_key_from_each_other(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for number in range(50):
        client.set(f"cache:page:{number}", "x")
    accept(client, "10.0.0.1", [1.0])
    caches = (CachePattern("all", "cache:*"), CachePattern("page", "cache:page:*"))
    context = make_context(caches=caches, leaderboards=("*",), sessions=("*",))
    limits, cache = RateLimitsSource(context), CacheSource(context)
    await context.keyspace.pass_over()
    assert (await limits.read()).frame.count.value == 1
    assert [group.keys.value for group in (await cache.read()).frame.groups] == [50, 50]


async def test_keys_that_match_and_are_no_sorted_sets_are_reported(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("leaderboard:str", "x")
    client.hset("leaderboard:h:data", "a", 1)
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    scope = (await source.read()).scope
    assert scope is not None
    assert scope.others == 2
