"""Layout, keys, zoom, resizing, palette."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.containers import VerticalScroll

from redis_dash.core.commands import Outcome, Publish
from redis_dash.demo import SCENARIOS
from redis_dash.tui.app import DashApp
from redis_dash.tui.pane_columns import columns_for, place, topics_of
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.themes import THEME
from redis_dash.tui.widgets.columns import Column, share_out
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until

SIZES = ((20, 5), (1, 1), (30, 8), (40, 10), (79, 24), (80, 24), (100, 28), (120, 36), (160, 34), (200, 60), (400, 100))


@pytest.mark.parametrize("size", SIZES)
async def test_any_size(size: tuple[int, int]) -> None:
    async with running(FakeFeed(*fakes.everything()), size) as (app, pilot):
        lines = screen_text(app).splitlines()
        assert all(len(line) == size[0] for line in lines)
        await tap(pilot, *"123456z", "down", "slash", "x", "escape", "escape")


async def test_resizing_alive() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, WIDE) as (app, pilot):
        for size in SIZES:
            await pilot.resize_terminal(*size)
            feed.put(*fakes.everything())
            await until(pilot, lambda: not feed.pending)
        await pilot.resize_terminal(*MEDIUM)
        await shows(app, pilot, "1 Events", "2 Sessions", "3 Rate limits", "4 Leaderboard", "5 Cache")


async def test_too_small_says_so() -> None:
    async with running(FakeFeed(*fakes.everything()), (20, 5)) as (app, pilot):
        await shows(app, pilot, "terminal too")


async def test_narrow_has_tabs_with_alerts_and_one_pane() -> None:
    async with running(FakeFeed(*fakes.everything()), NARROW) as (app, pilot):
        await shows(app, pilot, "1 Events", "2 Sessions", "3 Limits !1", "4 Board", "5 Cache", "6 Server")
        await tap(pilot, "3")
        await shows(app, pilot, "203.0.113.9", "blocked, 12 s")
        await tap(pilot, "tab")
        await shows(app, pilot, "arjun")
        await tap(pilot, "shift+tab", "shift+tab")
        await shows(app, pilot, "user0@example.com")
        tabs = screen_text(app).splitlines()[1]
        await pilot.click(offset=(tabs.index("5 Cache") + 1, 1))
        await shows(app, pilot, "% total")


async def test_zoom_and_back() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "2", "z")
        await until(pilot, lambda: "1 Events" not in screen_text(app))
        await tap(pilot, "3")
        await shows(app, pilot, "203.0.113.9")
        assert "2 Sessions" not in screen_text(app)
        await tap(pilot, "escape")
        await shows(app, pilot, "1 Events", "2 Sessions", "3 Rate limits")


async def test_a_pane_without_a_place_gets_all_the_room() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        assert "6 Server" not in screen_text(app)
        await tap(pilot, "6")
        await shows(app, pilot, "6 Server", "operations")
        assert "1 Events" not in screen_text(app)
        await tap(pilot, "2")
        await shows(app, pilot, "1 Events", "2 Sessions")
        await tap(pilot, "6", "escape")
        await shows(app, pilot, "1 Events", "2 Sessions")


async def test_nothing_is_cut_off_in_silence() -> None:
    async with running(FakeFeed(*fakes.everything()), (40, 12)) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "+1 column", "+1")


async def test_help_and_quit() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "Everywhere", "In a pane")
        await tap(pilot, "escape", "q")
        await until(pilot, lambda: not app.is_running)


def background(app: DashApp) -> Color:
    return app.screen.query_one(VerticalScroll).styles.background


async def test_what_lies_above_wears_our_theme() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        colors = app.theme_variables
        await tap(pilot, "question_mark")
        await shows(app, pilot, "this help")
        assert background(app) == Color.parse(colors["surface"])
        assert Color.parse(colors["primary"]) == Color.parse(THEME.primary)
        for _ in range(2):  # the screen is made once, and takes the current theme
            await tap(pilot, "escape")
            app.theme = "nord"
            await until(pilot, lambda: app.screen is app.dashboard)
            await tap(pilot, "question_mark")
            await shows(app, pilot, "this help")
            assert app.theme_variables["surface"] != colors["surface"]
            await until(pilot, lambda: background(app) == Color.parse(app.theme_variables["surface"]))


async def test_scenarios_are_in_the_palette() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, scenarios=SCENARIOS) as (app, pilot):
        await tap(pilot, "ctrl+p", *"burst")
        await shows(app, pilot, "Demo: burst", "One client makes 150 requests at once")
        await tap(pilot, "down", "enter")
        await until(pilot, lambda: bool(feed.submitted))
        assert feed.submitted == [Publish("demo:control", '{"scenario":"burst"}')]
        await until(pilot, lambda: app.screen is app.dashboard)
        await shows(app, pilot, "Demo: burst", "Rate limits", "shows it blocked")


async def test_a_scenario_that_nobody_heard_is_not_told_as_begun() -> None:
    feed = FakeFeed(*fakes.everything())
    feed.outcomes = [Outcome("not received", "no client is subscribed to demo:control")]
    async with running(feed, scenarios=SCENARIOS) as (app, pilot):
        await tap(pilot, "ctrl+p", *"burst")
        await shows(app, pilot, "Demo: burst", "One client makes 150 requests at once")
        await tap(pilot, "down", "enter")
        await shows(app, pilot, "Not received: burst", "no client is subscribed")
        assert "shows it blocked" not in screen_text(app)


async def test_another_theme_and_no_crash() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        looks: list[ThemeStyles] = []
        for theme in ("textual-light", "ansi-dark" if "ansi-dark" in app.available_themes else "nord", "redis-dash"):
            looks.append(app.theme_styles)
            app.theme = theme
            await until(pilot, lambda: app.theme_styles is not looks[-1])
        await shows(app, pilot, "1 Events")


@pytest.mark.parametrize("size", [(100, 28), (120, 36), (120, 60), (200, 60)])
def test_places_cover_the_board(size: tuple[int, int]) -> None:
    width, height = size
    columns = columns_for(width, height)
    places = place(columns, width, height - 2)
    assert set(places) == topics_of(columns)
    assert sum(region.area for region in places.values()) == width * (height - 2)


@pytest.mark.parametrize("room", range(0, 90, 7))
def test_columns_fit_and_go_by_priority(room: int) -> None:
    columns = (Column("a", 20, most=30), Column("b", 5, priority=2), Column("c", 8, priority=1))  # type: ignore[arg-type]
    widths = share_out(columns, room, held=(30, 5, 8))
    shown = [width for width in widths if width]
    assert sum(shown) + 2 * (len(shown) - 1) <= max(room, 1)
    assert widths[0] > 0
    assert not (widths[1] and not widths[2])
