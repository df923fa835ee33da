"""A session with companion keys of each type."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import redis

from redis_dash.client.deployment import Deployment
from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource

MakeContext = Callable[..., Context]

ID = "Kx9f2LqP7TzW4mNb"
SHOWN = "Kx9f…"
KEY = f"app:s:{ID}"
OTHER = "Qw8e7Rt6Yu5Io4Pa"
MEMBER_OF = "user:{user}:sessions"
USERS_KEY = "user:ann@example.com:sessions"


def pattern(*companions: Companion, **more: Any) -> SessionPattern:
    return SessionPattern("app:s:*", format="json", user="account.mail", companions=companions, **more)


IN_LIST = pattern(Companion(MEMBER_OF, "{id}"))


def sign_in(client: redis.Redis) -> None:
    client.set(KEY, json.dumps({"account": {"mail": "ann@example.com", "tenant": "t1"}}), ex=3600)


async def row_of(deployment: Deployment, make_context: MakeContext, wanted: SessionPattern) -> SessionRow:
    """The row of the session, as the source makes it."""
    return (await frame_of(deployment, make_context, wanted)).rows[0]


async def frame_of(deployment: Deployment, make_context: MakeContext, wanted: SessionPattern) -> SessionsFrame:
    context = make_context(sessions=(wanted,))
    context.deployment = deployment
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    return (await source.read()).frame


def everything(client: redis.Redis) -> dict[bytes, tuple[object, bool]]:
    """Each key: its content, and whether it expires."""
    raw: Any = client
    reads = {
        b"string": raw.get,
        b"set": raw.smembers,
        b"hash": raw.hgetall,
        b"stream": raw.xrange,
        b"list": lambda key: raw.lrange(key, 0, -1),
        b"zset": lambda key: raw.zrange(key, 0, -1, withscores=True),
    }
    return {key: (reads[raw.type(key)](key), raw.pttl(key) > 0) for key in raw.keys("*")}


async def lookups_of_others(deployment: Deployment) -> tuple[int, int]:
    """The server's hits and misses without ours."""
    info = await deployment.info(max_age_s=0)
    hits, misses = (int(info.values[f"keyspace_{name}"]) for name in ("hits", "misses"))
    return hits - info.own_hits, misses - info.own_misses


FILLS: dict[str, Callable[[redis.Redis], object]] = {
    "set": lambda client: client.sadd(USERS_KEY, ID, OTHER),
    "sorted set": lambda client: client.zadd(USERS_KEY, {ID: 1.7e9 + 1 / 3, OTHER: 5}),
    "hash": lambda client: client.hset(USERS_KEY, mapping={ID: b"\xff firefox", OTHER: "x"}),
    "list": lambda client: client.rpush(USERS_KEY, "a", ID, OTHER),
    "end of a list": lambda client: client.rpush(USERS_KEY, OTHER, ID),
    "twice in a list": lambda client: client.rpush(USERS_KEY, ID, ID, OTHER),
    "only member": lambda client: (client.sadd(USERS_KEY, ID), client.expire(USERS_KEY, 5000)),
    "only score": lambda client: (client.zadd(USERS_KEY, {ID: 7}), client.expire(USERS_KEY, 5000)),
    "only element": lambda client: (client.rpush(USERS_KEY, ID), client.expire(USERS_KEY, 5000)),
}
