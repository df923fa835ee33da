"""Every command that redis-dash sends is listed as counted or as uncounted: an unlisted one may spoil the hit rate."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.client.own_lookups import COUNTED, UNCOUNTED
from redis_dash.config import Config
from redis_dash.core.commands import Publish, RevokeSession, SearchSessions, ShowRanks
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_hub import Desk
from tests.live.test_sources import accept, sign_in


@pytest.mark.own_errors(1)
async def test_an_unlisted_command_is_an_error_of_our_own(deployment: Deployment, client: redis.Redis) -> None:
    client.rpush("list", "x")
    assert await deployment.one(b"LLEN", b"list") == 1
    assert deployment.nodes[0].own.unsure
    assert deployment.nodes[0].own.unlisted == {b"LLEN"}


@pytest.mark.own_errors(1)
async def test_no_interval_with_an_unlisted_command_is_shown(
    make_context: Callable[..., Context], client: redis.Redis
) -> None:
    client.rpush("list", "x")
    context = make_context()
    source = CacheSource(context)

    async def interval() -> tuple[int | None, int | None]:
        source._before = source._before._replace(at=0.0) if source._before else None
        await context.deployment.info(max_age_s=-1)
        frame = (await source.read()).frame
        return frame.interval_hits, frame.interval_misses

    await interval()
    client.lrange("list", 0, -1)
    assert await interval() == (1, 0)
    await context.deployment.one(b"LLEN", b"list")
    assert await interval() == (None, None)
    client.lrange("list", 0, -1)
    assert await interval() == (1, 0)


async def test_all_commands_on_all_connections_are_listed(redis_url: str, client: redis.Redis) -> None:
    """The server names every command that it has run."""
    for user in ("ann", "bob"):
        sign_in(client, user)
    client.zadd("leaderboard", {"ann": 1, "bob": 2})
    client.set("ratelimit:fixed", 5, ex=50)
    accept(client, "sliding", [1.0, 2.0])
    client.set("llm:answer", "x")
    client.hset("cache:stats:llm", mapping={"hits": 8, "misses": 2})
    config = Config(url=redis_url, refresh_s=0.1, channels=("orders", "o*"), **CONFIGURATION)
    client.config_resetstat()
    async with running(Hub(config)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and hub.subscribed and bool(desk.frame("sessions").rows))
        hub.ask(SearchSessions("ann"))
        hub.ask(ShowRanks("leaderboard", member="ann"))
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").search is not None)
        revoked = await hub.submit(RevokeSession(desk.frame("sessions").rows[0]))
        assert revoked.undo is not None
        await hub.submit(revoked.undo)
        await hub.submit(Publish("orders", "x"))
        passes = hub.passes
        await until(lambda: hub.passes > passes + 1 and bool(desk.statuses()))
    names = {field.removeprefix("cmdstat_").partition("|")[0].upper() for field in client.info("commandstats")}
    assert {"EVAL", "GETRANGE", "RESTORE", "PUBLISH", "SCAN", "SUBSCRIBE", "ZREVRANK"} <= names
    assert {name.encode() for name in names} - {b"CONFIG"} <= UNCOUNTED.union(COUNTED)
