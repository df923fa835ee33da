"""Keys that the server counts and the scan does not return: of which kind they are is not known."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

import redis

from redis_dash.config import Config
from redis_dash.discover import discover
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_key_report import is_read
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import WIDE, screen_text, shows, tap
from tests.tui.helpers import running as shown


@contextlib.asynccontextmanager
async def unseen(client: redis.Redis, number: int) -> AsyncIterator[None]:
    """Keys that have expired and are not removed while writing is paused: DBSIZE counts them, SCAN leaves them out."""
    keys = [f"sess:{one}" for one in range(number)]
    with client.pipeline() as pipeline:
        for key in keys:
            pipeline.set(key, "x", px=1000)
        pipeline.client_pause(60_000, all=False)
        pipeline.execute()
    try:
        await until(lambda: not client.exists(*keys))
        yield
    finally:
        client.client_unpause()


def write(client: redis.Redis) -> None:
    client.mset({f"product:{number}": "x" for number in range(40)})
    for number in range(12):
        client.hset(f"cart:{number}:items", "x", "1")


async def test_a_count_is_what_was_counted_and_the_rest_is_told_once(redis_url: str, client: redis.Redis) -> None:
    write(client)
    async with unseen(client, 4), running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):
        await until(lambda: is_read(hub, "product:*", "cart:*:items"))
        readings = [hub.keys()]

        def is_whole() -> bool:  # a pass that looks at the names is complete
            readings.append(hub.keys())
            return readings[-1].frame is not None and readings[-1].frame.unseen > 0

        await until(is_whole)
        reading = readings[-1]
    assert reading.frame is not None
    found = {kind.name: kind for kind in reading.frame.kinds}
    assert (reading.frame.unseen, reading.frame.gone) == (4, 0)
    assert [(found[name].count.value, found[name].count.high) for name in ("product:*", "cart:*:items")] == [
        (40, 44),
        (12, 16),
    ]
    feed = FakeFeed()
    feed.kinds = reading
    async with shown(feed, WIDE) as (app, pilot):
        await tap(pilot, "d")
        await shows(app, pilot, "cart:*:items", "4 keys not seen")
        assert "12–16" not in screen_text(app)
        assert "40–44" not in screen_text(app)
        await tap(pilot, "enter")
        await shows(app, pilot, "44: the scan did not see 4 keys of unknown kind")


async def test_discover_says_so_in_a_sentence(redis_url: str, client: redis.Redis) -> None:
    write(client)
    async with unseen(client, 4):
        text, _ = await discover(Config(url=redis_url), as_json=False)
        found = json.loads((await discover(Config(url=redis_url), as_json=True))[0])
    assert "12–16" not in text
    assert (
        "4 keys were not seen: they have expired, or came during the scan. Of which kinds they are is not known."
        in text
    )
    assert (found["unseen"], found["gone"]) == (4, 0)
    assert {(kind["count"], kind["high"]) for kind in found["kinds"]} == {(40, 44), (12, 16)}
