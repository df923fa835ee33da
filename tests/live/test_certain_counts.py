"""Figures while things move, rights are missing, or little is known: exact and 0 are said only where they are true."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
import redis

from redis_dash.commands import ShowRanks
from redis_dash.config import Config, LimitPattern, Url
from redis_dash.connection import Deployment
from redis_dash.keyspace import Keyspace
from redis_dash.model import SourceError
from redis_dash.sources import families
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.live.searching import found, searching, sign_in_many
from tests.live.test_keyspace import count, fill
from tests.live.test_sources import accept, sign_in

MakeContext = Callable[..., Context]
MakePoor = Callable[..., Deployment]


def poor_context(make_context: MakeContext, poor: Deployment, **settings: object) -> Context:
    """A context whose user lacks some rights."""
    context = make_context(**settings)
    context.deployment = poor
    config = context.config
    context.keyspace = Keyspace(poor, families(config), config.budget, config.refresh_s)
    return context


# -- the scan --------------------------------------------------------------------------------------------------------


async def test_a_pass_that_was_cut_begins_afresh(deployment: Deployment, client: redis.Redis) -> None:
    """The server loses its keys and gets others while we are away: a cursor of before says nothing of them."""
    keyspace = Keyspace(deployment, {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    fill(client, 8000, 0)
    cuts: list[int] = []

    async def cut(keys: Sequence[bytes]) -> None:
        if not cuts:
            cuts.append(keyspace.done)
            await deployment.close()
            client.flushdb()
            fill(client, 8000, 0)
            await deployment.connect()

    keyspace.readers["sessions"] = cut
    await keyspace.pass_over()
    size = await count(keyspace)
    assert cuts[0] < 8000
    assert (keyspace.done, size.value, size.certainty) == (8000, 8000, "exact")


async def test_without_the_databases_size_the_share_is_told_by_the_cursor(
    make_poor: MakePoor, client: redis.Redis
) -> None:
    keyspace = Keyspace(make_poor("-dbsize"), {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    fill(client, 20_000, 0)
    shares = []

    async def look(keys: Sequence[bytes]) -> None:
        size = await count(keyspace)
        shares.append(size.coverage)
        assert size.certainty == "estimated"
        assert size.value == pytest.approx(20_000, rel=0.15)
        assert size.low <= size.value <= (size.high or 0)

    keyspace.readers["sessions"] = look
    await keyspace.pass_over()
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert (await count(keyspace)).value == 20_000


async def test_a_write_after_the_pass_takes_exact_back_at_once(deployment: Deployment, client: redis.Redis) -> None:
    keyspace = Keyspace(deployment, {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    fill(client, 5, 3000)
    await keyspace.pass_over()
    assert (await count(keyspace)).certainty == "exact"
    client.get("session:1")
    assert (await count(keyspace)).certainty == "exact"
    client.set("session:admin", "x")
    size = await count(keyspace)
    assert (size.certainty, size.value, size.holds(6)) == ("counted", 5, True)


async def test_on_a_node_of_a_cluster_nothing_is_exact(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "ann")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    info_after = context.keyspace.census.info_after

    async def of_a_node(moment: float) -> object:
        info = await info_after(moment)
        assert info is not None
        return info._replace(values={**info.values, "cluster_enabled": "1"})

    monkeypatch.setattr(context.keyspace.census, "info_after", of_a_node)
    size = (await source.read()).frame.count
    assert (size.value, size.certainty, size.high) == (1, "at_least", None)


# -- sessions --------------------------------------------------------------------------------------------------------


async def test_sessions_that_the_application_renews_do_not_end_by_our_clock(
    make_context: MakeContext, client: redis.Redis
) -> None:
    key = sign_in(client, "ann")
    client.pexpire(key, 60)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.rows[0].ttl_s == pytest.approx(0.05, abs=0.05)
    client.persist(key)
    began = time.monotonic()
    while time.monotonic() < began + 0.1:  # beyond the end that was told before
        frame = (await source.read()).frame
        assert (frame.count.value, len(frame.rows)) == (1, 1)


async def test_without_the_right_to_get_sessions_are_counted_and_said_not_to_be_read(
    make_context: MakeContext, make_poor: MakePoor, client: redis.Redis
) -> None:
    sign_in_many(client, 30)
    context = poor_context(make_context, make_poor("-get", "-getrange"))
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert (sample.status, sample.frame.count.value) == ("reduced", 30)
    assert "not allowed to run GET" in sample.note
    async with searching(source) as search:
        search("user7")
        result = await found(source)
        assert result.coverage < 1
        assert "not allowed to run GET" in result.note


async def test_values_in_no_known_form_are_said_to_be_so(make_context: MakeContext, client: redis.Redis) -> None:
    for number in range(5):
        client.set(f"session:{number:020}", b"\x80\x04pickle")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.status == "reduced"
    assert "5 listed" in sample.note


async def test_keys_of_another_name_are_told_to_be_there(make_context: MakeContext, client: redis.Redis) -> None:
    for number in range(300):
        client.set(f"sess:{number}", "x")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.frame.count.value == 0
    assert sample.scope is not None
    assert (sample.scope.patterns, sample.scope.keys) == (("session:*",), 300)


@pytest.mark.parametrize("error", ["MASTERDOWN Link with MASTER is down", "BUSY Redis is busy running a script"])
async def test_what_is_wrong_with_the_whole_server_turns_no_row_into_nobody(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    sign_in_many(client, 20)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    before = (await source.read()).frame.rows
    pipeline = context.deployment.pipeline

    async def refuse(commands: Sequence[tuple[bytes, ...]]) -> list[object]:
        from redis_dash.ownreads import ReplyError

        replies = await pipeline(commands)
        return [ReplyError(error) if command[0] == b"GET" else reply for command, reply in zip(commands, replies)]  # noqa: B905

    monkeypatch.setattr(context.deployment, "pipeline", refuse)
    with pytest.raises(SourceError, match=error.split()[0]):
        await source.read()
    monkeypatch.setattr(context.deployment, "pipeline", pipeline)
    assert [row.user for row in (await source.read()).frame.rows] == [row.user for row in before]


# -- rate limits -----------------------------------------------------------------------------------------------------


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
    await context.keyspace.census.begin()
    context.keyspace.census.add({"limits": [b"ratelimit:a"]}, 1000, 50_000, 0.02)
    context.keyspace._begun = True
    await source.look([b"ratelimit:a"])
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
    assert "1 sorted by time left out" in sample.note
    named = LeaderboardsSource(make_context(leaderboards=("queue:delayed",)))
    assert [board.key for board in (await named.read()).frame.boards] == ["queue:delayed"]


async def test_boards_beyond_those_that_are_read_are_told(
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


async def test_a_search_that_was_cut_says_so(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in_many(client, 5000)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    async with searching(source) as search:
        look, cuts = context.deployment.pipeline, list[int]()

        async def cut(commands: Sequence[tuple[bytes, ...]]) -> list[object]:
            if not cuts and len(commands) > 100:
                cuts.append(1)
                await context.deployment.close()
                await context.deployment.connect()
            return await look(commands)

        context.deployment.pipeline = cut  # type: ignore[method-assign]
        search("nobody-has-this")
        result = await found(source)
    assert cuts
    assert result.coverage < 1
    assert "connection" in result.note


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
            assert "3 keys are not read" in sample.note
    finally:
        await poor.close()
        client.acl_deluser("some")


async def test_keys_with_a_boards_name_are_no_boards_before_they_were_looked_at(
    make_context: MakeContext, client: redis.Redis
) -> None:
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.census.begin()
    names = [b"leaderboard:%d" % number for number in range(300)]
    for name in names:
        client.hset(name.decode(), "ann", 1)
    context.keyspace.census.add({"leaderboards": names}, 1000, 50_000, 0.02)
    context.keyspace._begun = True
    count = (await source.read()).frame.count
    assert (count.value, count.certainty) == (0, "at_least")
