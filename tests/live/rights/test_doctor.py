"""``redis-dash doctor``: what it says is true, and each line that it prints is enough. It writes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.diagnosis.report import Report, examine
from redis_dash.doctor import NOT_FULL, OK, doctor
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import about, allow
from tests.live.recordings import replay
from tests.live.rights.least import BESIDES, CHECKS, TOPICS, fill_all, settings
from tests.live.rights.test_agreement import states
from tests.live.rights.test_missing_rights import needs
from tests.live.test_hub import Desk
from tests.live.versions import knows

BASES = [
    ("+get", "~sess:*"),
    ("+multi", "+discard", "+get", "~sess:*"),
    ("+acl|whoami", "+acl|dryrun", "+get", "~sess:*"),
    ("+@all", "-scan", "-psubscribe", "-zcard", "~*", "&*"),
    ("+@all", "-get", "-dbsize", "~*", "&*"),
    ("+@all", "-info", "-acl", "~rl:*", "&orders*"),
    ("+@all", "-multi", "-acl", "-hgetall", "-get", "-getrange", "~*", "&audit"),
    ("+@all", "-multi", "-discard", "-client|tracking", "-time", "~*"),
]
"""What a user may do who lacks something."""


def grant(client: redis.Redis, line: str) -> None:
    client.execute_command(*line.split())  # type: ignore[no-untyped-call]


def base_of(client: redis.Redis, rules: tuple[str, ...]) -> tuple[str, ...]:
    """Rules that the server knows."""
    if any("|" in rule for rule in rules):
        needs(client, 7)
    return ("resetchannels", *rules)


def allow_asking(client: redis.Redis) -> None:
    """Let the user ask what it may do, so that doctor knows all of it."""
    client.execute_command("ACL", "SETUSER", "w", "+acl|whoami", "+acl|dryrun")  # type: ignore[no-untyped-call]


def has_selectors(client: redis.Redis) -> bool:
    return not client.info("server")["redis_version"].startswith("6.")


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        (("-lrange",), "reduced"),
        (("-zcard",), "ok"),
        (("-get", "-getrange"), "reduced"),
        (("-time",), "off"),
        (("-zcard", "-get", "-getrange", "-lrange", "-llen", "-hgetall", "-hlen", "-pttl"), "reduced"),
    ],
    ids=str,
)
async def test_of_limiters_those_count_that_are_there(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...], state: str
) -> None:
    for number in range(20):
        client.rpush(f"LIMITS:LIMITER/10.0.0.{number}/login/5/1/minute", "1764000000.5")
        client.pexpire(f"LIMITS:LIMITER/10.0.0.{number}/login/5/1/minute", 60_000)
    allow(client, "+@all", *rules, "~*", "&*")
    said, shown = await states(Config(url=f"redis://w:pw@127.0.0.1:{server.port}/0"))
    assert (said["rate_limits"], shown["rate_limits"]) == (state, state)


async def examined(port: int) -> Report:
    return await examine(settings(port))


@pytest.mark.parametrize("rules", BASES, ids=" ".join)
@pytest.mark.parametrize("topic", TOPICS)
async def test_each_line_opens_its_topic(
    client: redis.Redis, server: EmbeddedServer, topic: str, rules: tuple[str, ...]
) -> None:
    fill_all(client)
    base = base_of(client, rules)
    allow(client, *base)
    right = {right.name: right for right in (await examined(server.port)).topics}[topic]
    if right.not_told and not has_selectors(client):  # a right that cannot be told yet is in no line
        grant(client, right.line("w"))
        right = {right.name: right for right in (await examined(server.port)).topics}[topic]
    is_complete = await CHECKS[topic](client, server.port) == []
    assert (right.state == "full" and not right.reasons) == is_complete
    assert bool(right.line("w")) == (not is_complete)
    if right.line("w"):
        grant(client, right.line("w"))
        assert await CHECKS[topic](client, server.port) == []
        again = {right.name: right for right in (await examined(server.port)).topics}[topic]
        assert (again.state, again.line("w")) == ("full", "")


@pytest.mark.parametrize("rules", BASES, ids=" ".join)
async def test_each_other_line_opens_what_it_is_for(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...]
) -> None:
    base = base_of(client, rules)
    for name in BESIDES:
        fill_all(client)
        allow(client, *base)
        report = await examined(server.port)
        rights = {right.name: right for right in (*report.topics, *report.besides)}
        before = {"sign out": ("sessions",), "undo": ("sessions", "sign out")}.get(name, ())
        for one in (*before, name):
            if line := rights[one].line("w"):
                grant(client, line)
        assert await CHECKS[name](client, server.port) == [], name


@pytest.mark.parametrize("rules", BASES, ids=" ".join)
async def test_all_topics_at_once(client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...]) -> None:
    fill_all(client)
    allow(client, *base_of(client, rules))
    document, code = await doctor(settings(server.port), as_json=True)
    told = json.loads(document)
    assert code == (OK if {one["state"] for one in told["topics"].values()} == {"full"} else NOT_FULL)
    grant(client, told["all_topics"])
    if not has_selectors(client):
        line = json.loads((await doctor(settings(server.port), as_json=True))[0])["all_topics"]
        grant(client, line or "PING")
    assert (await doctor(settings(server.port), as_json=True))[1] == OK


def changes(client: redis.Redis) -> tuple[Any, ...]:
    return client.info("persistence")["rdb_changes_since_last_save"], sorted(client.keys("*"))


@pytest.mark.parametrize("rules", [*BASES, ("+@all", "~*", "&*"), ("+@all", "-acl", "~*", "&*")], ids=" ".join)
async def test_nothing_is_written(client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...]) -> None:
    fill_all(client)
    allow(client, *base_of(client, rules))
    before = changes(client)
    await examined(server.port)
    assert changes(client) == before


async def test_the_three_ways_of_asking_agree(client: redis.Redis, server: EmbeddedServer) -> None:
    """What DRYRUN says is what queued commands say, and both say what commands that were tried say."""
    needs(client, 7)
    fill_all(client)
    limits = ("-zcard", "-dump", "-eval", "-info", "%R~sess:*", "~rl:*", "&audit")
    seen: dict[str, dict[str, Any]] = {}
    for how, rules in (
        ("ACL DRYRUN", ("+@all", *limits)),
        ("queued and discarded", ("+@all", "-acl", *limits)),
        ("tried", ("+@all", "-acl", "-multi", *limits)),
    ):
        allow(client, "resetchannels", *rules)
        report = await examined(server.port)
        assert report.how == how
        seen[how] = {one.name: one for one in (*report.topics, *report.besides)}
    dry, queued, tried = seen.values()
    assert dry == queued
    for name in TOPICS:
        assert dry[name] == tried[name], name
    assert tried["sign out"].not_told


async def test_a_transaction_that_may_not_be_discarded_is_left_by_closing_the_connection(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    fill_all(client)
    allow(client, "~*", "&*", "+@all", "-discard", "-acl")
    report = await examined(server.port)
    assert report.is_full, report.topics


async def test_the_user_with_next_to_nothing_has_a_dashboard(client: redis.Redis, server: EmbeddedServer) -> None:
    """Each topic says what is missing, and the line that the dashboard tells opens it; nothing is an error of ours."""
    fill_all(client)
    allow(client, "resetchannels", "+get", "~sess:*")
    async with running(Hub(settings(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: set(desk.statuses()) == set(TOPICS))
        assert set(desk.statuses().values()) <= {"off", "reduced"}
        assert all(desk.latest[topic].remedy.startswith("ACL SETUSER w +") for topic in TOPICS)
        assert hub.errors == 0


async def test_keys_that_may_not_be_recognised_are_told_with_the_topic(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    client.flushall()
    replay(client, "fastapi-limiter-0.1")
    allow(client, "&*", "~other*", "~ratelimit:*", "~session:*", "~leaderboard*", "+@all")
    config = Config(url=settings(server.port).url)
    report = await examine(config)
    states = {right.name: right.state for right in report.topics}
    assert states.pop("rate_limits") == "reduced"
    assert set(states.values()) == {"full"}
    right = next(right for right in report.topics if right.name == "rate_limits")
    assert tuple(map(about, right.reasons)) == ("3 keys in 1 kind may not be read: some may be limiters",)
    grant(client, right.line("w"))
    assert (await examine(config)).is_full


async def test_without_the_scan_other_kinds_are_not_known(client: redis.Redis, server: EmbeddedServer) -> None:
    client.flushall()
    replay(client, "fastapi-limiter-0.1")
    allow(client, "&*", "~*", "+@all", "-scan")
    text, code = await doctor(Config(url=settings(server.port).url), as_json=False)
    assert code == NOT_FULL
    assert "which other keys are limiters" in " ".join(text.split())


# -- the text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [*BASES, ("+@all", "~*", "&*")], ids=" ".join)
async def test_the_text_has_80_columns_and_what_is_wrong_comes_first(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...]
) -> None:
    fill_all(client)
    client.set("evil:[red]\x1b[31m", "1")
    allow(client, *base_of(client, rules))
    text, _ = await doctor(settings(server.port), as_json=False)
    lines = text.splitlines()
    assert [line for line in lines if len(line) > 80 and "ACL SETUSER" not in line] == []
    assert "\x1b" not in text
    assert "pw" not in text
    marks = [line[0] for line in lines[: lines.index("What else the dashboard does")] if line[:1] in "✗~?✓" and line]
    assert marks == sorted(marks, key="✗~?✓".index)


async def test_the_document_and_the_exit_codes(client: redis.Redis, server: EmbeddedServer) -> None:
    fill_all(client)
    allow(client, "~*", "&*", "+@all")
    document, code = await doctor(settings(server.port), as_json=True)
    told = json.loads(document)
    assert code == OK
    assert told["target"] == f"redis://w@127.0.0.1:{server.port}/0"
    assert (told["user"], told["server"]["mode"], told["server"]["keys"]) == ("w", "standalone", client.dbsize())
    assert {topic: one["state"] for topic, one in told["topics"].items()} == dict.fromkeys(TOPICS, "full")
    assert abs(told["server"]["clock"]["ahead_s"]) <= told["server"]["clock"]["within_s"] + 0.05
    assert told["server"]["one_pass"]["keys"] == client.dbsize()
    assert told["unknown_commands"] == ([] if knows(client, 7, 2) else ["CLIENT NO-TOUCH"])
    allow(client, "~*", "&*", "+@all", "-ping")
    assert (await doctor(settings(server.port), as_json=True))[1] == NOT_FULL


@pytest.mark.parametrize(
    "framework", ["fastapi-limiter-0.1", "express-session", "fastapi-cache2-json", "flask-limiter-moving-window"]
)
@pytest.mark.parametrize("topic", TOPICS)
async def test_a_line_also_grants_what_recognition_needs(
    client: redis.Redis, server: EmbeddedServer, topic: str, framework: str
) -> None:
    """Nothing is configured, and the scan is allowed: its names show which keys may be of the topic."""
    needs(client, 7)
    client.flushall()
    replay(client, framework)
    config = Config(url=settings(server.port).url)
    allow(client, "resetchannels", "+scan", "+get", "~session:*")
    right = {right.name: right for right in (await examine(config)).topics}[topic]
    if right.line("w"):
        grant(client, right.line("w"))
    again = {right.name: right for right in (await examine(config)).topics}[topic]
    assert (again.state, again.reasons) == ("full", ())


@pytest.mark.parametrize("rules", [(), ("+acl|whoami", "+acl|dryrun")], ids=["queued", "asked"])
async def test_shard_channels_need_a_command_of_their_own(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...]
) -> None:
    needs(client, 7)
    allow(client, "resetchannels", "+psubscribe", "&orders*", *rules)
    config = Config(url=settings(server.port).url, channels=("orders*",), shard_channels=("shard:a",))
    (events,) = (one for one in (await examine(config)).topics if one.name == "events")
    assert events.state != "full"
    assert {"+ssubscribe", "&shard:a"} <= set(events.rules)
    grant(client, events.line("w"))
    allow_asking(client)
    (events,) = (one for one in (await examine(config)).topics if one.name == "events")
    assert events.state == "full"
