"""A server of each kind that is found, some data, and users who may not use all of it."""

from __future__ import annotations

import json
from pathlib import Path

import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import CachePattern, Config, LimitPattern, Url
from redis_dash.core.known_ids import KnownIds
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources import key_groups, tracked
from redis_dash.sources.base import Context
from tests.moving.servers import programs

SESSIONS, CLIENTS, BOARDS = 40, 20, 3
PROGRAMS: list[Path] = programs()


def fill(client: redis.Redis) -> None:
    """Sessions, clients of which one is blocked and four are near, boards and cached pages."""
    pipe = client.pipeline(transaction=False)
    pipe.flushall()
    for number in range(SESSIONS):
        pipe.set(f"sess:{number:030x}", json.dumps({"email": f"user{number}@example.com"}), ex=3600)
    for number in range(CLIENTS):
        pipe.set(f"rl:10.0.0.{number}", 5 * number + 5, ex=600)
    for number in range(BOARDS):
        pipe.zadd(f"lb:{number}", {f"member{place}": place for place in range(5)})
    pipe.set("page:1", "x")
    pipe.hset("page-stats", mapping={"hits": 10, "misses": 2})
    pipe.execute()


def allow(client: redis.Redis, *rules: str) -> None:
    """Give the user ``w`` these rights and no others."""
    client.execute_command("ACL", "SETUSER", "w", "reset", "on", ">pw", *rules)  # type: ignore[no-untyped-call]


def config(port: int) -> Config:
    """Settings for what ``fill`` writes, as the user ``w``."""
    return Config(
        url=f"redis://w:pw@127.0.0.1:{port}/0",
        refresh_s=0.1,
        sessions=("sess:*",),
        limits=(LimitPattern("rl:*", "100/600"),),
        leaderboards=("lb:*", "board"),
        caches=(CachePattern("pages", "page:*", "page-stats"),),
    )


def context(settings: Config) -> Context:
    """A context of the user ``w``; the scan runs only when a test calls ``pass_over``."""
    url = Url(settings.url)
    deployment = Deployment(url)
    keyspace = Keyspace(deployment, key_groups(settings), settings.budget, settings.refresh_s)
    subscriber = Subscriber(url, settings.channels, MessageRing())
    tracking = ClientTracking(url, tracked(settings), settings.budget)
    return Context(settings, deployment, keyspace, subscriber, tracking, KnownIds())


def refusals(client: redis.Redis) -> int:
    """How often the server has refused a command or a key so far."""
    return int(client.info("errorstats").get("errorstat_NOPERM", {"count": 0})["count"])


def about(note: str) -> str:
    """A note without the sign that its number may have changed: keys of ``fill`` have a lifetime."""
    return note.removeprefix("~")
