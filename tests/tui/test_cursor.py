"""The cursor's position while rows move, and the key that returns to the first row."""

from __future__ import annotations

import msgspec

from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.tui.panes.leaderboard import LeaderboardPane
from redis_dash.tui.panes.sessions import SessionsPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, tap, until

ROWS = [fakes.session(i) for i in range(40)]


def rotated(by: int) -> list[object]:
    return [*ROWS[-by:], *ROWS[:-by]]


def put(feed: FakeFeed, *rows: object) -> None:
    feed.put(fakes.ok("sessions", fakes.sessions(*rows)))  # type: ignore[arg-type]


async def test_nobody_moved_so_it_stays_at_the_top() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*ROWS)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "▸ user0@")
        put(feed, *rotated(3))
        await shows(app, pilot, "▸ user37@")


async def test_moved_back_to_the_top_it_stays_with_its_row() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*ROWS)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "down", "up")
        await shows(app, pilot, "▸ user0@")
        assert "Home" not in screen_text(app)
        put(feed, *rotated(20))
        await shows(app, pilot, "▸ user0@", "Home: first row")
        await tap(pilot, "home")
        await shows(app, pilot, "▸ user20@")
        assert "Home" not in screen_text(app)


async def test_asked_about_it_stays_with_its_row() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*ROWS)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        put(feed, *rotated(3))
        await tap(pilot, "escape")
        await until(pilot, lambda: app.dashboard.query_one(SessionsPane).table.index == 3)
        await shows(app, pilot, "▸ user0@")


def boards(*names: str) -> LeaderboardsFrame:
    return fakes.leaderboards(*(fakes.board(name, *(f"{name}-{i}" for i in range(50))) for name in names))


async def test_the_only_board_is_not_left_for_itself() -> None:
    async with running(FakeFeed(fakes.ok("leaderboards", boards("daily")))) as (app, pilot):
        pane = app.dashboard.query_one(LeaderboardPane)
        await tap(pilot, "4", "down", "down", "down")
        await until(pilot, lambda: pane.table.index == 3)
        assert "[ ] board" not in screen_text(app)
        await tap(pilot, "]")
        await shows(app, pilot, "No other board is listed.")
        await tap(pilot, "[")
        assert pane.table.index == 3


async def test_a_board_that_is_gone_leaves_nothing_behind() -> None:
    feed = FakeFeed(fakes.ok("leaderboards", boards("daily"), coverage=1.0))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "daily-0", " of 50")
        feed.put(fakes.ok("leaderboards", fakes.leaderboards(), coverage=1.0))
        await shows(app, pilot, "No key matches")
        assert " of 50" not in screen_text(app)
        await tap(pilot, "4", "enter", "down", "end")
        assert "Esc closes" not in screen_text(app)


async def test_of_a_later_page_only_one_way_back_is_named() -> None:
    board = fakes.board("daily", *(f"m{i}" for i in range(60)))
    rows = tuple(msgspec.structs.replace(row, rank=row.rank + 100) for row in board.rows)
    page = msgspec.structs.replace(board, rows=rows, size=900)
    async with running(FakeFeed(fakes.ok("leaderboards", fakes.leaderboards(page)))) as (app, pilot):
        await tap(pilot, "4", "pagedown", "pagedown")
        await shows(app, pilot, "Esc: top")
        assert "Home" not in screen_text(app)
