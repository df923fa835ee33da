"""Counts and rows stay exact while sessions and clients come and go, as the server names them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.info import Info
from redis_dash.config import Url
from redis_dash.core.certainty import Count
from redis_dash.core.resp import Command
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.sources.base import Context, Source
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.relay import relay
from tests.live.test_sources import accept, sign_in
from tests.live.tracking import listening

MakeContext = Callable[..., Context]
KEY_GROUPS = {"sessions": ("session:*",), "limits": ("ratelimit:*",), "any": ("*:lock",)}


async def test_sessions_that_come_and_go_between_two_passes_are_counted_exactly(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for name in ("ann", "bob"):
        sign_in(client, name)
    context = make_context()
    source = SessionsSource(context)
    async with listening(context.tracking):
        await context.keyspace.pass_over()
        assert (await source.read()).frame.count.certainty == "exact"
        for number in range(20):
            sign_in(client, f"new{number}")
        client.delete(sign_in(client, "bob"))
        client.set("another", "x")
        frame = (await source.read()).frame  # no pass in between
        assert (frame.count.value, frame.count.certainty, len(frame.rows)) == (21, "exact", 21)


async def test_no_session_is_counted_that_is_not_listed(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan may deliver its sessions between the reading of the values and the count."""
    keys = [sign_in(client, name) for name in ("ann", "bob", "eve")]
    context = make_context()
    source, count = SessionsSource(context), SessionsSource._count

    async def late(reading: SessionsSource, began: float, *, all_named: bool) -> Count:
        await source.examine(keys)
        return await count(reading, began, all_named=all_named)

    monkeypatch.setattr(SessionsSource, "_count", late)
    del context.keyspace.readers["sessions"]
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.count.value, frame.count.certainty, len(frame.rows)) == (3, "exact", 3)


