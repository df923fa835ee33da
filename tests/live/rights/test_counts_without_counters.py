"""Without INFO nothing tells how much has changed: no count is surer than what was just asked for."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from redis_dash.core.certainty import Count
from redis_dash.sources.base import Context, Source
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.live.limited import SESSIONS, allow

RULES = ("+@read", "+ping", "+select", "+time")
KEYS = 160
READABLE, REFUSED = "05", "1234"
"""The last digits of names."""


def name(glob: str, place: int) -> str:
    return glob.replace("*", f"{place:030x}")


def add(client: redis.Redis, glob: str, places: range, ends: str) -> int:
    """Add the keys whose names end so; returns their number."""
    names = [one for one in (name(glob, place) for place in places) if one[-1] in ends]
    for one in names:
        if glob == "lb:*":
            client.zadd(one, {"ann": 1})
        else:
            client.set(one, 1, ex=600)
    return len(names)


def drop(client: redis.Redis, glob: str, places: range, ends: str) -> int:
    """Delete them."""
    return int(client.delete(*(one for one in (name(glob, place) for place in places) if one[-1] in ends)))


@pytest.mark.parametrize("size", ["-dbsize", "+dbsize"])
@pytest.mark.parametrize("may_read", [READABLE, READABLE + REFUSED])
@pytest.mark.parametrize(
    ("make", "glob"),
    [(SessionsSource, "sess:*"), (RateLimitsSource, "rl:*"), (LeaderboardsSource, "lb:*")],
)
async def test_bounds_hold_whatever_comes_and_goes(
    client: redis.Redis, limited: Context, make: type[Source[Any]], glob: str, may_read: str, size: str
) -> None:
    client.flushall()
    allow(client, *RULES, size, *(f"~{glob}{end}" for end in may_read))
    source, truth = make(limited), add(client, glob, range(KEYS), READABLE + REFUSED)
    await limited.keyspace.pass_over()

    async def holds() -> Count:
        count: Count = (await source.read()).frame.count
        assert count.holds(truth), (count, truth)
        assert count.certainty != "exact"
        assert not count.low == count.value == count.high, count
        return count

    first = await holds()
    assert first.at > 0
    assert first.value == truth or first.certainty == "at_least"
    truth -= drop(client, glob, range(32), REFUSED)
    await holds()
    truth -= drop(client, glob, range(32, 96), READABLE)
    await holds()
    truth += add(client, glob, range(1000, 1200), REFUSED)
    await holds()
    truth += add(client, glob, range(2000, 2040), READABLE)
    await holds()
    await limited.keyspace.pass_over()
    last = await holds()
    assert last.value == truth or last.certainty == "at_least"


@pytest.mark.parametrize(("make", "glob"), [(SessionsSource, "sess:*"), (RateLimitsSource, "rl:*")])
async def test_readable_keys_that_go_are_not_added_to_the_refused_ones(
    client: redis.Redis, limited: Context, make: type[Source[Any]], glob: str
) -> None:
    client.flushall()
    allow(client, *RULES, "-dbsize", *(f"~{glob}{end}" for end in READABLE))
    source, refused = make(limited), add(client, glob, range(KEYS), REFUSED)
    add(client, glob, range(KEYS), READABLE)
    await limited.keyspace.pass_over()
    told = f"~{refused} keys may not be read"
    assert told in (await source.read()).note
    drop(client, glob, range(100), READABLE)
    assert told in (await source.read()).note
    add(client, glob, range(1000, 1100), READABLE)
    assert told in (await source.read()).note


async def test_there_are_no_more_keys_than_the_database_has(client: redis.Redis, limited: Context) -> None:
    """A replica's counters prove nothing, but it tells how many keys there are."""
    allow(client, "+@all", "~*")
    await limited.keyspace.pass_over()
    info = await limited.deployment.info(0.0)
    count = limited.keyspace.counts.count("sessions", info._replace(changes=None))
    assert (count.certainty, count.value, count.high) == ("counted", SESSIONS, client.dbsize())
