"""Client tracking: the server names the keys that are written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Url
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.sources.base import Context
from tests.conftest import until, until_async
from tests.live.relay import relay
from tests.live.tracking import listening, taken
from tests.live.versions import removable

MakeContext = Callable[..., Context]
KEY_GROUPS = {"sessions": ("session:*",), "limits": ("ratelimit:*",), "any": ("*:lock",)}


async def test_each_key_that_is_written_or_gone_is_named_in_its_key_group(redis_url: str, client: redis.Redis) -> None:
    client.set("session:old", "x")
    client.set("session:short", "x", px=30)  # it expires at any time
    named: set[bytes] = set()

    async def others() -> set[bytes]:
        found = await taken(tracking)
        named.update(found)
        return set(found) - {b"session:short"}

    async with listening(ClientTracking(Url(redis_url), KEY_GROUPS, 0.01)) as tracking:
        client.set("session:new", "x")
        client.expire("session:old", 50)
        client.set("a:lock", "x")
        client.zadd("ratelimit:a", {"x": 1})
        client.get("session:new")
        assert await others() == {b"session:new", b"session:old"}
        assert await others() == set()
        assert await taken(tracking, "limits") == [b"ratelimit:a"]
        assert not tracking.covers("any", float("inf"))  # its globs have no prefix
        client.delete("session:old")
        assert await others() == {b"session:old"}

        async def expired() -> bool:
            await others()
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
    commands = ["+@all", *removable(client, ["-client|tracking"])]
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=commands, keys=["*"])
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


@pytest.mark.parametrize("answer", [b"-ERR max number of clients reached\r\n", b"-LOADING Redis is loading\r\n"])
async def test_a_server_that_refuses_for_a_while_is_tracked_soon_after(
    embedded_server: EmbeddedServer, client: redis.Redis, answer: bytes
) -> None:
    """Not after the pause for servers that do not know client tracking."""
    async with relay(embedded_server.port) as link:
        link.answer("HELLO", answer)
        async with listening(ClientTracking(Url(link.url), KEY_GROUPS, 0.01)) as tracking:
            assert tracking.covers("limits", float("inf"))


async def test_the_pause_before_the_next_attempt_ends_when_the_server_is_there(
    embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.client.backoff.FIRST_S", 60.0)
    async with relay(embedded_server.port) as link, listening(ClientTracking(Url(link.url), KEY_GROUPS, 0.01)) as one:
        link.away = True
        await link.hang_up()
        await until(lambda: not one.covers("sessions", float("inf")))
        link.away = False
        one.connect_now()
        await until(lambda: one.covers("sessions", float("inf")))
