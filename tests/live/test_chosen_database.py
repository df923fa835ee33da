"""What belongs to one database goes with it: streams that are followed, and what the user has chosen."""

from __future__ import annotations

import json

import redis

from redis_dash.config import Config
from redis_dash.core.choices import Choose
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.messages import Event, Mark
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_databases import frames_of, second
from tests.live.test_hub import FAST, Desk

__all__ = ["second"]  # a fixture


async def test_streams_are_followed_in_the_database_that_is_watched(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    """The same name is another stream there; what it held before is neither read nor missed."""
    for number in range(5):
        client.xadd("orders", {"n": number})
        second.xadd("orders", {"n": number})
    async with running(Hub(Config(url=redis_url, refresh_s=FAST, streams=("orders",)))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and hub.follows_streams)
        client.xadd("orders", {"n": "first"})
        await until(lambda: bool(desk.statuses()) and frames_of(desk, "events").received == 1)
        await hub.select(1)
        await until(lambda: hub.follows_streams)
        client.xadd("orders", {"n": "not here"})
        second.xadd("orders", {"n": "second"})
        await until(lambda: bool(desk.statuses()) and frames_of(desk, "events").received == 2)
        frame: EventsFrame = frames_of(desk, "events")
        held = frame.log.read(0, frame.log.end)
        assert [json.loads(one.payload)["n"] for one in held if isinstance(one, Event)] == ["first", "second"]
        assert (frame.missed, [one for one in held if isinstance(one, Mark)]) == (0, [])


async def test_what_is_chosen_is_chosen_for_one_database(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    for one in (client, second):
        one.set("ratelimit:ann", 7, ex=600)
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)

        def limit() -> int | None:
            desk.statuses()
            frame = frames_of(desk, "rate_limits") if "rate_limits" in desk.latest else None
            return frame.rows[0].limit if frame is not None and frame.rows else -1

        await until(lambda: limit() is None)
        hub.choose(Choose("ratelimit:*", "limit", "10/600"))
        await until(lambda: limit() == 10)
        await hub.select(1)
        await until(lambda: limit() is None)
        await hub.select(0)
        await until(lambda: limit() == 10)
