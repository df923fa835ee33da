"""How many keys may not be read: as many as there are now, with bounds; keys that are gone are not among them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
import redis

from redis_dash.core.certainty import Count
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.limited import allow

MANY = 3000
ALL = ("&*", "+@all")
LAST = 50


@contextlib.asynccontextmanager
async def after_one_slice(context: Context, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The first pass waits after its first slice."""
    reached, going_on = asyncio.Event(), asyncio.Event()

    async def hold_back() -> None:
        reached.set()
        await going_on.wait()

    monkeypatch.setattr(context.keyspace, "_hold_back", hold_back)
    task = asyncio.create_task(context.keyspace.pass_over())
    await until(reached.is_set)
    try:
        yield
    finally:
        going_on.set()
        await task


def write(client: redis.Redis, glob: str, number: int, begin: int = 0) -> None:
    """Keys of which nothing else is in the database."""
    pipe = client.pipeline(transaction=False)
    for place in range(begin, begin + number):
        pipe.set(glob.replace("*", f"{place:030x}"), 1, ex=600)
    pipe.execute()


def holds(count: Count, truth: int) -> None:
    assert count.holds(truth), (count, truth)


@pytest.mark.parametrize("some_allowed", [False, True])
async def test_in_the_first_pass_the_number_is_an_estimate_of_all(
    client: redis.Redis, limited: Context, monkeypatch: pytest.MonkeyPatch, some_allowed: bool
) -> None:
    client.flushall()
    write(client, "sess:*", MANY)
    allow(client, "~sess:*[05a]" if some_allowed else "~other*", *ALL)
    refused = MANY - sum(place % 16 in (0, 5, 10) for place in range(MANY)) if some_allowed else MANY
    source = SessionsSource(limited)
    async with after_one_slice(limited, monkeypatch):
        assert 0 < limited.keyspace.share < 0.9
        sample = await source.read()
        frame = sample.frame
        assert frame.count.certainty == "estimated"
        assert frame.refused.certainty == "estimated"
        holds(frame.refused, refused)
        assert frame.refused.value <= frame.count.value
        assert f"~{frame.refused.value:,} keys may not be read" in sample.note


async def test_clients_are_estimated_alike(
    client: redis.Redis, limited: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.flushall()
    write(client, "rl:*", MANY)
    allow(client, "~other*", *ALL)
    source = RateLimitsSource(limited)
    async with after_one_slice(limited, monkeypatch):
        sample = await source.read()
        assert sample.note == f"~{sample.frame.count.value:,} keys may not be read: counted, but not listed"


async def test_keys_that_come_and_go_are_not_added_up(client: redis.Redis, limited: Context) -> None:
    """Those that may not be read cannot be asked for: only a pass shows that they are gone."""
    client.flushall()
    allow(client, "~sess:*[0]", *ALL)
    source, begin = SessionsSource(limited), 0
    for _ in range(4):
        client.flushall()
        write(client, "sess:*", LAST, begin)
        await limited.keyspace.pass_over()
        write(client, "sess:*", LAST, begin + LAST)  # the scan has not seen these
        names = range(begin, begin + 2 * LAST)
        client.delete(*(f"sess:{place:030x}" for place in names[: LAST // 2]))
        await source.examine([f"sess:{place:030x}".encode() for place in names[LAST:]])  # as the tracking names them
        sample = await source.read()
        frame = sample.frame
        holds(frame.refused, sum(bool(place % 16) for place in names[LAST // 2 :]))
        assert frame.refused.value <= frame.count.value
        assert (frame.refused.high or 0) <= (frame.count.high or 0)
        begin += 2 * LAST


async def test_refused_keys_that_are_all_gone_are_none(client: redis.Redis, limited: Context) -> None:
    client.flushall()
    write(client, "sess:*", LAST)
    allow(client, "~other*", *ALL)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    assert (await source.read()).frame.refused.value == LAST
    client.flushall()
    await limited.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.refused.value, frame.refused.high) == (0, 0)


async def test_the_snapshot_says_how_certain_the_number_is(client: redis.Redis, limited: Context) -> None:
    allow(client, "~sess:*1", *ALL)
    await limited.keyspace.pass_over()
    source = SessionsSource(limited)
    exported = (await source.read()).frame.exported()
    assert isinstance(exported, dict)
    frame = msgspec.json.decode(msgspec.json.encode(exported))
    assert frame["refused_low"] <= frame["refused"] <= frame["refused_high"] <= frame["high"]
    assert frame["refused_certainty"] in ("counted", "exact")


async def test_a_name_of_a_board_that_may_not_be_read_is_no_key(
    client: redis.Redis, limited: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a key of this name exists is not known before the pass is complete."""
    client.flushall()
    write(client, "sess:*", MANY)
    allow(client, "~sess:*", *ALL)
    source = LeaderboardsSource(limited)
    async with after_one_slice(limited, monkeypatch):
        for _ in range(2):
            sample = await source.read()
            assert "may not be read" not in sample.note
            assert sample.note == "not allowed to read board: whether it exists is not known yet"
            assert sample.frame.count.certainty in ("unknown", "estimated", "at_least")
    sample = await source.read()
    assert (sample.status, sample.note, sample.frame.count.value) == ("ok", "", 0)
