"""Sentinel on the screen: where the primary is, which sentinels answer, and what is wrong."""

from __future__ import annotations

import pytest

from redis_dash.core.frames.server import ClusterNode, SentinelMember, SentinelState
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import NARROW, WIDE, running, screen_text, shows, tap

PRIMARY = "10.0.0.1:6379"
REPLICA = ClusterNode("10.0.0.2:6379", replica_of=PRIMARY, lag_s=1, behind_bytes=2048)
UP = tuple(SentinelMember(f"10.0.0.{number}:26379") for number in (1, 2, 3))
WELL = SentinelState("mymaster", PRIMARY, 3, 3, replicas=(REPLICA,), sentinels=UP)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_where_the_primary_is(size: tuple[int, int]) -> None:
    async with running(FakeFeed(fakes.ok("server", fakes.server(sentinel=WELL))), size=size) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "mymaster/0 at 10.0.0.1:6379", "3 of 3 answer")
        assert "mymaster/0 at 10.0.0.1:6379" in screen_text(app).splitlines()[0]
        await tap(pilot, "z", "home", "enter")
        await shows(app, pilot, PRIMARY, "the primary of mymaster", "replica · lag 1 s · 2.0", "10.0.0.3:26379")


async def test_sentinels_that_are_down_and_a_failover() -> None:
    down = (*UP[:1], SentinelMember("10.0.0.2:26379", "connection refused"))
    state = SentinelState("mymaster", PRIMARY, 1, 2, "the sentinels are failing over", 2, (), down)
    async with running(FakeFeed(fakes.ok("server", fakes.server(sentinel=state))), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "1 of 2 answer")
        assert "the sentinels are failing over" in screen_text(app).splitlines()[0]
        await tap(pilot, "z", "home", "enter")
        await shows(app, pilot, "another server has become it 2 times", "sentinel · connection refused")
    calm = SentinelState("mymaster", PRIMARY, 1, 2, "", 0, (), down)
    async with running(FakeFeed(fakes.ok("server", fakes.server(sentinel=calm))), size=WIDE) as (app, pilot):
        await shows(app, pilot, "1 of 2 sentinels")


@pytest.mark.parametrize("text", ["[/]", "\x1b[31m", "[@click=app.quit]x[/]"])
async def test_what_sentinels_say_is_only_text(text: str) -> None:
    node = ClusterNode(f"{text}:1", replica_of=text, trouble=text)
    for trouble in ("", text):
        state = SentinelState(text, text, 1, 2, trouble, 1, (node,), (SentinelMember(text, text),))
        async with running(FakeFeed(fakes.ok("server", fakes.server(sentinel=state))), size=WIDE) as (app, pilot):
            await tap(pilot, "6", "z", "home", "enter")
            await shows(app, pilot, "another server has become it", "\\x1b[31m" if "\x1b" in text else text)
