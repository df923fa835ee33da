"""Companion keys: changed in one step with the session, told one by one, and put back exactly as they were."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.actions.carry_out import carry_out
from redis_dash.client import node as nodes
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import Outcome, RevokeSession
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.companions import (
    FILLS,
    ID,
    IN_LIST,
    KEY,
    MEMBER_OF,
    OTHER,
    SHOWN,
    USERS_KEY,
    MakeContext,
    everything,
    lookups_of_others,
    pattern,
    row_of,
    sign_in,
)
from tests.live.conftest import running
from tests.live.relay import Relay, relay


@pytest.mark.parametrize("kind", list(FILLS))
async def test_a_member_is_removed_and_put_back(
    kind: str, deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    FILLS[kind](client)
    before = everything(client)
    row = await row_of(deployment, make_context, IN_LIST)
    assert row.companions == (f"{SHOWN} is removed from {USERS_KEY}",)
    outcome = await carry_out(deployment, RevokeSession(row), (IN_LIST,))
    assert outcome.result == "deleted"
    assert f"{SHOWN} is removed from {USERS_KEY}" in outcome.detail
    assert not client.exists(KEY)
    assert ID not in str(everything(client))
    assert ID not in repr(outcome)
    assert outcome.undo is not None
    undone = await carry_out(deployment, outcome.undo, (IN_LIST,))
    assert undone.result == "restored", undone.detail
    assert everything(client) == before


async def test_a_key_of_the_session_is_deleted_and_put_back(
    deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    client.hset(f"data:{ID}", mapping={"cart": "3"})
    client.expire(f"data:{ID}", 3000)
    client.set(f"flash:{ID}", "hello")
    before = everything(client)
    wanted = pattern(Companion("data:{id}"), Companion("flash:{id}"))
    row = await row_of(deployment, make_context, wanted)
    outcome = await carry_out(deployment, RevokeSession(row), (wanted,))
    assert everything(client) == {}
    assert outcome.detail.endswith(f"is deleted; data:{SHOWN} is deleted; flash:{SHOWN} is deleted")
    assert outcome.undo is not None
    assert (await carry_out(deployment, outcome.undo)).result == "restored"
    assert everything(client) == before


async def test_each_companion_is_told(deployment: Deployment, make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client)
    client.sadd(USERS_KEY, OTHER)
    client.xadd("log", {"a": "b"})
    client.set("plain", ID)
    wanted = pattern(
        Companion(MEMBER_OF, "{id}"),
        Companion("none:{id}"),
        Companion("log", "{id}"),
        Companion("plain", "{id}"),
        Companion("of:{account.nobody}", "{id}"),
    )
    row = await row_of(deployment, make_context, wanted)
    assert row.companions[-1] == "of:(not known) stays as it is: account.nobody is not in the value"
    before = everything(client)
    outcome = await carry_out(deployment, RevokeSession(row), (wanted,))
    del before[KEY.encode()]
    assert everything(client) == before
    _, *told = outcome.detail.split("; ")
    assert told == [
        f"{SHOWN} was not in {USERS_KEY}",
        f"none:{SHOWN} does not exist",
        "log stays as it was: it is no set, sorted set, list or hash, but of the type stream",
        "plain stays as it was: it is no set, sorted set, list or hash, but of the type string",
        "of:(not known) stays as it was: account.nobody is not in the session",
    ]


async def test_a_long_list_is_left_alone(
    deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    """A script that looks through it would hold up the server."""
    sign_in(client)
    client.rpush(USERS_KEY, ID, *range(10_000))
    row = await row_of(deployment, make_context, IN_LIST)
    outcome = await carry_out(deployment, RevokeSession(row), (IN_LIST,))
    assert outcome.detail.endswith(f"{USERS_KEY} stays as it was: it is a list of more than 10,000 elements")
    assert client.llen(USERS_KEY) == 10_001


async def test_a_row_that_was_read_before_its_pattern_was_known_is_revoked(
    deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    client.set(KEY, json.dumps({"email": "ann@example.com", "_permanent": True}))
    row = await row_of(deployment, make_context, SessionPattern("app:s:*"))
    assert row.dialect == "json"
    patterns = (SessionPattern("app:s:*", "Flask-Session"), SessionPattern("*", "msgpack", user="a"))
    assert (await carry_out(deployment, RevokeSession(row), patterns)).result == "deleted"


async def test_a_session_that_changed_keeps_its_companions(
    deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    client.sadd(USERS_KEY, ID)
    row = await row_of(deployment, make_context, IN_LIST)
    client.set(KEY, json.dumps({"account": {"mail": "eve@example.com"}}))
    outcome = await carry_out(deployment, RevokeSession(row), (IN_LIST,))
    assert outcome.result == "changed since, not deleted"
    assert client.smembers(USERS_KEY) == {ID.encode()}


async def test_an_undo_overwrites_nothing(
    deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    client.zadd("recent", {ID: 5})
    client.set(f"data:{ID}", "old")
    client.rpush(USERS_KEY, ID)
    wanted = pattern(Companion("recent", "{id}"), Companion("data:{id}"), Companion(MEMBER_OF, "{id}"))
    row = await row_of(deployment, make_context, wanted)
    outcome = await carry_out(deployment, RevokeSession(row), (wanted,))
    client.zadd("recent", {ID: 9})
    client.set(f"data:{ID}", "new")
    client.set(USERS_KEY, "another type")
    assert outcome.undo is not None
    undone = await carry_out(deployment, outcome.undo)
    assert (undone.result, client.exists(KEY)) == ("restored", 1)
    assert (client.zscore("recent", ID), client.get(f"data:{ID}"), client.get(USERS_KEY)) == (
        9,
        b"new",
        b"another type",
    )
    _, *told = undone.detail.split("; ")
    assert told[:2] == ["recent already has what was removed", f"data:{SHOWN} already has what was removed"]
    assert told[2].startswith(f"{USERS_KEY} is not put back: WRONGTYPE")


async def test_if_the_session_exists_again_no_companion_is_put_back(
    deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    client.sadd(USERS_KEY, ID)
    row = await row_of(deployment, make_context, IN_LIST)
    outcome = await carry_out(deployment, RevokeSession(row), (IN_LIST,))
    sign_in(client)
    assert outcome.undo is not None
    assert (await carry_out(deployment, outcome.undo)).result == "exists again, not restored"
    assert not client.exists(USERS_KEY)


@pytest.mark.parametrize("kind", list(FILLS))
async def test_our_lookups_stay_ours(
    kind: str, deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    FILLS[kind](client)
    client.set(f"data:{ID}", "x")
    wanted = pattern(Companion(MEMBER_OF, "{id}"), Companion("data:{id}"), Companion("none", "{id}"))
    row = await row_of(deployment, make_context, wanted)
    others = await lookups_of_others(deployment)
    outcome = await carry_out(deployment, RevokeSession(row), (wanted,))
    assert await lookups_of_others(deployment) == others
    assert outcome.undo is not None
    await carry_out(deployment, outcome.undo)
    assert await lookups_of_others(deployment) == others


# -- trouble ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def way(
    client: redis.Redis, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Relay]:
    monkeypatch.setattr(nodes, "REPLY_TIMEOUT_S", 0.3)
    async with relay(embedded_server.port) as way:
        yield way


async def lost(way: Relay, client: redis.Redis, make_context: MakeContext) -> Outcome:
    sign_in(client)
    client.sadd(USERS_KEY, ID)
    deployment = Deployment(Url(way.url))
    row = await row_of(deployment, make_context, IN_LIST)
    way.lose("EVAL", "unanswered")
    try:
        return await carry_out(deployment, RevokeSession(row), (IN_LIST,))
    finally:
        way.back()
        await deployment.close()


async def test_after_a_lost_answer_the_undo_says_what_it_leaves_out(
    way: Relay, client: redis.Redis, make_context: MakeContext
) -> None:
    outcome = await lost(way, client, make_context)
    assert outcome.result == "not known"
    assert outcome.detail.endswith("an undo would not put back what may be removed from other keys")
    assert outcome.undo is not None
    assert outcome.undo.companions == ()


async def test_in_a_cluster_the_session_is_deleted_alone(
    way: Relay, client: redis.Redis, make_context: MakeContext
) -> None:
    """A node of a cluster refuses a script whose keys are in several slots."""
    sign_in(client)
    client.sadd(USERS_KEY, ID)
    deployment = Deployment(Url(way.url))
    row = await row_of(deployment, make_context, IN_LIST)
    way.answer("EVAL", b"-CROSSSLOT Keys in request don't hash to the same slot\r\n")
    outcome = await carry_out(deployment, RevokeSession(row), (IN_LIST,))
    await deployment.close()
    assert (outcome.result, client.exists(KEY), client.smembers(USERS_KEY)) == ("deleted", 0, {ID.encode()})
    assert outcome.detail.endswith(f"{USERS_KEY} stays as it was: it is in another slot of the cluster")


async def test_the_dashboard_revokes_with_companions(redis_url: str, client: redis.Redis) -> None:
    sign_in(client)
    client.sadd(USERS_KEY, ID, OTHER)
    hub = Hub(Config(url=redis_url, sessions=(IN_LIST,), refresh_s=0.1))
    async with running(hub):
        frames: list[SessionsFrame] = []

        def has_row() -> bool:
            frames.extend(one.frame for one in hub.drain() if one.topic == "sessions" and one.frame is not None)
            return bool(frames and frames[-1].rows)

        await until(has_row)
        outcome = await hub.submit(RevokeSession(frames[-1].rows[0]))
        assert (outcome.result, client.smembers(USERS_KEY)) == ("deleted", {OTHER.encode()})
        assert outcome.undo is not None
        await hub.submit(outcome.undo)
        assert client.smembers(USERS_KEY) == {ID.encode(), OTHER.encode()}
