"""A session dialect needs one line in ``SESSION_DIALECTS``; listing, search and revocation then use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.client.deployment import Deployment
from redis_dash.core.commands import RevokeSession
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.resp import Command
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.registry import SESSION_DIALECTS
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from tests.live.searching import found, searching
from tests.live.test_sources import sign_in

MakeContext = Callable[..., Context]


class HashSession:
    """A toy dialect: a session is a hash."""

    name = "hash"

    def read(self, key: bytes) -> Command:
        return (b"HGETALL", key)

    def decode(self, reply: object) -> SessionFacts | None:
        if not isinstance(reply, list) or not reply:
            return None
        texts = [part.decode() for part in reply]
        fields = dict(zip(texts[::2], texts[1::2], strict=True))
        return SessionFacts(fields.pop("user", ""), fields.pop("role", ""), fields=tuple(fields.items()))

    def searchable(self, reply: object) -> bytes | None:
        return b"\n".join(reply) if isinstance(reply, list) else None


@pytest.fixture(autouse=True)
def hash_dialect() -> Iterator[None]:
    """Register the toy dialect."""
    dialect = HashSession()
    SESSION_DIALECTS.append(dialect)
    yield
    SESSION_DIALECTS.remove(dialect)


def sign_in_by_hash(client: redis.Redis, name: str, **more: str) -> bytes:
    key = f"session:{name}-0123456789-0123456789"
    fields: dict[Any, Any] = {"user": f"{name}@example.com", "role": "admin", **more}
    client.hset(key, mapping=fields)
    client.expire(key, 86_400)
    return key.encode()


async def rows_of(context: Context) -> dict[str, SessionRow]:
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    return {row.user: row for row in (await source.read()).frame.rows}


async def revocable(make_context: MakeContext, client: redis.Redis) -> SessionRow:
    """The row of Bob, whose session is a hash."""
    sign_in(client, "ann")
    sign_in_by_hash(client, "bob", plan="gold")
    return (await rows_of(make_context()))["bob@example.com"]


def calls(client: redis.Redis, command: str) -> tuple[int, int]:
    """How often a command was called since the statistics were reset, and how often it failed."""
    stats = client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0, "failed_calls": 0})
    return stats["calls"], stats["failed_calls"]


async def test_sessions_of_two_dialects_are_listed_together(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client, "ann")
    sign_in_by_hash(client, "bob", plan="gold")
    client.rpush("session:odd-0123456789", "x")
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.count.value, frame.count.certainty) == (3, "exact")
    assert {(row.user, row.role, row.dialect) for row in frame.rows} == {
        ("ann@example.com", "user", "json"),
        ("bob@example.com", "admin", "hash"),
        ("", "", "unknown"),
    }
    assert next(row for row in frame.rows if row.dialect == "hash").fields == (("plan", "gold"),)


async def test_the_dialect_of_a_key_is_remembered(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client, "ann")
    key = sign_in_by_hash(client, "bob")
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    await source.read()
    client.config_resetstat()
    await source.read()
    assert calls(client, "hgetall") == (1, 0)
    assert calls(client, "getrange") == (1, 0)
    client.delete(key)
    client.set(key, json.dumps({"email": "eve@example.com"}))  # rewritten in the other dialect
    rows = (await source.read()).frame.rows
    assert {(row.user, row.dialect) for row in rows} == {("ann@example.com", "json"), ("eve@example.com", "json")}


async def test_the_usual_dialect_is_tried_first(make_context: MakeContext, client: redis.Redis) -> None:
    """If all sessions are in one dialect, each new session is read by one command."""
    sign_in(client, "ann")
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    client.config_resetstat()
    await source.read()
    assert calls(client, "hgetall") == (0, 0)
    client.flushdb()
    for number in range(10):
        sign_in_by_hash(client, f"bob{number}")
    await context.keyspace.pass_over()
    await source.read()
    client.config_resetstat()
    sign_in_by_hash(client, "new")
    await context.keyspace.pass_over()
    assert "new@example.com" in {row.user for row in (await source.read()).frame.rows}
    assert calls(client, "getrange") == (0, 0)


async def test_the_lookups_of_every_dialect_are_our_own(
    make_context: MakeContext, deployment: Deployment, client: redis.Redis
) -> None:
    sign_in(client, "ann")
    for number in range(10):
        sign_in_by_hash(client, f"bob{number}")
    before = await deployment.info(max_age_s=-1)
    await rows_of(make_context())
    after = await deployment.info(max_age_s=-1)
    for field, ours in (("keyspace_hits", "own_hits"), ("keyspace_misses", "own_misses")):
        counted = int(after.values[field]) - int(before.values[field])
        assert counted == getattr(after, ours) - getattr(before, ours)


@pytest.mark.parametrize("text", ["bob7@", "plan=gold-7", "bob7-0123"])
async def test_a_search_finds_sessions_of_each_dialect(
    make_context: MakeContext, client: redis.Redis, text: str
) -> None:
    for number in range(200):
        sign_in(client, f"ann{number}")
        if number % 10 == 7:
            sign_in_by_hash(client, f"bob{number}", plan=f"gold-{number}")
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search(text)
        result = await found(source)
        numbers = [7, 77] if text == "plan=gold-7" else [7]
        assert {(row.user, row.dialect) for row in result.rows} == {(f"bob{n}@example.com", "hash") for n in numbers}
        assert (result.read, result.note) == (220, "")
        search("ann12")
        assert len((await found(source)).rows) == 11


async def test_a_session_of_another_dialect_is_revoked_and_brought_back(
    make_context: MakeContext, deployment: Deployment, client: redis.Redis
) -> None:
    row = await revocable(make_context, client)
    key = row.key.reveal()
    before = client.hgetall(key)
    outcome = await carry_out(deployment, RevokeSession(row))
    assert outcome.result == "deleted"
    assert not client.exists(key)
    assert outcome.undo is not None
    assert (await carry_out(deployment, outcome.undo)).result == "restored"
    assert client.hgetall(key) == before
    assert 86_390 < client.ttl(key) <= 86_400


@pytest.mark.parametrize("without", [["-dump"], ["-dump", "-eval"], ["-eval"]])
async def test_it_is_revoked_without_the_right_to_dump_or_to_run_scripts(
    make_context: MakeContext,
    make_poor: Callable[..., Deployment],
    client: redis.Redis,
    without: Sequence[str],
) -> None:
    row = await revocable(make_context, client)
    poor = make_poor(*without)
    before = await poor.info(max_age_s=-1)
    outcome = await carry_out(poor, RevokeSession(row))
    assert (outcome.result, outcome.undo is None) == ("deleted", "-dump" in without)
    assert not client.exists(row.key.reveal())
    after = await poor.info(max_age_s=-1)
    assert int(after.values["keyspace_hits"]) - int(before.values["keyspace_hits"]) == after.own_hits - before.own_hits


@pytest.mark.parametrize("without", [[], ["-dump"], ["-dump", "-eval"]])
async def test_it_is_not_revoked_once_it_is_another_users(
    make_context: MakeContext,
    make_poor: Callable[..., Deployment],
    client: redis.Redis,
    without: Sequence[str],
) -> None:
    row = await revocable(make_context, client)
    key = row.key.reveal()
    client.hset(key, "user", "eve@example.com")
    assert (await carry_out(make_poor(*without), RevokeSession(row))).result == "changed since, not deleted"
    assert client.exists(key)
    client.delete(key)
    client.set(key, json.dumps({"email": "bob@example.com", "role": "admin"}))  # the same user in another dialect
    assert (await carry_out(make_poor(*without), RevokeSession(row))).result == "changed since, not deleted"
    client.delete(key)
    assert (await carry_out(make_poor(*without), RevokeSession(row))).result == "already gone"


async def test_sessions_are_read_where_only_their_own_dialect_is_allowed(
    make_context: MakeContext, make_poor: Callable[..., Deployment], client: redis.Redis
) -> None:
    sign_in_by_hash(client, "bob")
    context = make_context()
    context.deployment = make_poor("-get", "-getrange", "-strlen")
    source = SessionsSource(context)
    await source.examine(list(client.scan_iter("session:*")))
    await context.keyspace.pass_over()
    sample = await source.read()
    assert [(row.user, row.dialect) for row in sample.frame.rows] == [("bob@example.com", "hash")]
    assert "not allowed" not in sample.note