async def test_clients_that_become_blocked_between_two_passes_are_shown_at_once(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is true even if not all clients can be followed."""
    monkeypatch.setattr("redis_dash.sources.rate_limits.FOLLOWED", 100)
    for number in range(1000):
        accept(client, f"10.0.{number // 250}.{number % 250}", [1.0, 2.0])
    context = make_context()
    source = RateLimitsSource(context)
    async with listening(context.tracking, "limits"):
        await context.keyspace.pass_over()
        await source.read()
        blocked = {f"10.0.{number // 250}.{number % 250}" for number in range(0, 1000, 20)}
        for identity in blocked:
            accept(client, identity, [number / 10 for number in range(100)])
        frame = (await source.read()).frame
        assert {row.identity for row in frame.rows if row.blocked} == blocked
        assert (frame.blocked.value, frame.blocked.certainty) == (50, "at_least")


async def test_sessions_that_are_renewed_stand_first_between_two_passes(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.sessions.FOLLOWED", 50)
    for number in range(500):
        sign_in(client, f"u{number:04}", ttl=1000 + number)
    context = make_context()
    source = SessionsSource(context)
    async with listening(context.tracking):
        await context.keyspace.pass_over()
        await source.read()
        for number in range(7):
            client.expire(f"session:u{number:04}-0123456789-0123456789", 9000)
        rows = (await source.read()).frame.rows
        assert {row.user for row in rows[:7]} == {f"u{number:04}@example.com" for number in range(7)}


async def test_clients_that_go_by_the_hundred_while_others_are_read_are_not_counted(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.rate_limits.FOLLOWED", 100)
    for number in range(190):
        accept(client, f"c{number}", [1.0])
    context = make_context()
    source = RateLimitsSource(context)
    async with listening(context.tracking, "limits"):
        await context.keyspace.pass_over()
        assert (await source.read()).frame.count.value == 190
        clock, done = source._clock, list[int]()

        async def meanwhile() -> object:
            if not done:
                done.append(client.delete(*(f"ratelimit:c{number}" for number in range(180))))
            return await clock()

        monkeypatch.setattr(source, "_clock", meanwhile)
        count = (await source.read()).frame.count
        assert (count.value, count.certainty) == (10, "exact")
        done.clear()

        async def many_more() -> object:
            if not done:
                done.append(1)
                for number in range(400):
                    accept(client, f"new{number}", [1.0])
            return await clock()

        monkeypatch.setattr(source, "_clock", many_more)
        count = (await source.read()).frame.count
        assert count.certainty != "exact" or count.value == 410
        assert count.holds(410), count


async def test_another_replication_id_in_the_middle_of_a_pass_begins_it_afresh(
    make_context: MakeContext, client: redis.Redis
) -> None:
    """The same happens when a master gets its first replica: the connection stays open."""
    pipe = client.pipeline(transaction=False)
    for number in range(8000):
        pipe.set(f"session:{number}", "{}")
    pipe.execute()
    context = make_context(budget=1.0)
    changed: list[int] = []

    async def change(keys: object) -> None:
        if not changed:
            changed.append(context.keyspace.done)
            info = await context.deployment.info(max_age_s=-1)
            other = info._replace(values={**info.values, "master_replid": "another"})
            assert context.keyspace.counts.count("sessions", other).certainty == "unknown"

    context.keyspace.readers["sessions"] = change
    await context.keyspace.pass_over()
    count = context.keyspace.counts.count("sessions", await context.deployment.info(max_age_s=-1))
    assert changed
    assert count.value == 8000


async def test_what_comes_while_somebody_who_has_gone_is_asked_for_is_not_missed(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "ann")
    context = make_context()
    source = SessionsSource(context)
    pipeline, meanwhile = context.deployment.pipeline, [["bob"], ["cho", "dan"]]

    async def moving(commands: Sequence[Command]) -> list[object]:
        if commands and commands[0][0] == b"PTTL" and meanwhile:
            for key in client.scan_iter("session:bob*"):
                client.delete(key)
            for name in meanwhile.pop(0):
                client.set(f"session:{name}-0123456789abcdef", json.dumps({"user": name}), ex=100)
        return await pipeline(commands)

    async with listening(context.tracking):
        await context.keyspace.pass_over()
        await source.read()
        monkeypatch.setattr(context.deployment, "pipeline", moving)
        count = (await source.read()).frame.count
        assert not meanwhile
        assert count.certainty != "exact" or count.value == 3


async def test_nothing_is_exact_by_names_that_are_still_on_their_way(
    make_context: MakeContext, client: redis.Redis, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.client_tracking.ANSWER_S", 0.1)
    async with relay(embedded_server.port) as link:
        context = make_context()
        counts = context.keyspace.counts
        counts.tracking = ClientTracking(Url(link.url), {"sessions": ("session:*",)}, 0.01)
        async with listening(counts.tracking):
            await context.keyspace.pass_over()
            client.set("other", "x")
            assert (await counts.count_now("sessions")).certainty == "exact"  # because the server has named nothing
            link.hold = asyncio.Event()
            client.set("session:0123456789abcdef", "{}")
            assert (await counts.count_now("sessions")).certainty != "exact"
            link.hold.set()


async def test_clients_that_are_dropped_while_they_are_counted_are_not_forgotten(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.rate_limits.FOLLOWED", 10)
    for number in range(15):
        accept(client, str(number), [1.0])
    context = make_context()
    source, counts = RateLimitsSource(context), context.keyspace.counts
    info_after = counts.info_after

    async def meanwhile(moment: float) -> Info | None:
        for number in range(15, 30):
            accept(client, str(number), [1.0])
        await source.examine([f"ratelimit:{number}".encode() for number in range(15, 30)])
        return await info_after(moment)

    async with listening(context.tracking, "limits"):
        await context.keyspace.pass_over()
        assert (await source.read()).frame.count.value == 15
        monkeypatch.setattr(counts, "info_after", meanwhile)
        count = (await source.read()).frame.count
        assert count.holds(15) or count.holds(30)


async def test_sessions_that_nobody_has_written_are_not_read_again(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for number in range(200):
        sign_in(client, f"u{number:04}")
    context = make_context()
    source = SessionsSource(context)
    async with listening(context.tracking):
        await context.keyspace.pass_over()
        await source.read()
        before = context.deployment.watching_cost().commands
        frame = (await source.read()).frame
        assert (frame.count.value, frame.count.certainty) == (200, "exact")
        assert context.deployment.watching_cost().commands - before < 100


async def test_after_the_tracking_was_lost_every_session_is_read_again(
    make_context: MakeContext, client: redis.Redis
) -> None:
    keys = [sign_in(client, f"u{number:04}") for number in range(100)]
    context = make_context()
    source = SessionsSource(context)
    async with listening(context.tracking):
        await context.keyspace.pass_over()
        await source.read()
    client.delete(*keys[50:])
    client.expire(keys[0], 90_000)
    client.set(keys[1], json.dumps({"email": "somebody.else@example.com"}), keepttl=True)
    async with listening(context.tracking):
        frame = (await source.read()).frame
    assert frame.count.value == len(frame.rows) == 50
    assert frame.rows[0].user == "u0000@example.com"
    assert "somebody.else@example.com" in {row.user for row in frame.rows}


async def test_a_session_that_expires_unnoticed_is_not_counted(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may delete an expired key late, and names it only then."""
    monkeypatch.setattr("redis_dash.sources.sessions.IN_TURN", 0)
    sign_in(client, "ann")
    soon = sign_in(client, "bob")
    hz = client.config_get("hz")["hz"] or 10
    client.config_set("hz", 1)
    try:
        context = make_context()
        source = SessionsSource(context)
        async with listening(context.tracking):
            client.pexpire(soon, 900)
            expires = time.monotonic() + 0.9
            await context.keyspace.pass_over()
            assert (await source.read()).frame.count.value == 2
            await until(lambda: time.monotonic() > expires)
            frame = (await source.read()).frame
        assert (frame.count.value, [row.user for row in frame.rows]) == (1, ["ann@example.com"])
    finally:
        client.config_set("hz", hz)


@pytest.mark.parametrize(
    ("make_source", "group", "key"),
    [(SessionsSource, "sessions", "session:{:032x}"), (RateLimitsSource, "limits", "ratelimit:10.0.0.{}")],
)
async def test_a_database_that_is_emptied_during_the_reading_holds_none(
    make_context: MakeContext,
    client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    make_source: Callable[[Context], Source[Any]],
    group: str,
    key: str,
) -> None:
    """The server does not name the keys then: what was read just before is gone."""
    client.mset({key.format(number): 5 for number in range(40)})
    context = make_context()
    source, counts = make_source(context), context.keyspace.counts
    counts.tracking = context.tracking
    info_after = counts.info_after

    async def later(moment: float) -> Info | None:
        if client.dbsize():
            client.flushall()
            await until(lambda: not context.tracking.covers(group, began))
        return await info_after(moment)

    async with listening(context.tracking, group):
        await context.keyspace.pass_over()
        assert (await source.read()).frame.count.value == 40
        monkeypatch.setattr(counts, "info_after", later)
        began = time.time()
        frame = (await source.read()).frame
    assert (frame.rows, frame.count.low) == ((), 0)
    assert frame.count.value == 0
