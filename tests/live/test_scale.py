"""More keys than are followed: the latest sessions, the highest usage and any rank of a board are still found."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis

from redis_dash.config import LimitPattern
from redis_dash.core.certainty import exact
from redis_dash.core.commands import ShowRanks
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.live.searching import found, searching, sign_in_many

MakeContext = Callable[..., Context]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits, so that a thousand keys are more than can be followed."""
    monkeypatch.setattr("redis_dash.sources.sessions.FOLLOWED", 50)
    monkeypatch.setattr("redis_dash.sources.sessions.ROWS", 20)
    monkeypatch.setattr("redis_dash.sources.rate_limits.FOLLOWED", 50)
    monkeypatch.setattr("redis_dash.sources.rate_limits.OTHERS_AT_ONCE", 10)
    monkeypatch.setattr("redis_dash.sources.limit_rows.ROWS", 20)


# -- sessions --------------------------------------------------------------------------------------------------------


async def test_the_latest_of_many_sessions_are_listed_and_all_are_counted(
    make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in_many(client, 3000)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.count.value, frame.count.high) == (3000, 3000)
    assert frame.count.low > 2_990
    assert [row.user for row in frame.rows] == [f"user{number}@example.com" for number in range(2999, 2979, -1)]
    client.expire("session:00007-0123456789", 9000)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.rows[0].user == "user7@example.com"
    assert len(source._known) <= 100


