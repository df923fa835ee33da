"""Client tracking: counts stay exact while sessions and clients come and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.info import Info
from redis_dash.config import Url
from redis_dash.core.resp import Command
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.sources.base import Context
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until, until_async
from tests.live.relay import relay
from tests.live.test_sources import accept, sign_in

MakeContext = Callable[..., Context]
KEY_GROUPS = {"sessions": ("session:*",), "limits": ("ratelimit:*",), "any": ("*:lock",)}


@contextlib.asynccontextmanager
async def listening(tracking: ClientTracking, key_group: str = "sessions") -> AsyncIterator[ClientTracking]:
    """Run the tracking; it covers the key group from here on."""
    task = asyncio.create_task(tracking.run())
    try:
        await until(lambda: tracking.covers(key_group, float("inf")))
        yield tracking
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def taken(tracking: ClientTracking, key_group: str = "sessions") -> list[bytes]:
    with tracking.reading(key_group) as take:
        return await take()


async def test_each_key_that_is_written_or_gone_is_named_in_its_key_group(redis_url: str, client: redis.Redis) -> None:
    client.set("session:old", "x")
    client.set("session:short", "x", px=30)
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:
        client.set("session:new", "x")
        client.expire("session:old", 50)
        client.set("a:lock", "x")
        client.zadd("ratelimit:a", {"x": 1})
        client.get("session:new")
        assert set(await taken(tracking)) == {b"session:new", b"session:old"}
        assert await taken(tracking) == []
        assert await taken(tracking, "limits") == [b"ratelimit:a"]
        assert not tracking.covers("any", float("inf"))  # its globs have no prefix
        client.delete("session:old")
        assert await taken(tracking) == [b"session:old"]
        named: list[bytes] = []

        async def expired() -> bool:
            named.extend(await taken(tracking))
            return b"session:short" in named

        await until_async(expired)


async def test_patterns_of_which_one_begins_like_another(redis_url: str, client: redis.Redis) -> None:
    key_groups = {"sessions": ("app:*", "app:session:*"), "limits": ("app:limit:*",)}
    async with listening(ClientTracking(Url(redis_url), key_groups, 0.01)) as tracking:
        client.set("app:session:1", "x")
        assert await taken(tracking) == [b"app:session:1"]


async def test_what_was_written_while_it_was_not_connected_is_not_covered(redis_url: str, client: redis.Redis) -> None:
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:
        since = tracking._since["sessions"]
        assert tracking.covers("sessions", since)
        assert not tracking.covers("sessions", since - 1)
        (ours,) = [one for one in client.client_list() if "t" in one["flags"] or one["flags"] == "B"]
        client.client_kill(ours["addr"])
        await until(lambda: tracking.covers("sessions", float("inf")) and tracking._since["sessions"] > since)
        assert not tracking.covers("sessions", since)


async def test_keys_that_are_written_too_often_are_given_up(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.client_tracking.JUDGED_S", 0.05)
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:

        async def given_up() -> bool:
            for number in range(200):
                client.set(f"session:{number}", "x")
            return "sessions" in tracking.given_up

        await until_async(given_up)
        assert not tracking.covers("sessions", float("inf"))
        await until(lambda: tracking.covers("limits", float("inf")))


async def test_keys_that_were_given_up_are_tried_again_and_the_others_are_named_all_along(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.client_tracking.JUDGED_S", 0.05)
    monkeypatch.setattr("redis_dash.keyspace.client_tracking.GIVEN_UP_S", (0.3, 0.3))
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:

        async def given_up() -> bool:
            for number in range(200):
                client.set(f"session:{number}", "x")
            return "sessions" in tracking.given_up

        for attempt in range(3):
            await until_async(given_up)
            assert not tracking.covers("sessions", float("inf"))
            if not attempt:
                await until(lambda: tracking.covers("limits", float("inf")))
                since = time.time()
            await until(lambda: tracking.covers("sessions", float("inf")))
            client.set("session:again", "x")
            assert b"session:again" in await taken(tracking)
            client.zadd("ratelimit:a", {"x": attempt})
            assert await taken(tracking, "limits") == [b"ratelimit:a"]
            assert tracking.covers("limits", since)


async def test_each_pause_is_twice_as_long_as_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    tracking, slept, sleep = ClientTracking(Url("redis://nobody:1"), KEY_GROUPS, 0.01), list[float](), asyncio.sleep
    clock = [0.0]

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    async def give_up(key_groups: Sequence[str]) -> None:
        clock[0] += 700.0 if len(slept) == 7 else 5.0
        tracking.given_up.update(key_groups)

    monkeypatch.setattr("redis_dash.keyspace.client_tracking.asyncio.sleep", note)
    monkeypatch.setattr("redis_dash.keyspace.client_tracking.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(tracking, "_track", give_up)
    task = asyncio.create_task(tracking._try_again("sessions"))
    while len(slept) < 9:
        await sleep(0)
    task.cancel()
    assert slept[:9] == [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0, 30.0, 60.0]


async def test_keys_are_given_up_as_soon_as_they_have_cost_too_much(redis_url: str, client: redis.Redis) -> None:
    """Not only after the five seconds over which the cost is measured."""
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:
        before = tracking.spent_s

        async def given_up() -> bool:
            for number in range(500):
                client.set(f"session:{number}", "x")
            return "sessions" in tracking.given_up

        await until_async(given_up)
        assert tracking.spent_s - before < 0.04  # of 0.025 that tracking may take in five seconds


async def test_after_too_many_keys_to_keep_those_that_are_written_later_are_reported(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.client_tracking.MOST_KEYS", 50)
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 1.0)) as tracking:
        since = tracking._since["sessions"]
        client.mset({f"session:{number}": "x" for number in range(51)})
        await until_async(lambda: not_covered(tracking, since))
        assert tracking.covers("sessions", time.time())
        client.set("session:new", "x")
        assert await taken(tracking) == [b"session:new"]


async def test_without_client_tracking_nothing_is_covered(redis_url: str, client: redis.Redis) -> None:
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all", "-client|tracking"], keys=["*"])
    tracking = ClientTracking(Url(redis_url.replace("redis://", "redis://poor:pw@")), KEY_GROUPS, 0.01)
    task = asyncio.create_task(tracking.run())
    try:
        await until(
            lambda: any("client" in str(entry["reason"]) for entry in client.acl_log()) or bool(client.acl_log())
        )
        assert not tracking.covers("sessions", float("inf"))
        assert await taken(tracking) == []
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        client.acl_deluser("poor")


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


async def test_what_a_reading_that_failed_had_taken_is_taken_again(redis_url: str, client: redis.Redis) -> None:
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:
        client.set("session:new", "x")

        async def read_and_fail() -> None:
            with tracking.reading("sessions") as take:
                assert await take() == [b"session:new"]
                client.set("session:newer", "x")
                assert await take() == [b"session:newer"]
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await read_and_fail()
        assert set(await taken(tracking)) == {b"session:new", b"session:newer"}


async def test_after_a_flush_only_what_was_written_since_is_reported(redis_url: str, client: redis.Redis) -> None:
    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:
        since = tracking._since["sessions"]
        client.set("session:new", "x")
        client.flushall()
        await until_async(lambda: not_covered(tracking, since))


async def not_covered(tracking: ClientTracking, since: float) -> bool:
    await taken(tracking)
    return not tracking.covers("sessions", since)


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
