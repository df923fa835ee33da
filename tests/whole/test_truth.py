"""The dashboard's values equal the application's own counts."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from redis_dash.config import Config
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources import SOURCES
from tests.conftest import until
from tests.live.conftest import running
from tests.whole.conftest import Demo

TOPICS = [source.topic for source in SOURCES]


def settled(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Read until only the sliding windows of the rate limits still change."""
    deadline, before = time.monotonic() + 20, read()
    while time.monotonic() < deadline:
        time.sleep(0.3)  # the interval between two reads, not a wait for something
        now = read()
        if {name: now[name] for name in now if name != "rate_limits"} == {
            name: before[name] for name in before if name != "rate_limits"
        }:
            return now
        before = now
    raise AssertionError("the demo did not come to rest")


@pytest.fixture
def quiet(demo: Demo) -> Demo:
    """The idle demo after a time of traffic."""
    demo.play("resume")
    deadline = time.monotonic() + 20
    while (truth := demo.truth())["channels"]["orders"] < 20 or truth["caches"]["llm"]["hits"] < 3:
        assert time.monotonic() < deadline, "no traffic"
        time.sleep(0.05)
    demo.play("pause")
    settled(demo.truth)
    return demo


async def cache_of(hub: Hub) -> Any:
    """The cache topic's frame, read now."""
    return next(reading.frame for reading in await hub.read_all() if reading.topic == "cache")


async def test_at_rest_every_figure_is_exact(quiet: Demo) -> None:
    before = quiet.truth()
    text, code = await take(Config(url=quiet.redis_url, **CONFIGURATION), 2.0, TOPICS, io.StringIO())
    after = quiet.truth()
    assert code == 0
    frames = {topic: entry["frame"] for topic, entry in json.loads(text)["topics"].items()}
    sessions, board = frames["sessions"], frames["leaderboards"]["boards"][0]
    assert sessions["low"] == sessions["high"] == sessions["count"] == after["sessions"] == before["sessions"]
    assert board["size"] == after["leaderboard"]["players"]
    assert [[row["member"], row["score"]] for row in board["rows"][:10]] == after["leaderboard"]["top"]
    counted = {group["name"]: {"hits": group["hits"], "misses": group["misses"]} for group in frames["cache"]["groups"]}
    assert counted == after["caches"] == before["caches"]
    used = {row["identity"]: row["used"] for row in frames["rate_limits"]["rows"]}
    assert used.keys() <= before["rate_limits"].keys()
    for address, truth in before["rate_limits"].items():
        # The window slides between the reads: usage can only fall.
        late = after["rate_limits"].get(address, {"used": 0})
        assert truth["used"] >= used.get(address, 0) >= late["used"], address


async def test_every_message_is_counted_under_its_channel(quiet: Demo) -> None:
    before = quiet.truth()["channels"]
    hub = Hub(Config(url=quiet.redis_url, **CONFIGURATION))
    async with running(hub):
        await until(lambda: hub.subscribed)
        scenarios = ("resume", *("login-wave", "price-change") * 2)  # the waves only make it quick
        for scenario in scenarios:
            quiet.play(scenario)
        await until(lambda: hub.received > 200, within_s=30)
        quiet.play("pause")
        after = settled(quiet.truth)["channels"]
        gained = {channel: after[channel] - before[channel] for channel in after if after[channel] > before[channel]}
        await until(lambda: hub.received >= sum(gained.values()) + 2)
        (events,) = [reading.frame for reading in await hub.read_all() if reading.topic == "events"]
    assert events is not None
    counted = {channel.channel: channel.count for channel in events.channels}
    assert counted.pop("demo:control") == len(scenarios) + 1
    assert counted == gained
    assert events.dropped == 0
    assert events.gaps == ()


async def test_the_hit_rate_is_the_applications_own(demo: Demo) -> None:
    """The server's counters with and without this program: its thousands of lookups do not change the hit rate."""
    demo.play("pause")
    settled(demo.truth)
    async with running(Hub(Config(url=demo.redis_url, refresh_s=0.1, **CONFIGURATION))) as hub:
        await until(lambda: hub.passes > 1)
        first = await cache_of(hub)
        await until(lambda: hub.passes > 10)
        last = await cache_of(hub)
    assert last.own_hits > first.own_hits + 100
    # The limiter and the sessions of the application are idle, and so must the values be.
    assert (last.hits, last.misses) == (first.hits, first.misses)
