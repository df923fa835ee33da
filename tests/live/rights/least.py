"""Whether each thing that docs/rights.md has a list of rules for is complete: what is missing, in words."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.client.deployment import Deployment
from redis_dash.client.own_lookups import CALIBRATED
from redis_dash.config import Config, Url
from redis_dash.core.commands import RestoreSession, RevokeSession, ShowRanks
from redis_dash.core.errors import SourceError
from redis_dash.discover import discover
from redis_dash.hub import Hub
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import BOARDS, CLIENTS, SESSIONS, config, context, fill
from tests.live.versions import knows

Check = Callable[[redis.Redis, int], Awaitable[list[str]]]
"""Receives a client that may do all, and the server's port; returns what is missing for the user ``w``."""
ROUNDS = 10
"""Readings of the cache: only some of them need PTTL."""


def settings(port: int) -> Config:
    """Settings for what ``fill_all`` writes; all keys are named, so that none has to be recognised.

    There is one pass: what was counted in it must be kept true by other means.
    """
    return msgspec.structs.replace(config(port), refresh_s=600, channels=("orders*", "audit"), streams=("log",))


def fill_all(client: redis.Redis) -> None:
    """Also a limiter of another type, a stream with a group, and a key in another database."""
    fill(client)
    now = time.time()
    client.zadd("rl:window", {f"{now - place}": now - place for place in range(3)})
    client.expire("rl:window", 600)
    client.zadd("board", {f"member{place}": place for place in range(5)})
    client.xadd("log", {"a": "1"})
    client.xgroup_create("log", "workers")


@contextlib.asynccontextmanager
async def watching(port: int) -> AsyncIterator[Hub]:
    """A hub whose first pass is complete, or cannot be made."""
    async with running(Hub(settings(port))) as hub:
        await until(lambda: bool(hub.passes or hub.watch.keyspace.trouble or hub.deployment.trouble))
        await until(lambda: bool(hub.subscribed or hub.refused) and hub.follows_streams)
        await until(lambda: hub.watch.tracking.tried.is_set())
        yield hub


async def read(hub: Hub, topic: str) -> tuple[Any, list[str]]:
    """A topic, read twice since rates need a reading before; and what its reading says is missing."""
    await hub.read_all()
    found = next(one for one in await hub.read_all() if one.topic == topic)
    return found, [] if (found.status, found.note) == ("ok", "") else [f"{found.status}: {found.note}"]


def absent(wanted: dict[str, bool]) -> list[str]:
    """Those that are not there."""
    return [name for name, is_there in wanted.items() if not is_there]


async def server(client: redis.Redis, port: int) -> list[str]:
    async with watching(port) as hub:
        found, missing = await read(hub, "server")
        return missing or absent({"ping": found.frame.ping_ms is not None, "keys": found.frame.keys == client.dbsize()})


async def events(client: redis.Redis, port: int) -> list[str]:
    async with watching(port) as hub:
        client.publish("orders.new", "1")
        client.publish("audit", "1")
        client.xadd("log", {"a": "2"})
        client.publish("orders.last", "1")
        if hub.subscribed and "orders*" in (await read(hub, "events"))[0].frame.patterns:
            await until(lambda: b"orders.last" in hub._subscriber.counts)
        found, missing = await read(hub, "events")
        if missing:
            return missing
        (stream,), channels = found.frame.streams, {one.channel for one in found.frame.channels}
        return absent(
            {
                "channels": channels == {"orders.new", "orders.last", "audit"},
                "entries": stream.count == 1,
                "groups": stream.groups is not None,
            }
        )


async def sessions(client: redis.Redis, port: int) -> list[str]:
    async with watching(port) as hub:
        found, missing = await read(hub, "sessions")
        if missing:
            return missing
        rows, count = found.frame.rows, found.frame.count
        return absent(
            {
                "count": (count.value, count.certainty) == (SESSIONS, "exact"),
                "users": len({row.user for row in rows}) == SESSIONS,
                "time left": all(row.ttl_known for row in rows),
                "at once": hub.watch.tracking.covers("sessions", time.time()),
                "keys": hub.scan().size == client.dbsize(),
            }
        )


async def rate_limits(client: redis.Redis, port: int) -> list[str]:
    async with watching(port) as hub:
        found, missing = await read(hub, "rate_limits")
        if missing:
            return missing
        rows, count = found.frame.rows, found.frame.count
        return absent(
            {
                "count": (count.value, count.certainty) == (CLIENTS + 1, "exact"),
                "usage": {row.identity: row.used for row in rows}.get("window") == 3,
                "time left": all(row.reset_s is not None for row in rows),
                "at once": hub.watch.tracking.covers("limits", time.time()),
                "keys": hub.scan().size == client.dbsize(),
            }
        )


