"""Keys that the ACL user may not read: they are counted, the others are shown, and nothing is claimed about them."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from redis_dash.client.value_heads import MOST_BYTES
from redis_dash.core.commands import ShowRanks
from redis_dash.sources.base import Context, Source
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until_async
from tests.live.limited import CLIENTS, SESSIONS, about, allow, refusals
from tests.live.searching import found, searching

ALL = ("+@all", "&*")


def reading(client: redis.Redis, glob: str) -> str:
    """The rule that lets a user read keys, the least that the server knows."""
    return f"%R~{glob}" if int(client.info("server")["redis_version"].split(".")[0]) >= 7 else f"~{glob}"


# -- rate limits -----------------------------------------------------------------------------------------------------


async def test_clients_that_may_not_be_read_are_counted_beside_the_others(
    client: redis.Redis, limited: Context
) -> None:
    allow(client, "~rl:10.0.0.1*", *ALL)
    source = RateLimitsSource(limited)
    for _ in range(2):
        await limited.keyspace.pass_over()
        sample = await source.read()
        frame = sample.frame
        assert (sample.status, about(sample.note)) == ("reduced", "9 keys may not be read: counted, but not listed")
        assert sample.rules == (reading(client, "rl:*"),)
        assert (len(frame.rows), frame.count.value) == (11, CLIENTS)
        assert (frame.blocked.value, frame.blocked.certainty) == (1, "at_least")
        assert (frame.near.value, frame.near.certainty) == (4, "at_least")


async def test_where_no_client_may_be_read_none_is_called_unlimited_or_free(
    client: redis.Redis, limited: Context
) -> None:
    allow(client, "~sess:*", *ALL)
    source = RateLimitsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    exported = sample.frame.exported()
    assert about(sample.note) == f"{CLIENTS} keys may not be read: counted, but not listed"
    assert (exported["count"], exported["limits_known"], exported["rows"]) == (CLIENTS, None, [])
    assert (exported["blocked"], exported["blocked_certainty"]) == (None, "unknown")
    assert (exported["near"], exported["near_certainty"]) == (None, "unknown")


async def test_a_known_limit_is_not_called_unknown_where_there_is_no_client(
    client: redis.Redis, limited: Context
) -> None:
    client.flushall()
    allow(client, "~*", *ALL)
    await limited.keyspace.pass_over()
    assert not (await RateLimitsSource(limited).read()).frame.unlimited


async def test_a_refused_client_that_is_gone_is_counted_no_longer(client: redis.Redis, limited: Context) -> None:
    """Its key cannot be asked for, so the next pass shows it."""
    allow(client, "~rl:10.0.0.1*", *ALL)
    source = RateLimitsSource(limited)
    await limited.keyspace.pass_over()
    await source.read()
    client.delete("rl:10.0.0.2", "rl:10.0.0.3")
    assert (await source.read()).frame.count.certainty != "exact"
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert (about(sample.note), sample.frame.count.value) == (
        "7 keys may not be read: counted, but not listed",
        CLIENTS - 2,
    )


# -- all topics ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [RateLimitsSource, SessionsSource, LeaderboardsSource])
async def test_a_right_that_is_given_later_is_noticed(
    client: redis.Redis, limited: Context, make: type[Source[Any]]
) -> None:
    allow(client, "~rl:10.0.0.1*", "~sess:*1", "~lb:1", *ALL)
    source = make(limited)
    await limited.keyspace.pass_over()
    assert (await source.read()).status == "reduced"
    allow(client, "~*", *ALL)

    async def is_whole() -> bool:
        return (await source.read()).status == "ok"

    await until_async(is_whole)


@pytest.mark.parametrize("make", [RateLimitsSource, SessionsSource, LeaderboardsSource])
async def test_refused_keys_are_seldom_tried_again(
    client: redis.Redis, limited: Context, make: type[Source[Any]]
) -> None:
    """Each attempt is an entry in the server's ACL LOG."""
    for number in range(500):
        client.set(f"rl:10.1.0.{number}", 1)
        client.set(f"sess:{number:030x}", "{}")
        client.zadd(f"lb:{number}", {"ann": 1})
    allow(client, "~page*", *ALL)
    source = make(limited)
    for _ in range(15):
        await limited.keyspace.pass_over()
        await source.read()
    before = refusals(client)
    for _ in range(5):
        await limited.keyspace.pass_over()
        await source.read()
    assert refusals(client) - before < 5 * 30


