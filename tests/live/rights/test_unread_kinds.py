"""Kinds of keys that our user may not read may be limiters, sessions or caches: nobody claims that there are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash import watches
from redis_dash.config import Config
from redis_dash.discover import discover
from redis_dash.discovery import report
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import allow, refusals
from tests.live.recordings import replay
from tests.live.rights.test_missing_rights import needs
from tests.live.rights.test_refused_keys import reading
from tests.live.test_hub import Desk

LIMITER = "fastapi-limiter-0.1"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "LOOK_S", 0.05)
    monkeypatch.setattr(watches, "FIRST_LOOK_S", 0.05)
    monkeypatch.setattr(report, "REST", 0.0)


def settings(server: EmbeddedServer) -> Config:
    return Config(url=f"redis://w:pw@127.0.0.1:{server.port}/0", refresh_s=0.1)


def grant(client: redis.Redis, remedy: str) -> None:
    client.execute_command(*remedy.split())  # type: ignore[no-untyped-call]


async def reading_of(desk: Desk, topic: str, text: str) -> Any:
    await until(lambda: bool(desk.statuses()) and topic in desk.latest and text in desk.latest[topic].note)
    return desk.latest[topic]


READ = reading  # the rule that lets a user read keys, the least that the server knows


async def test_limiters_that_may_not_be_read_are_told_and_listed_once_they_may(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    client.flushall()
    replay(client, LIMITER)
    allow(client, "&*", "~other*", "+@all")
    async with running(Hub(settings(server))) as hub:
        desk = Desk(hub)
        told = await reading_of(desk, "rate_limits", "3 keys in 1 kind may not be read: some may be limiters")
        assert told.remedy == f"ACL SETUSER w {READ(client, 'fastapi-limiter:*:/items:4:*')}"
        frame = told.frame
        assert (told.status, frame.count.certainty, frame.count.low, frame.rows) == ("reduced", "unknown", 0, ())
        assert frame.exported()["count"] is None
        assert frame.exported()["blocked"] is None
        await until(lambda: {"sessions", "cache"} <= set(desk.statuses()))
        assert [desk.latest[topic].note for topic in ("sessions", "cache")] == ["", ""], "the names are of a limiter"
        grant(client, told.remedy)
        await until(lambda: desk.statuses()["rate_limits"] == "ok" and len(desk.frame("rate_limits").rows) == 3)
        await until(lambda: hub.keys().status == "ok")


async def test_a_number_over_limiters_that_may_not_be_read_is_a_lower_bound(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    client.flushall()
    replay(client, LIMITER)
    for number in range(5):
        client.set(f"ratelimit:10.0.0.{number}", 1, ex=600)
    allow(client, "&*", "~ratelimit:*", "+@all")
    document, _ = await take(settings(server), 0.0, ["rate_limits"], full=True)
    told = json.loads(document)["topics"]["rate_limits"]
    assert told["note"] == "3 keys in 1 kind may not be read: some may be limiters"
    assert (told["frame"]["count"], told["frame"]["certainty"]) == (5, "at_least")
    assert told["frame"]["blocked_certainty"] in ("at_least", "unknown")


async def test_sorted_sets_whose_reading_command_is_refused_are_told(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    client.flushall()
    replay(client, "flask-limiter-moving-window")
    types = {client.type(key) for key in client.keys("*")}
    read = {b"list": "lrange", b"zset": "zrange"}
    (needed,) = {read[kind] for kind in types if kind in read}
    allow(client, "&*", "~*", "+@all", f"-{needed}")
    async with running(Hub(settings(server))) as hub:
        told = await reading_of(Desk(hub), "rate_limits", "may not be read: some may be limiters")
        assert told.remedy == f"ACL SETUSER w +{needed}"
        assert told.frame.count.certainty != "exact"
        grant(client, told.remedy)
        await until(lambda: "limiters" not in hub.keys().note and hub.keys().status == "ok")


@pytest.mark.parametrize(
    ("framework", "topic", "things"),
    [("express-session", "sessions", "sessions"), ("fastapi-cache2-json", "cache", "caches")],
)
async def test_other_topics_say_the_same(
    client: redis.Redis, server: EmbeddedServer, framework: str, topic: str, things: str
) -> None:
    client.flushall()
    replay(client, framework)
    allow(client, "&*", "~other*", "+@all")
    async with running(Hub(settings(server))) as hub:
        desk = Desk(hub)
        told = await reading_of(desk, topic, f"may not be read: some may be {things}")
        if topic == "sessions":
            assert told.frame.exported()["count"] is None
        grant(client, told.remedy)
        await until(lambda: desk.statuses()[topic] == "ok")


# -- the kinds of keys -----------------------------------------------------------------------------------------------


def fill_kinds(client: redis.Redis) -> None:
    client.flushall()
    for number in range(9):
        client.rpush(f"list:{number}", "a")
        client.set(f"text:{number}", "a")


@pytest.mark.parametrize(
    ("rules", "words", "granted"),
    [
        (
            ("~text:*", "+@all", "-type"),
            {"not allowed to run TYPE", "not allowed to read the keys of 1 kind"},
            {"+type", "list:*"},
        ),
        (
            ("~*", "+@all", "-type", "-lrange"),
            {"not allowed to run TYPE", "not allowed to run LRANGE"},
            {"+type", "+lrange"},
        ),
        (
            ("~text:*", "+@all", "-pttl", "-type"),
            {"not allowed to run TYPE", "not allowed to run PTTL", "not allowed to read the keys of 1 kind"},
            {"+type", "+pttl", "list:*"},
        ),
    ],
)
async def test_all_that_is_missing_for_the_kinds_of_keys_is_told_at_once(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...], words: set[str], granted: set[str]
) -> None:
    fill_kinds(client)
    allow(client, "&*", *rules)
    document, _ = await discover(settings(server), as_json=True)
    assert set(json.loads(document)["refused"]) == words
    text, _ = await discover(settings(server), as_json=False)
    remedy = text.split("Left out: ")[1].split(". ", 1)[1].removesuffix(" allows it.")
    assert set(remedy.split()[3:]) == {one if one[0] == "+" else READ(client, one) for one in granted}
    for left_out in remedy.split()[3:]:  # each rule is necessary, and all together are enough
        allow(client, "&*", *rules, *(rule for rule in remedy.split()[3:] if rule != left_out))
        assert "Left out" in (await discover(settings(server), as_json=False))[0]
    allow(client, "&*", *rules, *remedy.split()[3:])
    assert "Left out" not in (await discover(settings(server), as_json=False))[0]


async def test_a_command_that_may_be_needed_is_named_without_a_rule(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    """Whether there are lists among keys that may not be read is not known."""
    fill_kinds(client)
    allow(client, "&*", "~text:*", "+@all", "-lrange")
    text, _ = await discover(settings(server), as_json=False)
    assert "not allowed to read the keys of 1 kind; perhaps LRANGE must be allowed, too." in text
    assert f"ACL SETUSER w {READ(client, 'list:*')} allows it." in text


async def test_without_any_command_on_keys_their_rights_cannot_be_checked(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    fill_kinds(client)
    allow(client, "-@all", "+scan", "+dbsize", "+info")
    text, _ = await discover(settings(server), as_json=False)
    assert "rights to read them cannot be checked yet" in text


async def test_locked_keys_are_tried_again_seldom_and_listed_once_they_may_be_read(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    fill_kinds(client)
    allow(client, "&*", "~text:*", "+@all")
    async with running(Hub(settings(server))) as hub:
        await until(lambda: hub.passes > 1 and hub.keys().status == "reduced")
        looks = hub._watches.discovery._tries
        before = refusals(client)
        await until(lambda: hub._watches.discovery._tries > looks + 10)
        tries = hub._watches.discovery._tries - looks
        assert refusals(client) - before <= 3 * (tries + 1), "type, lifetime and memory of one key"
        grant(client, hub.keys().remedy)
        await until(lambda: hub.keys().status == "ok")


async def test_keys_that_may_only_be_written_are_not_read_again_and_again(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    """TYPE and PTTL need no right to read the key."""
    needs(client, 7)
    fill_kinds(client)
    allow(client, "&*", "~text:*", "%W~list:*", "+@all")
    async with running(Hub(settings(server))) as hub:
        discovery = hub._watches.discovery
        await until(lambda: hub.passes > 1 and "list:*" in hub.keys().remedy)
        looks, tries = discovery.looks, discovery._tries
        await until(lambda: discovery._tries > tries + 10)
        assert discovery.looks == looks
        assert hub.keys().remedy == "ACL SETUSER w %R~list:*"


async def test_a_right_on_keys_is_noticed_where_only_reading_shows_that_it_was_missing(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    fill_kinds(client)
    rules = "&*", "+@all", "-type", "-pttl", "-memory"
    allow(client, "~text:*", *rules)
    async with running(Hub(settings(server))) as hub:
        await until(lambda: hub.passes > 1 and "list:*" in hub.keys().remedy)
        allow(client, "~*", *rules)
        await until(lambda: "list:*" not in hub.keys().remedy and "+type" in hub.keys().remedy)
