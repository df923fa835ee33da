"""Only changed regions are painted: repaints are the whole cost of an idle dashboard."""

from __future__ import annotations

import pytest
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from redis_dash.tui.panes.sessions import SessionsPane
from redis_dash.tui.widgets.border import Bordered
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.table import Table
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import WIDE, running, shows, strips, tap, until

Painted = list[tuple[Widget, tuple[Region, ...]]]


async def test_a_widget_draws_itself_although_nobody_reads_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a test finds one that fails to."""
    drawn: list[Lines] = []
    render = Lines.render_lines

    def record(self: Lines, crop: Region) -> list[Strip]:
        drawn.append(self)
        return render(self, crop)

    monkeypatch.setattr(Lines, "render_lines", record)
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(fakes.session(1))))
    async with running(feed) as (app, pilot):
        table = app.dashboard.query_one(SessionsPane).query_one(Table)
        drawn.clear()
        feed.put(fakes.ok("sessions", fakes.sessions(fakes.session(2))))
        await until(pilot, lambda: table in drawn)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Painted:
    """The widgets that asked for a paint, and their regions."""
    calls: Painted = []
    refresh = Lines.refresh

    def record(self: Lines, *regions: Region, **options: bool) -> object:
        calls.append((self, regions))
        return refresh(self, *regions, **options)

    monkeypatch.setattr(Lines, "refresh", record)
    return calls


async def test_nothing_new_paints_nothing_but_ages(painted: Painted) -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "user0@example.com")
        painted.clear()
        await pilot.pause(0.3)
        assert all(isinstance(widget, Bordered) for widget, _ in painted)
        assert all(region.height == 1 for _, regions in painted for region in regions)


async def test_one_row_that_changes_is_one_line(painted: Painted) -> None:
    rows = [fakes.session(i) for i in range(40)]
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "user7@example.com")
        table = app.dashboard.query_one(SessionsPane).query_one(Table)
        painted.clear()
        rows[7] = fakes.session(7, role="admin")
        feed.put(fakes.ok("sessions", fakes.sessions(*rows)))
        await until(pilot, lambda: any(widget is table for widget, _ in painted))
        assert [regions for widget, regions in painted if widget is table] == [
            (Region(0, 8, table.outer_size.width, 1),)
        ]


@pytest.fixture
def paintings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A record of each paint of the whole screen."""
    seen: list[list[str]] = []
    refresh = Screen._compositor_refresh

    def record(self: Screen[object]) -> None:
        seen.append([strip.text for strip in strips(self.app)])  # type: ignore[arg-type]
        refresh(self)

    monkeypatch.setattr(Screen, "_compositor_refresh", record)
    return seen


async def test_the_first_painting_is_the_dashboard(paintings: list[list[str]]) -> None:
    async with running(FakeFeed(*fakes.everything()), WIDE) as (app, _):
        first = "\n".join(paintings[0])
        assert all(f"{pane.number} {pane.NAME}" in first for pane in app.dashboard.panes)
        assert "quit" in first


async def test_a_pane_is_never_shown_in_its_former_size(paintings: list[list[str]]) -> None:
    async with running(FakeFeed(*fakes.everything()), WIDE) as (app, pilot):
        await shows(app, pilot, "user0@example.com")
        paintings.clear()
        await tap(pilot, "z")
        await until(pilot, lambda: app.dashboard.pane_layout.is_alone and bool(paintings))
        assert [line[-1] for line in (paintings[0][1], paintings[0][-2])] == ["╮", "╯"]
        assert "2 Sessions" not in "\n".join(paintings[0])