async def leaderboards(client: redis.Redis, port: int) -> list[str]:
    async with watching(port) as hub:
        await read(hub, "leaderboards")
        hub.ask(ShowRanks("lb:1", 1, "member3"))
        found, missing = await read(hub, "leaderboards")
        if missing:
            return missing
        boards, count = found.frame.boards, found.frame.count
        return absent(
            {
                "count": (count.value, count.certainty) == (BOARDS + 1, "exact"),
                "ranks": all(len(board.rows) == 5 for board in boards),
                "keys": hub.scan().size == client.dbsize(),
            }
        )


async def cache(client: redis.Redis, port: int) -> list[str]:
    """After the pass some key expires: whether it was one of the cache PTTL tells, or the tracking if it is quick."""
    async with watching(port) as hub:
        for _ in range(ROUNDS):
            client.set("gone", "1", px=1)
            await until(lambda: not client.exists("gone"))
            if missing := await _cache_once(hub, client):
                return missing
    return []


async def _cache_once(hub: Hub, client: redis.Redis) -> list[str]:
    found, missing = await read(hub, "cache")
    if missing:
        return missing
    (group,) = found.frame.groups
    return absent(
        {
            "lookups": found.frame.hits is not None,
            "counters": (group.hits, group.misses) == (10, 2),
            "count": (group.keys.low, group.keys.high) == (1, 1),
            "dashboards": found.frame.dashboards == 1,
            "at once": hub.watch.tracking.covers("cache pages", time.time()),
            "keys": hub.scan().size == client.dbsize(),
        }
    )


TOPICS: dict[str, Check] = {one.__name__: one for one in (server, events, sessions, rate_limits, leaderboards, cache)}


async def kinds_of_keys(client: redis.Redis, port: int) -> list[str]:
    for number in range(9):
        client.rpush(f"list:{number}", "a")
        client.sadd(f"set:{number}", "a")
        client.hset(f"hash:{number}", "a", "1")
    document, code = await discover(Config(url=settings(port).url), as_json=True)
    if code:
        return [f"exit code {code}"]
    told = msgspec.json.decode(document)
    unread = [kind["keys"] for kind in told["kinds"] if kind["memory"] is None or not kind["types"]]
    return [*told["refused"], *unread]


async def own_lookups(client: redis.Redis, port: int) -> list[str]:
    """Without the measurement the weights stay as they are: other numbers show whether it was made."""
    deployment = Deployment(Url(settings(port).url))
    own = deployment.nodes[0].own
    own.weights = dict.fromkeys(own.weights, 7)
    try:
        await deployment.connect()
        await deployment.pipeline([])
    finally:
        await deployment.close()
    return [name.decode() for name in CALIBRATED if own.weights[name] == 7]


async def connection(client: redis.Redis, port: int) -> list[str]:
    deployment = Deployment(Url(settings(port).url))
    try:
        await deployment.connect()
        ours = [one for one in client.client_list() if one["user"] == "w"]
        return absent(
            {
                "name": [one["name"] for one in ours] == ["redis-dash"],
                "no-touch": not knows(client, 7, 2) or all("T" in one["flags"] for one in ours),
            }
        )
    finally:
        await deployment.close()


async def databases(client: redis.Redis, port: int) -> list[str]:
    client.execute_command("SELECT", "1")  # type: ignore[no-untyped-call]
    client.set("other", "1")
    client.execute_command("SELECT", "0")  # type: ignore[no-untyped-call]
    deployment = Deployment(Url(settings(port).url))
    try:
        await deployment.connect()
        with contextlib.suppress(SourceError):
            await deployment.info()
        listed = [one.number for one in deployment.databases or ()]
        with contextlib.suppress(SourceError):
            await deployment.select(1)
        return absent({"list": listed == [0, 1], "choice": deployment.database == 1})
    finally:
        await deployment.close()


async def sign_out(client: redis.Redis, port: int) -> list[str]:
    return await _sign_out(port, undo=False)


async def undo(client: redis.Redis, port: int) -> list[str]:
    return await _sign_out(port, undo=True)


async def _sign_out(port: int, *, undo: bool) -> list[str]:
    made = context(settings(port))
    source = SessionsSource(made)
    try:
        await made.keyspace.pass_over()
        rows = (await source.read()).frame.rows
        if not rows or not rows[0].user:
            return ["no session can be read"]
        row = rows[0]
        outcome = await carry_out(made.deployment, RevokeSession(row))
        if outcome.result != "deleted":
            return [outcome.result]
        if not undo:
            return []
        if not isinstance(outcome.undo, RestoreSession):
            return ["nothing to undo by"]
        back = await carry_out(made.deployment, outcome.undo)
        return [] if back.result == "restored" else [back.result]
    except SourceError as error:
        return [str(error)]
    finally:
        await made.deployment.close()


BESIDES: dict[str, Check] = {
    "kinds of keys": kinds_of_keys,
    "own lookups": own_lookups,
    "connection": connection,
    "databases": databases,
    "sign out": sign_out,
    "undo": undo,
}
CHECKS: dict[str, Check] = TOPICS | BESIDES
