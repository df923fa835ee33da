"""Sorted sets of queues, limiters and indexes are no leaderboards, whatever pattern finds them."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from tests.live.limit_case import load
from tests.live.limit_keys import cases
from tests.live.mixed_keys import write_recordings
from tests.live.other_keys import bystanders, neighbours

MakeContext = Callable[..., Context]
BOARDS = {"leaderboard": {"ann": 120.0, "bob": 80.0}, "game:snake:scores": {"ann": 0.0, "bob": 7.5}}


async def shown(make_context: MakeContext, *globs: str) -> tuple[set[str], str]:
    source = LeaderboardsSource(context := make_context(leaderboards=globs))
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.frame.count.value == len(sample.frame.boards)
    return {board.key for board in sample.frame.boards}, sample.note


async def test_what_frameworks_write_is_no_board(make_context: MakeContext, client: redis.Redis) -> None:
    now = time.time()
    write_recordings(client)
    for _, keys in bystanders(now).items():
        load(client, keys)
    for case in cases(now):
        load(client, case.keys)
    client.zadd("bull:mail:prioritized", {"3": 3 * 2**32 + 1, "4": 2**32})
    client.zadd("bull:mail:delayed", {"5": int(now * 1000) * 4096 + 5})
    client.zadd("tag:users:entries", {"laravel:key": -1})
    client.zadd("asgi:group:room", {"specific.1!a": now})
    for key, scores in BOARDS.items():
        client.zadd(key, scores)
    boards, note = await shown(make_context, "*")
    assert boards == set(BOARDS)
    assert "not shown, their scores are times" in note
    assert "BullMQ" in note
    assert "Laravel" in note


async def test_times_of_any_unit_and_sets_without_scores_are_none(
    make_context: MakeContext, client: redis.Redis
) -> None:
    now = time.time()
    load(client, [key for key in neighbours(now) if key.type == "zset" and not key.name.startswith("leaderboard")])
    for unit in (1, 10**3, 10**6, 10**9):
        client.zadd(f"events:{unit}", {"a": now * unit, "b": (now - 86_400) * unit})
    client.zadd("names", {"ann": 0, "bob": 0, "cat": 0})
    client.zadd("leaderboard:new", {"ann": 0, "bob": 0})
    boards, note = await shown(make_context, "*")
    assert boards == set()
    assert "1 more" not in note
    assert (await shown(make_context, "*", "leaderboard:*"))[0] == {"leaderboard:new"}, "a game has just begun"


async def test_a_board_that_is_named_is_shown_whatever_it_is(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd("bull:mail:prioritized", {"3": 3 * 2**32 + 1})
    client.zadd("names", {"ann": 0, "bob": 0, "cat": 0})
    assert (await shown(make_context, "bull:mail:prioritized", "names"))[0] == {"bull:mail:prioritized", "names"}
