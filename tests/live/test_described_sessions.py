"""Sessions as a user describes them, on a real server: listed, searched, exported without secrets, revoked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.config import BoardPattern, Config, LimitPattern
from redis_dash.core.commands import RevokeSession
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.snapshot import take
from redis_dash.sources.base import Context, Sample
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.session_facts import OTHER_TYPE
from redis_dash.sources.sessions import SessionsSource
from tests.live.searching import found, searching

MakeContext = Callable[..., Context]

IDS = [f"Kx9f2LqP7TzW4mN{letter}" for letter in "abcdefg"]
USERS = ["ann@example.com", "bob@example.com"]


async def sample_of(
    make_context: MakeContext, *patterns: SessionPattern
) -> tuple[SessionsSource, Sample[SessionsFrame]]:
    source = SessionsSource(context := make_context(sessions=patterns))
    await context.keyspace.pass_over()
    return source, await source.read()


def value_of(user: str) -> dict[str, Any]:
    return {"data": {"user": {"email": user, "role": "admin"}}, "at": {"made": 1_700_000_000, "seen": 1_700_000_500}}


def described(keys: str, wanted: str) -> SessionPattern:
    return SessionPattern(keys, wanted, "data.user.email", "data.user.role", "at.made", "at.seen")


async def test_several_kinds_of_sessions_are_read_each_in_its_way(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for user, sid in zip(USERS, IDS, strict=False):
        client.set(f"j:{sid}", json.dumps(value_of(user)), ex=1000)
        client.set(f"m:{sid}", msgspec.msgpack.encode(value_of(user)), ex=1000)
        client.hset(f"h:{sid}", mapping={name: json.dumps(part) for name, part in value_of(user).items()})
    kinds = [("j:*", "json"), ("m:*", "msgpack"), ("h:*", "hash")]
    source, sample = await sample_of(make_context, *(described(keys, wanted) for keys, wanted in kinds))
    rows = sample.frame.rows
    assert (sample.note, sample.frame.count.value, sample.frame.count.certainty) == ("", 6, "exact")
    assert sorted(row.user for row in rows) == sorted(3 * USERS)
    assert {row.dialect for row in rows} == {"json", "msgpack", "hash"}
    assert {(row.role, row.created_at, row.last_seen_at) for row in rows} == {("admin", 1.7e9, 1_700_000_500)}
    async with searching(source) as search:
        search("bob@example")
        assert (await found(source)).found == 3


@pytest.mark.parametrize("wanted", ["msgpack", "hash", "Express (connect-redis)"])
async def test_one_pattern_alone_is_read_in_its_way(
    wanted: str, make_context: MakeContext, client: redis.Redis
) -> None:
    value = value_of("ann@example.com")
    if wanted == "hash":
        client.hset(f"s:{IDS[0]}", mapping={name: json.dumps(part) for name, part in value.items()})
    else:
        client.set(f"s:{IDS[0]}", msgspec.msgpack.encode(value) if wanted == "msgpack" else json.dumps(value))
    pattern = described("s:*", wanted)
    source, sample = await sample_of(make_context, pattern)
    (row,) = sample.frame.rows
    assert (row.user, row.dialect) == ("ann@example.com", wanted)
    outcome = await carry_out(source._context.deployment, RevokeSession(row), (pattern,))
    assert (outcome.result, client.exists(f"s:{IDS[0]}")) == ("deleted", 0)


async def test_hashes_without_a_format_are_told_with_what_reads_them(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.hset("s:one", mapping={"email": "eve@example.com", "ip": "203.0.113.9"})
    _, sample = await sample_of(make_context, SessionPattern("s:*"))
    (row,) = sample.frame.rows
    assert sample.note == "1 of 1 listed are no strings: see their details"
    assert 'with format = "hash" in config.toml' in row.fields[0][1]
    _, sample = await sample_of(make_context, SessionPattern("s:*", "hash"))
    (row,) = sample.frame.rows
    assert (row.user, sample.note) == ("eve@example.com", "")


async def test_what_does_not_fit_is_told(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("s:one", json.dumps({"email": "eve@example.com"}), ex=3000)
    client.set("s:two", b"\x81\xa1a\xa1b", ex=2000)
    client.hset("s:three", "email", "eve@example.com")
    client.expire("s:three", 1000)
    _, sample = await sample_of(make_context, SessionPattern("s:*", "json", user="data.user"))
    assert [(row.user, row.dialect, row.fields[0][1]) for row in sample.frame.rows] == [
        ("", "json", "user: data.user is not in the value"),
        ("", "json", "the value is not in the format json, which the settings name"),
        ("", "unknown", OTHER_TYPE.fields[0][1]),
    ]
    assert [row.is_readable for row in sample.frame.rows] == [True, False, False]
    assert "the settings fit no listed session: see their details" in sample.note
    client.set("s:four", json.dumps({"data": {"user": "ann"}}), ex=500)
    _, sample = await sample_of(make_context, SessionPattern("s:*", "json", user="data.user"))
    assert "the settings fit no" not in sample.note


async def test_no_secret_is_exported_wherever_a_path_leads(redis_url: str, client: redis.Redis) -> None:
    for number, (sid, name) in enumerate(zip(IDS, ("sid", "token", "name", "password"), strict=False)):
        value = sid if name in ("sid", "name") else f"swordfish-{number}"
        client.set(f"s:{sid}", json.dumps({"who": {name: value}, "seen": value}), ex=1000)
    talk = io.StringIO()
    for path in ("who.sid", "who.token", "who.name", "who.password", "seen"):
        config = Config(url=redis_url, sessions=(SessionPattern("s:*", "json", user=path, role=path, last_seen=path),))
        document, _ = await take(config, 0.0, ["sessions"], talk, full=True)
        assert len(json.loads(document)["topics"]["sessions"]["frame"]["rows"]) == 4
        assert not [sid for sid in IDS if sid in document + talk.getvalue()]
        assert "swordfish" not in document or path == "seen"


async def test_boards_have_the_names_of_the_settings(make_context: MakeContext, client: redis.Redis) -> None:
    for key in ("lb:2026-W10", "lb:2026-W11", "all", "other:x"):
        client.zadd(key, {"ann": 1})
    boards = (BoardPattern("lb:*", "Weekly"), BoardPattern("all", "Hall of fame"), "other:*")
    source = LeaderboardsSource(context := make_context(leaderboards=boards))
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    names = {board.key: board.name for board in frame.boards}
    assert names == {
        "lb:2026-W10": "Weekly 2026-W10",
        "lb:2026-W11": "Weekly 2026-W11",
        "all": "Hall of fame",
        "other:x": "other:x",
    }
    exported = {board.key: board.exported() for board in frame.boards}
    assert (exported["all"]["key"], exported["all"]["name"]) == ("all", "Hall of fame")
    assert "name" not in exported["other:x"]


@pytest.mark.parametrize(("wanted", "unit"), [("gcra", 1), ("gcra, ms", 1000), ("gcra, µs", 1_000_000)])
async def test_gcra_by_its_plain_format(wanted: str, unit: int, make_context: MakeContext, client: redis.Redis) -> None:
    """At 100 requests in 100 seconds, a key that ends in 30 s has used 30; a part of a second has passed meanwhile."""
    seconds, microseconds = client.time()
    ends = seconds + microseconds / 1e6 + 30
    client.set("g:ann", repr(ends) if unit == 1 else str(int(ends * unit)), ex=60)
    source = RateLimitsSource(context := make_context(limits=(LimitPattern("g:*", "100/100", wanted),)))
    await context.keyspace.pass_over()
    (row,) = (await source.read()).frame.rows
    passed = client.time()[0] - seconds + 1
    assert 30 - passed <= row.used <= 30
    assert (row.limit, row.dialect) == (100, wanted)
