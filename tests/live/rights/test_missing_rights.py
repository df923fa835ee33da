"""Rights for commands, channels and writing: what is missing is named, with the ACL rule that would grant it."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.actions.carry_out import carry_out
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.hub import Hub
from redis_dash.snapshot import OK, take
from redis_dash.sources.base import Context, Source
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live import versions
from tests.live.conftest import running
from tests.live.limited import BOARDS, CLIENTS, SESSIONS, about, allow, config
from tests.live.test_hub import Desk


def needs(client: redis.Redis, major: int) -> None:
    """Skip the test on an older server."""
    versions.needs(client, major, what="these rules")


# -- the scan --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "known"),
    [(SessionsSource, SESSIONS), (RateLimitsSource, CLIENTS), (LeaderboardsSource, BOARDS), (CacheSource, 1)],
)
async def test_without_the_scan_a_count_is_a_lower_bound_of_when_it_was_counted(
    client: redis.Redis, server: EmbeddedServer, make: type[Source[Any]], known: int
) -> None:
    """Keys that come afterwards are not seen, unless the server names them as they are written."""
    allow(client, "~*", "&*", "+@all")
    topic = make.topic
    async with running(Hub(config(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: hub.passes > 1 and desk.all_are("ok"))
        allow(client, "~*", "&*", "+@all", "-scan", "-client")
        client.client_kill_filter(_type="normal", skipme=True)  # the tracking of the earlier connection ends
        await until(lambda: desk.statuses()[topic] == "reduced" and hub.scan().stopped != "")
        passed = time.time()
        for number in range(5):
            client.set(f"sess:new{number}", "{}")
            client.set(f"rl:new{number}", 1)
            client.zadd(f"lb:new{number}", {"ann": 1})
            client.set(f"page:new{number}", 1)

        def read_since() -> bool:
            desk.statuses()
            return desk.latest[topic].taken_at > passed + 0.1

        await until(read_since)
        reading = desk.latest[topic]
    count = reading.count
    assert count is not None
    assert (count.certainty, count.low <= known) == ("at_least", True)
    assert count.high is None or count.high >= known + 5
    assert 0 < count.at <= passed
    assert "not allowed to run SCAN: new keys may be missed" in reading.note
    assert "+scan" in reading.remedy


async def test_a_scan_that_was_never_allowed_counts_nothing(client: redis.Redis, server: EmbeddedServer) -> None:
    allow(client, "~*", "&*", "+@all", "-scan")
    async with running(Hub(config(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: len(desk.statuses()) > 1 and {"cache", "sessions"} <= set(desk.statuses()))
        await until(lambda: desk.statuses()["cache"] == "reduced" and desk.statuses()["sessions"] == "off")
    assert desk.latest["cache"].note == "not allowed to run SCAN: no keys are counted"
    assert (desk.latest["sessions"].note, desk.latest["sessions"].remedy) == (
        "not allowed to run SCAN",
        "ACL SETUSER w +scan",
    )


# -- commands and channels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "topic", "note", "remedy"),
    [
        (("resetchannels", "+@all"), "events", "not allowed to listen to *", "ACL SETUSER w &*"),
        (("&*", "+@all", "-psubscribe"), "events", "not allowed to run PSUBSCRIBE", "ACL SETUSER w +psubscribe"),
        (("&*", "+@all", "-info"), "server", "not allowed to run INFO", "ACL SETUSER w +info"),
        (("&*", "+@all", "-time"), "rate_limits", "not allowed to run TIME", "ACL SETUSER w +time"),
        (("&*", "+@all", "-zcard"), "leaderboards", "not allowed to run ZCARD", "ACL SETUSER w +zcard"),
    ],
)
async def test_what_is_off_names_the_right_and_the_rule(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...], topic: str, note: str, remedy: str
) -> None:
    allow(client, "~*", *rules)
    async with running(Hub(config(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get(topic) == "off")
    assert (desk.latest[topic].note, desk.latest[topic].remedy) == (note, remedy)


@pytest.mark.parametrize(
    ("rules", "note", "remedy"),
    [
        (("&orders*", "+@all"), "not allowed to listen to pay*, audit", "ACL SETUSER w &pay* &audit"),
        (("&orders*", "&pay*", "+@all"), "not allowed to listen to audit", "ACL SETUSER w &audit"),
        (
            ("&*", "+@all", "-subscribe"),
            "not allowed to run SUBSCRIBE: audit is not received",
            "ACL SETUSER w +subscribe",
        ),
    ],
)
async def test_channels_that_are_allowed_are_received_and_the_others_are_named(
    client: redis.Redis,
    server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
    rules: tuple[str, ...],
    note: str,
    remedy: str,
) -> None:
    monkeypatch.setattr("redis_dash.pubsub.subscriber.ASK_AGAIN_S", 0.2)
    allow(client, "~*", "resetchannels", *rules)
    settings = msgspec.structs.replace(config(server.port), channels=("orders*", "pay*", "audit"))
    async with running(Hub(settings)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("events") == "reduced")
        assert (desk.latest["events"].note, desk.latest["events"].remedy) == (note, remedy)
        client.publish("orders.new", "1")
        await until(lambda: bool(desk.statuses()) and desk.frame("events").received == 1)
        assert "audit" not in desk.frame("events").patterns
        client.execute_command(*remedy.split())  # type: ignore[no-untyped-call]
        await until(lambda: desk.statuses().get("events") == "ok")  # without a new connection, thus without a gap
        client.publish("audit", "2")
        await until(lambda: bool(desk.statuses()) and desk.frame("events").received == 2)
        assert (desk.frame("events").patterns, desk.frame("events").gaps) == (("orders*", "pay*", "audit"), ())


async def test_all_refused_channels_are_named(client: redis.Redis, server: EmbeddedServer) -> None:
    allow(client, "~*", "resetchannels", "+@all")
    settings = msgspec.structs.replace(config(server.port), channels=("orders*", "audit"))
    async with running(Hub(settings)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("events") == "off")
    assert desk.latest["events"].note == "not allowed to listen to orders*, audit"
    assert desk.latest["events"].remedy == "ACL SETUSER w &orders* &audit"


@pytest.mark.parametrize(
    ("make", "without", "note"),
    [
        (RateLimitsSource, ("time", "get", "getrange", "pttl"), "TIME, GET, PTTL"),
        (RateLimitsSource, ("scan", "time", "zcard", "zcount"), "SCAN, TIME, ZCARD, ZCOUNT"),
        (RateLimitsSource, ("zcard", "pttl"), "PTTL"),
        (LeaderboardsSource, ("zcard", "zrevrange"), "ZCARD, ZREVRANGE"),
        (LeaderboardsSource, ("scan", "zrevrange"), "SCAN, ZREVRANGE"),
    ],
)
async def test_all_commands_that_are_missing_are_named_at_once(
    client: redis.Redis, server: EmbeddedServer, make: type[Source[Any]], without: tuple[str, ...], note: str
) -> None:
    allow(client, "~*", "&*", "+@all", *(f"-{command}" for command in without))
    settings = msgspec.structs.replace(config(server.port), leaderboards=("lb:*",))
    async with running(Hub(settings)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get(make.topic) == "off")
        reading = desk.latest[make.topic]
        said = reading.note.removeprefix("not allowed to run ").split(", ")
        assert sorted(said) == sorted(note.split(", "))
        client.execute_command(*reading.remedy.split())  # type: ignore[no-untyped-call]
        await until(lambda: desk.statuses().get(make.topic) in ("ok", "reduced"))
        assert not desk.latest[make.topic].remedy, desk.latest[make.topic]


async def test_one_command_grants_all_that_is_missing(client: redis.Redis, limited: Context) -> None:
    allow(client, "~*", "&*", "+@all", "-get", "-getrange", "-pttl")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert sample.note == (
        "not allowed to run GET: users are unknown; not allowed to run PTTL: the time left is unknown"
    )
    assert sample.rules == ("+get", "+pttl")


async def test_rights_of_a_selector_are_used(client: redis.Redis, limited: Context) -> None:
    """A refusal of one command on a key says nothing about another command."""
    needs(client, 7)
    client.set("sess:another", '{"email": "late@example.com"}')
    allow(client, "~rl:*", "&*", "+@all", "(%R~sess:0* +getrange +get +pttl)", "(%R~sess:another +getrange)")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert len(sample.frame.rows) == SESSIONS + 1
    assert "late@example.com" in {row.user for row in sample.frame.rows}
    assert sample.note == "the time left of 1 may not be read"
    assert sample.frame.count.certainty != "exact"


async def test_the_snapshot_has_the_remedy(client: redis.Redis, server: EmbeddedServer) -> None:
    allow(client, "~sess:*", "&*", "+@all")
    text, code = await take(config(server.port), 0.1)
    topics = msgspec.json.decode(text)["topics"]
    assert code == OK
    assert about(topics["rate_limits"]["note"]) == f"{CLIENTS} keys may not be read: counted, but not listed"
    assert topics["rate_limits"]["remedy"] in ("ACL SETUSER w %R~rl:*", "ACL SETUSER w ~rl:*")
    assert topics["rate_limits"]["frame"]["blocked"] is None
    assert topics["leaderboards"]["frame"]["count"] is None
    assert "remedy" not in topics["sessions"]


# -- signing out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "why", "rule"),
    [
        (("%R~*", "+@all"), "no right to write this key", "~sess:*"),
        (("~*", "+@all", "-del"), "not allowed to run DEL", "+del"),
    ],
)
async def test_who_may_not_sign_out_hears_it_before_and_when_trying(
    client: redis.Redis, limited: Context, rules: tuple[str, ...], why: str, rule: str
) -> None:
    needs(client, 7)
    allow(client, "&*", *rules)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert sample.status == "ok"
    assert (sample.frame.no_delete, sample.frame.delete_remedy) == (why, f"ACL SETUSER w {rule}")
    with pytest.raises(SourceError, match=f"^not deleted: {why}$"):
        await carry_out(limited.deployment, RevokeSession(sample.frame.rows[0]))
    assert len(client.keys("sess:*")) == SESSIONS
    allow(client, "&*", "~*", "+@all")
    frame = (await source.read()).frame
    assert (frame.no_delete, frame.can_undo) == ("", True)


@pytest.mark.parametrize(
    "rules",
    [
        ("%R~*", "+@all"),
        ("~*", "+@all", "-del"),
        ("%R~*", "+@all", "-@write", "-@scripting", "-@transaction"),
        ("~*", "+@all", "-eval", "-watch", "-del"),
    ],
)
async def test_the_told_remedy_is_enough(client: redis.Redis, limited: Context, rules: tuple[str, ...]) -> None:
    needs(client, 7)
    allow(client, "&*", *rules)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    frame = (await source.read()).frame
    assert frame.no_delete
    client.execute_command(*frame.delete_remedy.split())  # type: ignore[no-untyped-call]
    outcome = await carry_out(limited.deployment, RevokeSession(frame.rows[0]))
    assert (outcome.result, len(client.keys("sess:*"))) == ("deleted", SESSIONS - 1)


async def test_without_the_right_to_ask_the_refusal_is_still_about_writing(
    client: redis.Redis, limited: Context
) -> None:
    needs(client, 7)
    allow(client, "&*", "%R~*", "+@all", "-acl")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert (sample.frame.no_delete, sample.frame.can_undo) == ("", None)
    with pytest.raises(SourceError, match=r"^not deleted: no right to write this key$"):
        await carry_out(limited.deployment, RevokeSession(sample.frame.rows[0]))
    assert len(client.keys("sess:*")) == SESSIONS


async def test_without_info_a_rule_does_not_grant_writing(client: redis.Redis, server: EmbeddedServer) -> None:
    """The version is known from HELLO."""
    needs(client, 7)
    allow(client, "~other", "&*", "+@all", "-info")
    async with running(Hub(config(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("rate_limits") == "reduced")
        await until(lambda: bool(desk.statuses()) and desk.latest["rate_limits"].remedy == "ACL SETUSER w %R~rl:*")


async def test_a_missing_right_carries_the_rule(client: redis.Redis, limited: Context) -> None:
    allow(client, "~*", "+@all", "-client|list" if client.info("server")["redis_version"] >= "7" else "-client")
    with pytest.raises(MissingRightError, match=r"^not allowed to run CLIENT") as caught:
        await limited.deployment.one(b"CLIENT", b"LIST")
    assert caught.value.rules[0].startswith("+client")
