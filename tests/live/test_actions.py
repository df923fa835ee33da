"""Writes: only the confirmed key changes, it is checked just before, the outcome is reported, undo restores all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.client.deployment import Deployment
from redis_dash.core.commands import Publish, RevokeSession
from redis_dash.core.credential import Credential
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.test_sources import sign_in


@pytest.fixture
async def ann(make_context: Callable[..., Context], client: redis.Redis) -> SessionRow:
    sign_in(client, "ann")
    sign_in(client, "bob")
    client.set("other", "x")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    rows = (await source.read()).frame.rows
    return next(row for row in rows if row.user == "ann@example.com")


def contents(client: redis.Redis) -> dict[bytes, object]:
    keys = client.keys("*")
    assert isinstance(keys, list)
    return {bytes(key): client.get(key) for key in keys if isinstance(key, bytes)}


async def test_revoke_deletes_that_key_and_no_other(
    deployment: Deployment, client: redis.Redis, ann: SessionRow
) -> None:
    before = contents(client)
    outcome = await carry_out(deployment, RevokeSession(ann))
    assert outcome.result == "deleted"
    del before[ann.key.reveal()]
    assert contents(client) == before


async def test_undo_restores_value_and_lifetime(deployment: Deployment, client: redis.Redis, ann: SessionRow) -> None:
    before = contents(client)
    outcome = await carry_out(deployment, RevokeSession(ann))
    assert outcome.undo is not None
    assert (await carry_out(deployment, outcome.undo)).result == "restored"
    assert contents(client) == before
    ttl = client.ttl(ann.key.reveal())
    assert 86_390 < ttl <= 86_400
    assert (await carry_out(deployment, outcome.undo)).result == "exists again, not restored"


async def test_a_session_that_never_expires_comes_back_so(
    deployment: Deployment, client: redis.Redis, ann: SessionRow
) -> None:
    client.persist(ann.key.reveal())
    outcome = await carry_out(deployment, RevokeSession(ann))
    assert outcome.undo is not None
    await carry_out(deployment, outcome.undo)
    assert client.ttl(ann.key.reveal()) == -1


async def test_already_gone(deployment: Deployment, client: redis.Redis, ann: SessionRow) -> None:
    client.delete(ann.key.reveal())
    outcome = await carry_out(deployment, RevokeSession(ann))
    assert (outcome.result, outcome.undo) == ("already gone", None)


@pytest.mark.parametrize(
    "value", [json.dumps({"email": "eve@example.com", "role": "user", "created_at": 1.7e9}), "no session at all"]
)
async def test_changed_since(deployment: Deployment, client: redis.Redis, ann: SessionRow, value: str) -> None:
    client.set(ann.key.reveal(), value)
    outcome = await carry_out(deployment, RevokeSession(ann))
    assert outcome.result == "changed since, not deleted"
    assert client.get(ann.key.reveal()) == value.encode()


async def test_ordinary_activity_is_no_change(deployment: Deployment, client: redis.Redis, ann: SessionRow) -> None:
    sign_in(client, "ann", last_page="/cart")
    assert (await carry_out(deployment, RevokeSession(ann))).result == "deleted"


async def test_a_session_in_constant_use_is_revoked_or_left_whole(
    deployment: Deployment, client: redis.Redis, ann: SessionRow
) -> None:
    """Each use renews the lifetime: WATCH notices that, and the check is repeated."""
    key, stop = ann.key.reveal(), asyncio.Event()

    async def use() -> int:
        used = 0
        while not stop.is_set():
            await asyncio.to_thread(client.getex, key, 86_400)
            used += 1
        return used

    using = asyncio.create_task(use())
    outcome = await carry_out(deployment, RevokeSession(ann))
    stop.set()
    assert await using > 0
    assert outcome.result in ("deleted", "changed since, not deleted")
    assert client.exists(key) == (outcome.result != "deleted")


async def test_a_missing_right_is_reported_and_nothing_changes(
    deployment: Deployment, client: redis.Redis, redis_url: str, ann: SessionRow
) -> None:
    from redis_dash.config import Url

    client.acl_setuser("reader", enabled=True, passwords=["+pw"], commands=["+@all", "-@write"], keys=["*"])
    try:
        reader = Deployment(Url(redis_url.replace("redis://", "redis://reader:pw@")))
        with pytest.raises(SourceError, match=r"(?i)not deleted|no permissions"):
            await carry_out(reader, RevokeSession(ann))
        assert client.exists(ann.key.reveal())
        assert await reader.one(b"PING") == b"PONG"
        await reader.close()
    finally:
        client.acl_deluser("reader")


async def test_revoking_a_value_that_cannot_be_read(deployment: Deployment, client: redis.Redis) -> None:
    key = b"session:list-0123456789"
    client.rpush(key, "x")
    row = SessionRow(Credential(key), "list…", "", "", None, None, None, "unknown")
    outcome = await carry_out(deployment, RevokeSession(row))
    assert outcome.result == "deleted"
    assert outcome.undo is not None
    await carry_out(deployment, outcome.undo)
    assert client.lrange(key, 0, -1) == [b"x"]


async def test_publish(deployment: Deployment, client: redis.Redis) -> None:
    listener = client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe("demo:control")
    assert listener.get_message(timeout=2)
    assert (await carry_out(deployment, Publish("demo:control", "{}"))).result == "sent"
    message = listener.get_message(timeout=2)
    assert message is not None
    assert message["data"] == b"{}"
    listener.close()
    await until(lambda: client.pubsub_numsub("demo:control") == [(b"demo:control", 0)])
    outcome = await carry_out(deployment, Publish("demo:control", "{}"))
    assert (outcome.result, outcome.detail) == ("not received", "no client is subscribed to demo:control")
