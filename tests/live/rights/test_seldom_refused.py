"""What is refused is asked seldom: each refusal is an entry in the server's ACL LOG."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import redis

from redis_dash.core.errors import AwayError, MissingRightError
from redis_dash.sources.base import Context, Source
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.server import ServerSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until_async
from tests.live.limited import SESSIONS, allow, refusals

POLLS = 20
READS = ("-get", "-getrange", "-hgetall")


async def poll(source: Source[Any]) -> None:
    with contextlib.suppress(MissingRightError):
        await source.read()


@pytest.mark.parametrize(
    ("make", "without"),
    [
        (SessionsSource, READS),
        (SessionsSource, (*READS, "-pttl")),
        (RateLimitsSource, ("-time",)),
        (RateLimitsSource, ("-zcard", "-pttl")),
        (LeaderboardsSource, ("-zcard",)),
        (LeaderboardsSource, ("-type", "-zrevrange")),
        (CacheSource, ("-info", "-hgetall")),
        (ServerSource, ("-info", "-client")),
    ],
)
async def test_a_refused_command_is_not_sent_in_each_poll(
    client: redis.Redis, limited: Context, make: type[Source[Any]], without: tuple[str, ...]
) -> None:
    allow(client, "~*", "&*", "+@all", *without)
    source = make(limited)
    await limited.keyspace.pass_over()
    for _ in range(3):
        await poll(source)
    before = refusals(client)
    for _ in range(POLLS):
        await poll(source)
    assert refusals(client) - before <= len(without) * 2


async def test_a_refused_scan_is_not_sent_each_time(client: redis.Redis, limited: Context) -> None:
    allow(client, "~*", "&*", "+@all", "-scan")
    before = refusals(client)
    for _ in range(POLLS):
        with pytest.raises(MissingRightError, match=r"^not allowed to run SCAN$"):
            await limited.keyspace.pass_over()
    assert refusals(client) - before <= 2


async def test_ping(client: redis.Redis, limited: Context) -> None:
    """A refusal takes as long as an answer, and is none: no round trip is told."""
    allow(client, "~*", "&*", "+@all", "-ping")
    source = ServerSource(limited)
    await source.read()
    before = refusals(client)
    for _ in range(POLLS):
        sample = await source.read()
        assert (sample.frame.ping_ms, sample.status) == (None, "reduced")
        assert (sample.note, sample.rules) == ("not allowed to run PING: the round trip is unknown", ("+ping",))
    assert refusals(client) - before <= 2
    allow(client, "~*", "&*", "+@all")
    client.client_kill_filter(_type="normal", skipme=True)

    async def is_told() -> bool:
        with contextlib.suppress(AwayError):
            return (await source.read()).frame.ping_ms is not None
        return False

    await until_async(is_told)


async def test_a_right_is_noticed_at_once_after_a_reconnect(client: redis.Redis, limited: Context) -> None:
    allow(client, "~*", "&*", "+@all", *READS)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    for _ in range(5):
        await source.read()
    allow(client, "~*", "&*", "+@all")
    client.client_kill_filter(_type="normal", skipme=True)
    await poll_until_reached(source)
    sample = await source.read()
    assert (sample.note, sum(bool(row.user) for row in sample.frame.rows)) == ("", SESSIONS)


async def poll_until_reached(source: SessionsSource) -> None:
    """Read until the lost connection is made again."""

    async def is_reached() -> bool:
        try:
            await source.read()
        except AwayError:
            return False
        return True

    await until_async(is_reached)
