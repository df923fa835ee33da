"""A user who may run GETRANGE and not GET reads values; a key that may not be read changes nothing for the others."""

from __future__ import annotations

import json

import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.core.resp import ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.discover import discover
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from tests.live.limited import SESSIONS, allow
from tests.live.rights.test_unread_kinds import settings

RULES = ("&*", "+@all", "-get")


async def test_a_locked_key_is_told_as_such_and_others_are_read_further(client: redis.Redis, limited: Context) -> None:
    """Since GET is refused whatever the key, it says nothing of the key."""
    allow(client, "~page:*", *RULES)
    for _ in range(3):
        locked, page = await limited.deployment.pipeline([(b"GET", b"rl:10.0.0.1"), (b"GET", b"page:1")])
        assert isinstance(locked, ReplyError)
        assert (missing_right(locked), page) == ("keys", b"x")


async def test_sessions_are_read_beside_keys_that_may_not_be_read(client: redis.Redis, limited: Context) -> None:
    allow(client, "~sess:*", *RULES)
    source = SessionsSource(limited)
    for _ in range(3):
        await limited.deployment.pipeline([(b"GET", b"rl:10.0.0.1")])
        await limited.keyspace.pass_over()
        sample = await source.read()
        assert (sample.status, sample.note) == ("ok", "")
        assert len({row.user for row in sample.frame.rows}) == SESSIONS


async def test_all_kinds_that_may_be_read_are_recognised_alike(client: redis.Redis, server: EmbeddedServer) -> None:
    client.flushall()
    for kind in range(40):
        client.mset({f"sealed{kind}:item:{number}": 1 for number in range(20)})
    for number in range(30):
        client.set(f"rl:10.0.0.{number}", 3, ex=600)
    for number in range(10):
        client.set(f"rl:checkout:10.0.0.{number}", 3, ex=600)
    client.set("rl:enabled", "yes")
    allow(client, "~rl:*", *RULES)
    document, _ = await discover(settings(server), as_json=True)
    told = json.loads(document)
    kinds = {one["keys"]: one for one in told["kinds"]}
    for name in ("rl:*", "rl:checkout:*"):
        assert [one["as"] for one in kinds[name]["recognised"]] == ["rate-limit-redis"], name
        assert kinds[name]["refused"] == 0
    assert (kinds["rl:enabled"]["refused"], kinds["rl:enabled"]["recognised"]) == (0, [])
    assert not any("GET" in words for words in told["refused"]), told["refused"]


async def test_without_both_all_kinds_say_that_rights_are_missing(client: redis.Redis, server: EmbeddedServer) -> None:
    client.flushall()
    for number in range(30):
        client.set(f"rl:10.0.0.{number}", 3, ex=600)
        client.set(f"rl:checkout:10.0.0.{number}", 3, ex=600)
    allow(client, "~rl:*", *RULES, "-getrange")
    document, _ = await discover(settings(server), as_json=True)
    told = json.loads(document)
    assert {(one["keys"], one["refused"]) for one in told["kinds"]} == {("rl:*", 16), ("rl:checkout:*", 16)}
    assert told["refused"] == ["not allowed to run GET"]


async def test_get_serves_while_it_is_just_found_that_getrange_is_refused(
    client: redis.Redis, limited: Context
) -> None:
    """Several pipelines may be under way when the first refusal comes."""
    allow(client, "~page:*", "&*", "+@all", "-getrange")
    (node,) = limited.deployment.nodes
    assert await node.pipeline([(b"GET", b"page:1")]) == [b"x"]
    node._value_heads.refused = False  # as it is for the others until the first one has its values
    assert await node.pipeline([(b"GET", b"page:1")]) == [b"x"]
