"""The dashboard's values equal the application's own counts."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from redis_dash.config import Config
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources import SOURCES
from tests.conftest import until
from tests.live.conftest import running
from tests.whole.agreement import assert_equal, settled
from tests.whole.conftest import Demo

TOPICS = [source.topic for source in SOURCES]


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
    assert before["exact_since"] is not None
    assert_equal(text, before, after)


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