async def test_when_many_sessions_end_the_few_are_counted_as_they_are(
    make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in_many(client, 300)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    client.delete(*(f"session:{number:05d}-0123456789" for number in range(10, 300)))
    for _ in range(3):
        await context.keyspace.pass_over()
        sample = await source.read()
    assert (sample.frame.count.value, len(sample.frame.rows)) == (10, 10)


# -- rate limits -----------------------------------------------------------------------------------------------------


def accept_many(client: redis.Redis, count: int, uses: Callable[[int], int], kind: str) -> None:
    now, pipe = time.time(), client.pipeline(transaction=False)
    for number in range(count):
        key = f"ratelimit:10.0.{number // 256}.{number % 256}"
        if kind == "sliding":
            pipe.zadd(key, {f"{use}": now - use / 100 for use in range(uses(number))})
        else:
            pipe.set(key, uses(number), ex=60)
    pipe.execute()


@pytest.mark.parametrize("kind", ["sliding", "fixed"])
async def test_the_fullest_of_many_clients_are_found_in_one_pass(
    make_context: MakeContext, client: redis.Redis, kind: str
) -> None:
    began = time.monotonic()
    accept_many(client, 3000, lambda number: 90 + number // 300 if number % 300 == 7 else 1 + number % 5, kind)
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.count.value, frame.count.high) == (3000, 3000)
    seconds = time.monotonic() - began
    may_have_expired = 3000 * seconds / (60 - seconds) if kind == "fixed" else 0
    assert frame.count.low > 2_900 - may_have_expired
    assert [row.used for row in frame.rows[:11]] == [99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 5]
    assert (frame.blocked.value, frame.near.value) == (0, 10)
    assert frame.near.certainty == "at_least"  # clients that are not followed may be near by now
    assert len(source._rows) <= 100


async def test_whoever_is_near_the_limit_is_read_in_every_poll(make_context: MakeContext, client: redis.Redis) -> None:
    accept_many(client, 3000, lambda number: 95 if number in (11, 1234, 2999) else 1, "fixed")
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    for used in (97, 99, 100):
        client.set("ratelimit:10.0.4.210", used, ex=60)
        rows = {row.identity: row for row in (await source.read()).frame.rows}
        assert rows["10.0.4.210"].used == used
    assert rows["10.0.4.210"].blocked


async def test_more_are_near_their_limit_than_are_followed(make_context: MakeContext, client: redis.Redis) -> None:
    accept_many(client, 3000, lambda _: 100, "fixed")
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert frame.blocked.certainty == "at_least"
    assert 50 <= frame.blocked.value <= 100
    client.flushdb()
    for _ in range(3):
        await context.keyspace.pass_over()
        frame = (await source.read()).frame
    assert (frame.count, frame.blocked) == (exact(0, frame.count.at), exact(0, frame.count.at))


async def test_when_the_fullest_calm_down_others_take_their_place(
    make_context: MakeContext, client: redis.Redis
) -> None:
    accept_many(client, 1000, lambda number: 90 if number < 200 else 10 + number % 7, "fixed")
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.rows[0].used == 90
    accept_many(client, 1000, lambda number: 1 if number < 200 else 10 + number % 7, "fixed")
    for _ in range(12):
        await source.read()
    await context.keyspace.pass_over()
    assert (await source.read()).frame.rows[0].used == 16


async def test_limiters_of_two_kinds_side_by_side(make_context: MakeContext, client: redis.Redis) -> None:
    now, pipe = time.time(), client.pipeline(transaction=False)
    for number in range(200):
        pipe.set(f"ratelimit:api:{number}", 50 + number % 3, ex=60)
        pipe.zadd(f"ratelimit:web:{number}", {f"{use}": now - use / 100 for use in range(20)})
    pipe.execute()
    context = make_context(limits=(LimitPattern("ratelimit:*", "100/60"),))
    source = RateLimitsSource(context)
    for _ in range(2):
        await context.keyspace.pass_over()
        sample = await source.read()
    assert (sample.status, sample.frame.count.value) == ("ok", 400)
    assert {row.used for row in sample.frame.rows[:20]} == {52}


# -- leaderboards ----------------------------------------------------------------------------------------------------


async def test_any_page_of_a_large_board(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd("leaderboard", {f"member{number:05d}": number for number in range(20_000)})
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    (board,) = (await source.read()).frame.boards
    assert (board.size, len(board.rows), board.rows[0].member) == (20_000, 100, "member19999")
    source.ask(ShowRanks("leaderboard", first=10_001))
    (board,) = (await source.read()).frame.boards
    assert [(row.rank, row.member) for row in board.rows[:2]] == [(10_001, "member09999"), (10_002, "member09998")]
    assert not any(row.moved or row.entered for row in board.rows)
    source.ask(ShowRanks("leaderboard", first=50_000))
    await source.read()
    (board,) = (await source.read()).frame.boards
    assert board.rows[-1].rank == 20_000


async def test_a_member_and_the_neighbours(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd("leaderboard", {f"member{number:05d}": number for number in range(20_000)})
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    source.ask(ShowRanks("leaderboard", member="member00500"))
    (board,) = (await source.read()).frame.boards
    ranks = {row.member: row.rank for row in board.rows}
    assert ranks["member00500"] == 19_500
    assert ranks["member00501"] == 19_499
    assert (board.sought, board.missing) == ("member00500", False)
    client.zincrby("leaderboard", 2.5, "member00500")
    (board,) = (await source.read()).frame.boards
    assert next(row for row in board.rows if row.member == "member00500").moved == 2
    source.ask(ShowRanks("leaderboard", member="nobody"))
    (board,) = (await source.read()).frame.boards
    assert board.missing
    assert board.rows[0].rank == 1


async def test_a_named_board_needs_no_scan_to_be_found(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd("leaderboard", {"ann": 1})
    client.zadd("leaderboard:weekly", {"ann": 1})
    context = make_context()
    source = LeaderboardsSource(context)
    context.keyspace._begun = True
    assert [board.key for board in (await source.read()).frame.boards] == ["leaderboard"]


async def test_own_reads_stay_exact_at_scale(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in_many(client, 1000)
    accept_many(client, 1000, lambda number: 1 + number % 50, "sliding")
    client.zadd("leaderboard", {"ann": 1})
    context = make_context()
    sources = [SessionsSource(context), RateLimitsSource(context), LeaderboardsSource(context)]
    async with searching(sources[0]) as search:  # type: ignore[arg-type]
        search("plan-3")
        for _ in range(2):
            await context.keyspace.pass_over()
            for source in sources:
                await source.read()  # type: ignore[attr-defined]
        await found(sources[0])  # type: ignore[arg-type]
    info = await context.deployment.info(max_age_s=-1)
    counted = int(info.values["keyspace_hits"]), int(info.values["keyspace_misses"])
    assert counted == (info.own_hits, info.own_misses)
    assert info.own_hits > 5000