async def test_other_values_are_still_read_by_their_beginning(client: redis.Redis, limited: Context) -> None:
    """A refused key does not mean that GETRANGE is refused."""
    client.set("sess:large", b"x" * (4 * MOST_BYTES))
    allow(client, "~sess:*", *ALL)
    for _ in range(2):
        refused, large = await limited.deployment.pipeline([(b"GET", b"page:1"), (b"GET", b"sess:large")])
        assert isinstance(refused, Exception)
        assert isinstance(large, bytes)
        assert len(large) == MOST_BYTES + 1


# -- leaderboards ----------------------------------------------------------------------------------------------------


async def test_one_board_that_may_not_be_read_hides_no_other(client: redis.Redis, limited: Context) -> None:
    allow(client, "~lb:1", *ALL)
    source = LeaderboardsSource(limited)
    for _ in range(3):
        await limited.keyspace.pass_over()
        sample = await source.read()
    assert [board.key for board in sample.frame.boards] == ["lb:1"]
    assert (sample.frame.count.value, sample.frame.count.certainty) == (1, "at_least")
    # The key of the pattern that is a whole name is refused, too; but a complete pass has not seen it.
    assert about(sample.note) == "2 keys may not be read: there may be more boards"
    assert sample.rules == (reading(client, "lb:*"),)


async def test_where_no_board_may_be_read_their_number_is_not_known(client: redis.Redis, limited: Context) -> None:
    allow(client, "~sess:*", *ALL)
    source = LeaderboardsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert sample.status == "reduced"
    assert (sample.frame.boards, sample.frame.count.certainty) == ((), "unknown")
    assert sample.frame.exported()["count"] is None
    assert sample.scope is not None
    assert sample.scope.others == 0


async def test_a_member_that_may_not_be_looked_up_is_not_called_missing(client: redis.Redis, limited: Context) -> None:
    allow(client, "~*", "&*", "+@all", "-zrevrank")
    source = LeaderboardsSource(limited)
    await limited.keyspace.pass_over()
    await source.read()
    source.ask(ShowRanks("lb:1", member="member3"))
    sample = await source.read()
    board = next(board for board in sample.frame.boards if board.key == "lb:1")
    assert (board.sought, board.missing) == ("member3", False)
    assert (sample.note, sample.rules) == ("not allowed to run ZREVRANK", ("+zrevrank",))


# -- sessions --------------------------------------------------------------------------------------------------------


async def test_sessions_that_may_not_be_read_are_counted_beside_the_others(
    client: redis.Redis, limited: Context
) -> None:
    allow(client, "~sess:*1", *ALL)
    source = SessionsSource(limited)
    for _ in range(2):
        await limited.keyspace.pass_over()
        sample = await source.read()
        assert {row.user for row in sample.frame.rows} == {f"user{number}@example.com" for number in (1, 17, 33)}
        assert about(sample.note) == f"{SESSIONS - 3} keys may not be read: counted, but not listed"
        assert sample.rules == (reading(client, "sess:*"),)
        assert sample.frame.count.value == SESSIONS
        assert sample.frame.count.certainty != "exact"


async def test_refused_ids_are_masked_like_all_others(client: redis.Redis, limited: Context) -> None:
    allow(client, "~page:*", *ALL)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    await source.read()
    identifier = f"{7:030x}"
    assert identifier not in limited.known_ids.mask(f"hello {identifier}")


async def test_a_search_goes_on_where_some_sessions_may_not_be_read(client: redis.Redis, limited: Context) -> None:
    allow(client, "~sess:*1", *ALL)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    async with searching(source) as search:
        search("user17@")
        result = await found(source)
    assert [row.user for row in result.rows] == ["user17@example.com"]
    assert (result.read, result.refused, result.note, result.coverage) == (3, SESSIONS - 3, "", 1.0)


# -- the cache -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "note"),
    [
        (("~page:*", *ALL), "the counters in page-stats may not be read"),
        (("~*", "&*", "+@all", "-hgetall"), "not allowed to run HGETALL: hits and misses are unknown"),
    ],
)
async def test_counters_that_may_not_be_read_are_not_silently_missing(
    client: redis.Redis, limited: Context, rules: tuple[str, ...], note: str
) -> None:
    allow(client, *rules)
    await limited.keyspace.pass_over()
    sample = await CacheSource(limited).read()
    assert sample.status == "reduced"
    assert note in sample.note
    assert sample.frame.groups[0].hits is None
    assert sample.rules in [(reading(client, "page-stats"),), ("+hgetall",)]
