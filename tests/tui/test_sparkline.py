"""The load is recorded from the start, visible or not."""

from __future__ import annotations

import msgspec

from redis_dash.tui.panes.server import ServerPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, running, screen_text, shows, tap, until


async def test_the_load_is_recorded_while_its_pane_is_hidden() -> None:
    feed = FakeFeed(fakes.ok("server", fakes.server(ops_per_s=500.0)))
    async with running(feed, MEDIUM) as (app, pilot):
        pane = app.dashboard.query_one(ServerPane)
        assert not pane.display
        for _ in range(9):
            feed.put(fakes.ok("server", fakes.server(ops_per_s=250.0)))
            await until(pilot, lambda: not feed.pending)
        await tap(pilot, "6")
        await shows(app, pilot, "500/s┤", "operations")
        foot = next(line for line in screen_text(app).splitlines() if line.startswith("│     0┤"))
        assert foot.rstrip("│ ").endswith("█" * 10)


async def test_it_is_recorded_while_the_pane_stands_still() -> None:
    feed = FakeFeed(fakes.ok("server", fakes.server(ops_per_s=100.0)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "6", "space")
        feed.put(fakes.ok("server", fakes.server(ops_per_s=900.0)))
        await shows(app, pilot, "900 ops/s", "paused")
        assert "900/s" not in screen_text(app)
        await tap(pilot, "space")
        await shows(app, pilot, "900/s┤")


async def test_a_time_without_readings_is_a_gap() -> None:
    good = fakes.ok("server", fakes.server(ops_per_s=100.0))
    feed = FakeFeed(good)
    async with running(feed) as (app, pilot):
        await tap(pilot, "6")
        for _ in range(3):
            feed.put(msgspec.structs.replace(good, status="stale", note="refused"))
            await until(pilot, lambda: not feed.pending)
        feed.put(good)
        await shows(app, pilot, "█···█")
