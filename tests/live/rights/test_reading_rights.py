"""A user with few rights: what is missing is named all at once, and of those sessions that it concerns."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.core.rights import remedy
from redis_dash.dialects.base import SessionPattern
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until, until_async
from tests.live.conftest import running
from tests.live.limited import SESSIONS, about, allow, config, context, refusals
from tests.live.searching import found, searching
from tests.live.test_hub import Desk

HASHES = 3
HASH_KEYS = [f"web:{'f' * 27}{number:03}" for number in range(HASHES)]


@pytest.fixture
async def with_hashes(server: EmbeddedServer) -> AsyncIterator[Context]:
    """The same, with sessions that are hashes, too."""
    made = context(both_kinds(server.port))
    yield made
    await made.deployment.close()


def both_kinds(port: int) -> Config:
    return msgspec.structs.replace(config(port), sessions=("sess:*", SessionPattern("web:*", "hash")))


def add_hashes(client: redis.Redis) -> None:
    for key in HASH_KEYS:
        client.hset(key, mapping={"email": "ann@example.com"})


# -- a command that only some sessions need --------------------------------------------------------------------------


async def test_only_the_users_of_those_that_are_not_read_are_unknown(client: redis.Redis, with_hashes: Context) -> None:
    add_hashes(client)
    allow(client, "~*", "&*", "+@all", "-hgetall")
    source = SessionsSource(with_hashes)
    for _ in range(2):
        await with_hashes.keyspace.pass_over()
        sample = await source.read()
        number = SESSIONS + HASHES
        assert sample.note == f"not allowed to run HGETALL: the users of {HASHES} of {number} listed are unknown"
        assert sample.rules == ("+hgetall",)
        assert sum(bool(row.user) for row in sample.frame.rows) == SESSIONS


async def test_where_no_session_is_read_all_users_are_unknown(client: redis.Redis, limited: Context) -> None:
    allow(client, "~*", "&*", "+@all", "-get", "-getrange")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    assert (sample.note, sample.rules) == ("not allowed to run GET: users are unknown", ("+get",))


async def test_users_that_were_read_before_the_right_was_taken_may_have_changed(
    client: redis.Redis, limited: Context
) -> None:
    allow(client, "~*", "&*", "+@all")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    assert (await source.read()).status == "ok"
    allow(client, "~*", "&*", "+@all", "-get", "-getrange")
    await limited.deployment.close()
    sample = await source.read()
    assert all(row.user for row in sample.frame.rows)
    assert sample.note == "not allowed to run GET: users may have changed since"
    allow(client, "~*", "&*", "+@all")
    await limited.deployment.close()
    assert (await source.read()).note == ""


async def test_unknown_formats_are_told_beside_a_missing_right(client: redis.Redis, with_hashes: Context) -> None:
    add_hashes(client)
    client.set("sess:odd", b"\xff\xfe\xfd\x00")
    allow(client, "~*", "&*", "+@all", "-hgetall")
    source = SessionsSource(with_hashes)
    await with_hashes.keyspace.pass_over()
    note = (await source.read()).note
    assert f"the users of {HASHES} of" in note
    assert f"1 of {SESSIONS + HASHES + 1} listed have a format that is not known here" in note


async def test_values_that_are_not_read_are_no_misfit_of_the_settings(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    allow(client, "~*", "&*", "+@all", "-get", "-getrange")
    made = context(msgspec.structs.replace(config(server.port), sessions=(SessionPattern("sess:*", "json", "email"),)))
    source = SessionsSource(made)
    await made.keyspace.pass_over()
    assert (await source.read()).note == "not allowed to run GET: users are unknown"
    await made.deployment.close()


async def test_a_search_goes_on_where_only_some_sessions_need_the_command(
    client: redis.Redis, with_hashes: Context
) -> None:
    add_hashes(client)
    allow(client, "~*", "&*", "+@all", "-hgetall")
    source = SessionsSource(with_hashes)
    await with_hashes.keyspace.pass_over()
    async with searching(source) as search:
        search("user17@")
        result = await found(source)
    assert [row.user for row in result.rows] == ["user17@example.com"]
    assert (result.read, result.refused, result.note, result.coverage) == (SESSIONS, HASHES, "", 1.0)


async def test_a_search_ends_where_no_session_can_be_read(client: redis.Redis, with_hashes: Context) -> None:
    add_hashes(client)
    allow(client, "~*", "&*", "+@all", "-hgetall", "-get", "-getrange")
    source = SessionsSource(with_hashes)
    await with_hashes.keyspace.pass_over()
    async with searching(source) as search:
        search("user17@")
        result = await found(source)
    assert (result.rows, result.note) == ((), "not allowed to run GET, HGETALL")


# -- all rights at once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "note"),
    [
        (
            ("~*", "+@all", "-scan", "-get", "-getrange", "-pttl", "-hgetall"),
            "not allowed to run SCAN, PTTL, GET, HGETALL",
        ),
        (("~sess:*", "+@all", "-scan", "-hgetall"), "not allowed to run SCAN, HGETALL, nor to read web:*"),
        (("~*", "+@all", "-scan", "-pttl"), "not allowed to run SCAN, PTTL"),
        (("~rl:*", "+@all", "-scan", "-pttl"), "not allowed to run SCAN, PTTL, nor to read sess:*, web:*"),
        (("~rl:*", "+@all", "-scan"), "not allowed to run SCAN, nor to read sess:*, web:*"),
        (("-@all", "+pttl"), "not allowed to run SCAN, GET, HGETALL, nor to read sess:*, web:*"),
    ],
)
async def test_all_rights_that_are_missing_are_named_at_once(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...], note: str
) -> None:
    add_hashes(client)
    allow(client, "&*", *rules)
    async with running(Hub(both_kinds(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("sessions") == "off")
        told = desk.latest["sessions"]
        assert told.note == note
        client.execute_command(*told.remedy.split())  # type: ignore[no-untyped-call]
        await until(lambda: desk.statuses().get("sessions") in ("ok", "reduced") and desk.frame("sessions").rows != ())
        after = desk.latest["sessions"]
        assert (after.remedy, len(desk.frame("sessions").rows)) == ("", SESSIONS + HASHES), after


async def test_rights_on_keys_that_cannot_be_tried_yet_are_announced(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    """Without a right to run any command on a key nobody knows which keys may be read: the server tells only then."""
    allow(client, "-@all")
    async with running(Hub(config(server.port))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("sessions") == "off")
        told = desk.latest["sessions"]
        assert told.note == "not allowed to run SCAN, PTTL, GET; rights to read sess:* cannot be checked yet"
        client.execute_command(*told.remedy.split())  # type: ignore[no-untyped-call]
        await until(lambda: "keys" in (desk.statuses() and desk.latest["sessions"].note))
        told = desk.latest["sessions"]
        assert about(told.note) == f"{SESSIONS} keys may not be read: counted, but not listed"
        assert told.remedy.removesuffix("~sess:*") in ("ACL SETUSER w ", "ACL SETUSER w %R")
        client.execute_command(*told.remedy.split())  # type: ignore[no-untyped-call]
        await until(lambda: desk.statuses().get("sessions") in ("ok", "reduced") and not desk.latest["sessions"].remedy)
        assert len(desk.frame("sessions").rows) == SESSIONS


async def test_that_is_announced_where_keys_can_be_scanned_too(client: redis.Redis, limited: Context) -> None:
    allow(client, "-@all", "+scan")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    assert (await source.read()).note.endswith("; rights to read sess:* cannot be checked yet")


@pytest.mark.parametrize(
    "rules",
    [
        ("~rl:*", "+@all", "-get", "-getrange", "-pttl"),
        ("~rl:*", "+@all", "-get", "-getrange"),
        ("~rl:*", "+@all", "-hgetall"),
        ("~sess:*1", "+@all", "-pttl", "-get", "-getrange", "-hgetall"),
    ],
)
async def test_where_keys_can_be_scanned_what_is_named_is_enough_too(
    client: redis.Redis, limited: Context, rules: tuple[str, ...]
) -> None:
    allow(client, "&*", *rules)
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    sample = await source.read()
    client.execute_command(*remedy("w", sample.rules).split())  # type: ignore[no-untyped-call]
    await limited.keyspace.pass_over()

    async def is_whole() -> bool:  # refused commands are tried again seldom
        nonlocal sample
        sample = await source.read()
        return (sample.note, sample.rules) == ("", ())

    await until_async(is_whole)
    assert all(row.user for row in sample.frame.rows)
    assert len(sample.frame.rows) == SESSIONS


@pytest.mark.parametrize(
    ("make", "rules", "note"),
    [
        (RateLimitsSource, ("~sess:*", "+@all", "-time"), "not allowed to run TIME, nor to read rl:*"),
        (
            LeaderboardsSource,
            ("~sess:*", "+@all", "-zcard", "-scan"),
            "not allowed to run SCAN, ZCARD, nor to read lb:*",
        ),
    ],
)
async def test_other_topics_name_keys_beside_commands(
    client: redis.Redis,
    server: EmbeddedServer,
    make: type[RateLimitsSource] | type[LeaderboardsSource],
    rules: tuple[str, ...],
    note: str,
) -> None:
    allow(client, "&*", *rules)
    settings = msgspec.structs.replace(config(server.port), leaderboards=("lb:*",))
    async with running(Hub(settings)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get(make.topic) == "off")
        told = desk.latest[make.topic]
        assert told.note == note
        client.execute_command(*told.remedy.split())  # type: ignore[no-untyped-call]
        await until(lambda: desk.statuses().get(make.topic) in ("ok", "reduced"))
        assert not desk.latest[make.topic].remedy, desk.latest[make.topic]


@pytest.mark.parametrize(
    ("rules", "rounds"),
    [
        (("~sess:*", "+@all", "-scan", "-zcard"), 1),
        (("~board", "+@all", "-scan"), 1),
        (("-@all",), 2),  # rights on keys cannot be checked before any command on a key is allowed
    ],
)
async def test_boards_of_which_one_is_named_in_full_need_no_further_grant(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...], rounds: int
) -> None:
    allow(client, "&*", *rules)
    for _ in range(rounds + 1):
        document, _ = await take(config(server.port), 0.0, ["leaderboards"], full=True)
        told = json.loads(document)["topics"]["leaderboards"]
        if "remedy" not in told:
            break
        rounds -= 1
        client.execute_command(*told["remedy"].split())  # type: ignore[no-untyped-call]
    assert (told["status"], rounds) == ("ok", 0), told


# -- keys that may not be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [("+@all",), ("+@all", "-get", "-getrange"), ("+@all", "-hgetall")])
async def test_keys_that_may_not_be_read_are_told_alike_whatever_else_is_missing(
    client: redis.Redis, server: EmbeddedServer, limited: Context, rules: tuple[str, ...]
) -> None:
    allow(client, "~sess:*1", "&*", *rules)
    source = SessionsSource(limited)
    for _ in range(3):
        await limited.keyspace.pass_over()
        sample = await source.read()
        frame = sample.frame
        assert (len(frame.rows), frame.refused.value, frame.count.value) == (3, SESSIONS - 3, SESSIONS)
        assert f"{SESSIONS - 3} keys may not be read" in about(sample.note)
        assert "the time left" not in sample.note
    document, _ = await take(config(server.port), 0.0, ["sessions"], full=True)
    exported = json.loads(document)["topics"]["sessions"]["frame"]
    assert (exported["count"], len(exported["rows"]), exported["refused"]) == (SESSIONS, 3, SESSIONS - 3)


async def test_keys_are_seldom_tried_again_where_a_command_is_missing_too(
    client: redis.Redis, limited: Context
) -> None:
    """Each attempt is an entry in the server's ACL LOG."""
    for number in range(300):
        client.set(f"sess:0{number:029x}", "{}")
    allow(client, "~page*", "&*", "+@all", "-get", "-getrange")
    source = SessionsSource(limited)
    for _ in range(3):
        await limited.keyspace.pass_over()
        await source.read()
    before = refusals(client)
    for _ in range(5):
        await source.read()
    assert refusals(client) - before < 5 * 30


async def test_keys_that_may_be_read_later_are_listed_while_a_command_is_missing(
    client: redis.Redis, limited: Context
) -> None:
    allow(client, "~page*", "&*", "+@all", "-get", "-getrange")
    source = SessionsSource(limited)
    await limited.keyspace.pass_over()
    assert (await source.read()).frame.rows == ()
    allow(client, "~*", "&*", "+@all", "-get", "-getrange")
    await limited.deployment.close()
    await source.read()
    sample = await source.read()
    assert (len(sample.frame.rows), sample.frame.refused.value) == (SESSIONS, 0)
    assert (sample.note, sample.rules) == ("not allowed to run GET: users are unknown", ("+get",))
