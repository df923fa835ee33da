"""``redis-dash doctor`` says of each topic what the dashboard says, whichever command is refused or removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.diagnosis.report import examine
from redis_dash.hub import Hub
from redis_dash.tui.kind_text import BY_PATTERN, recognised
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import allow
from tests.live.rights.least import fill_all, settings
from tests.live.rights.test_missing_rights import needs
from tests.live.test_kinds import served
from tests.live.versions import removable

SETTLED = {"full": "ok"}
REFUSED = (
    ("info",),
    ("scan",),
    ("dbsize",),
    ("client|tracking",),
    ("client|id",),
    ("pttl",),
    ("get", "getrange"),
    ("get",),
    ("time",),
    ("type",),
    ("ping",),
    ("psubscribe",),
    ("subscribe",),
    ("psubscribe", "subscribe"),
    ("zcard",),
    ("zrevrange",),
    ("zrevrank",),
    ("hgetall",),
    ("xread",),
    ("pubsub", "multi", "eval", "select"),
)
REMOVED = ("INFO", "SCAN", "DBSIZE", "PTTL", "GET", "ZCARD", "PING", "PSUBSCRIBE", "CLIENT", "TIME")


def fill_unconfigured(client: redis.Redis) -> None:
    """Keys that are recognised: sessions, counters and one board."""
    client.flushall()
    for number in range(12):
        client.set(f"session:{number:032x}", json.dumps({"email": f"user{number}@example.com"}), ex=3600)
        client.set(f"page:/{number}", "x" * 40, ex=3600)
    for number in range(6):
        client.set(f"ratelimit:10.0.0.{number}", number + 1, ex=3600)
    client.zadd("leaderboard", {f"player{number}": number for number in range(9)})


async def states(config: Config) -> tuple[dict[str, str], dict[str, str]]:
    """What doctor says of each topic, and what a hub says that has read all that it can."""
    report = await examine(config)
    async with running(Hub(config)) as hub:
        await until(lambda: bool((hub.passes and hub.watch.knows_kinds) or hub.watch.keyspace.trouble))
        await until(lambda: bool(hub.subscribed or hub.refused) and hub.follows_streams)
        await until(lambda: hub.watch.tracking.tried.is_set())
        await hub.read_all()
        readings = await hub.read_all()
    said = {right.name: SETTLED.get(right.state, right.state) for right in report.topics}
    return said, {reading.topic: reading.status for reading in readings}


@pytest.mark.parametrize("fill", [fill_all, fill_unconfigured])
async def test_each_refused_command(
    client: redis.Redis, server: EmbeddedServer, fill: Callable[[redis.Redis], None]
) -> None:
    fill(client)
    url = settings(server.port).url
    config = msgspec.structs.replace(settings(server.port)) if fill is fill_all else Config(url=url)
    for names in REFUSED:
        without = removable(client, [f"-{name}" for name in names])
        allow(client, "~*", "&*", "+@all", *without)
        said, shown = await states(config)
        assert said == shown, names


async def test_each_removed_command(tmp_path: Path) -> None:
    for name in REMOVED:
        folder = tmp_path / name
        folder.mkdir()
        running_server = served(folder, f"rename-command {name} hidden-{name}\nsave ''")
        try:
            url = next(running_server)
            with redis.Redis.from_url(url) as client:
                fill_unconfigured(client)
            said, shown = await states(Config(url=url))
            assert said == shown, name
        finally:
            next(running_server, None)


async def test_what_is_perhaps_not_needed_is_said_so(client: redis.Redis, server: EmbeddedServer) -> None:
    """Before keys can be read nobody knows by which command; and sessions that can be read lack no right."""
    needs(client, 7)
    fill_unconfigured(client)
    keys = ("%R~ratelimit:*", "%R~session:*", "%R~leaderboard*")
    commands = [
        f"+{name}"
        for name in [
            "info",
            "ping",
            "psubscribe",
            "scan",
            "dbsize",
            "pttl",
            "time",
            "get",
            "zcard",
            "zrevrange",
            "zrevrank",
        ]
    ]
    allow(client, "resetchannels", "&*", *commands, "+client", *keys)
    report = await examine(Config(url=settings(server.port).url))
    limits = next(right for right in report.topics if right.name == "rate_limits")
    (reason,) = limits.reasons
    perhaps = "perhaps not all of EXISTS, HSCAN, LRANGE, SRANDMEMBER, ZRANGE are needed"
    assert reason.endswith(f"some may be limiters; {perhaps}")
    assert limits.line("w").startswith("ACL SETUSER w +exists +type %R~page:/*")
    assert {right.name: right.state for right in report.topics}["sessions"] == "full"
    assert {kind.name: recognised(kind) for kind in report.kinds}["session:*"] == BY_PATTERN
