"""What tables report about visible, listed and hidden rows and columns."""

from __future__ import annotations

import msgspec
import pytest
from textual.widgets import Input

from redis_dash.core.certainty import exact
from redis_dash.core.frames.base import Frame
from redis_dash.core.frames.leaderboards import Board, BoardRow
from redis_dash.core.frames.server import Cost
from redis_dash.tui.panes.leaderboard import LeaderboardPane
from redis_dash.tui.panes.sessions import SessionsPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, strips, tap, until


def scored(*scores: float) -> Board:
    rows = tuple(BoardRow(i, f"a-member-with-a-long-name-{i}", score, 0) for i, score in enumerate(scores, 1))
    return Board("board", len(rows), rows)


async def test_a_paused_list_tells_how_old_it_is() -> None:
    first = fakes.ok("sessions", fakes.sessions(fakes.session(1)), coverage=1.0, age=9)
    feed = FakeFeed(first)
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "exact")
        await tap(pilot, "2", "space")
        feed.put(fakes.ok("sessions", fakes.sessions(fakes.session(2)), coverage=1.0))
        await shows(app, pilot, "paused 9 s")
        assert "exact" not in screen_text(app)
        feed.put(msgspec.structs.replace(first, status="stale", note="gone"))
        await shows(app, pilot, "paused 9 s · stale 9 s · gone")
        await tap(pilot, "space")
        await until(pilot, lambda: "paused" not in screen_text(app))


async def test_another_board_of_a_paused_leaderboard() -> None:
    boards = fakes.leaderboards(fakes.board("daily", "ann"), fakes.board("weekly", "bob"))
    async with running(FakeFeed(fakes.ok("leaderboards", boards))) as (app, pilot):
        await tap(pilot, "4", "space")
        await shows(app, pilot, "ann", "paused")
        await tap(pilot, "]")
        await until(pilot, lambda: "bob" in screen_text(app) and "ann" not in screen_text(app))


async def test_a_paused_list_does_not_become_empty() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(fakes.session(1))))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "space")
        feed.put(fakes.ok("sessions", fakes.sessions()))
        await shows(app, pilot, "0 sessions", "user1@example.com")


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_scores_are_never_cut(size: tuple[int, int]) -> None:
    board = scored(2.0**53, 1_234_567_890.0, 12.5, 0.001, 0.002)
    async with running(FakeFeed(fakes.ok("leaderboards", fakes.leaderboards(board))), size) as (app, pilot):
        await tap(pilot, "4")
        await shows(app, pilot, "9,007,199,254,740,992", "1,234,567,890.000", "12.500", "0.001", "0.002")


async def test_a_score_without_room_keeps_its_exponent() -> None:
    board = scored(2.0**53, 1_234_567_890.0)
    async with running(FakeFeed(fakes.ok("leaderboards", fakes.leaderboards(board))), (40, 12)) as (app, pilot):
        await tap(pilot, "4")
        pane = app.dashboard.query_one(LeaderboardPane)
        await until(pilot, lambda: pane.display and pane.table.outer_size.width > 0)
        await pilot.resize_terminal(30, 12)
        await until(pilot, lambda: "e15" in screen_text(app))


@pytest.mark.parametrize(
    ("scores", "texts"), [((1000.0, 12.5), ("1,000.00", "   12.50")), ((1000.0, 12.0), (" 1,000", "    12"))]
)
async def test_decimals_align(scores: tuple[float, ...], texts: tuple[str, ...]) -> None:
    frame = fakes.leaderboards(scored(*scores))
    async with running(FakeFeed(fakes.ok("leaderboards", frame))) as (app, pilot):
        await shows(app, pilot, *texts)
        lines = [line for line in screen_text(app).splitlines() if "a-member" in line]
        assert len({line.index(text) + len(text) for line, text in zip(lines, texts, strict=True)}) == 1


@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_leaving_a_filter_keeps_it_and_hides_the_field(key: str) -> None:
    rows = [fakes.session(i, role="admin" if i % 5 == 0 else "student") for i in range(40)]
    async with running(FakeFeed(*fakes.everything(), fakes.ok("sessions", fakes.sessions(*rows)))) as (app, pilot):
        pane = app.dashboard.query_one(SessionsPane)
        await tap(pilot, "2", "slash", *"admin", key)
        await until(pilot, lambda: not pane.has_class("-filtering") and not pane.query_one(Input).display)
        await shows(app, pilot, "filter: admin · 8 found")
        assert app.dashboard.pane_layout.current is not pane
        await tap(pilot, "2")
        await until(pilot, lambda: app.focused is pane)


async def test_a_filter_stays_open_while_the_terminal_looks_elsewhere() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        pane = app.dashboard.query_one(SessionsPane)
        await tap(pilot, "2", "slash", *"us")
        app.app_focus = False
        await until(pilot, lambda: app.focused is None)
        app.app_focus = True
        await until(pilot, lambda: app.focused is pane.query_one(Input))
        await tap(pilot, *"er7")
        await shows(app, pilot, "filter: user7")


ROWS = [fakes.session(i, role="admin" if i % 5 == 0 else "student") for i in range(60)]
LIMITS = [fakes.limit(f"admin-{i}" if i % 5 == 0 else f"client-{i}", 1) for i in range(60)]


@pytest.mark.parametrize(
    ("number", "topic", "frame"),
    [
        ("2", "sessions", fakes.sessions(*ROWS, count=5000)),
        ("3", "rate_limits", msgspec.structs.replace(fakes.rate_limits(*LIMITS), count=exact(5000))),
    ],
)
async def test_a_part_of_the_list_is_called_one(number: str, topic: str, frame: Frame) -> None:
    async with running(FakeFeed(fakes.ok(topic, frame))) as (app, pilot):
        await shows(app, pilot, " of 60 listed")
        await tap(pilot, number, "slash", *"admin")
        await shows(app, pilot, "12 found among 60 listed")


async def test_a_whole_list_is_not_called_a_part() -> None:
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*ROWS)))) as (app, pilot):
        await shows(app, pilot, " of 60 ")
        assert "listed" not in screen_text(app)


async def test_an_unknown_time_left_is_not_never() -> None:
    unknown = msgspec.structs.replace(fakes.session(1, ttl=None), ttl_known=False)
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(unknown)))) as (app, pilot):
        await shows(app, pilot, "user1@example.com")
        line = next(line for line in screen_text(app).splitlines() if "user1@" in line)
        assert "– │" in " ".join(line.split())
        assert "never" not in line
        assert "─" not in line
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "expires in", "unknown")


async def test_one_member_and_nobody_in_particular() -> None:
    feed = FakeFeed(
        fakes.ok("leaderboards", fakes.leaderboards(fakes.board("daily", "arjun"))),
        fakes.ok("rate_limits", fakes.rate_limits(fakes.limit("", 10))),
    )
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "daily · 1 member ", "(empty)")


async def test_a_small_cost_is_not_nothing() -> None:
    frame = fakes.server(cost=Cost(10, 0.1, 0.00002))
    async with running(FakeFeed(fakes.ok("server", frame)), WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "our cost <0.1 %", "<0.01 %")


async def test_falling_behind_is_no_trouble() -> None:
    rows = (BoardRow(1, "arjun", 2.0, 1, 1.0), BoardRow(2, "priya", 1.0, -1, 1.0))
    frame = fakes.leaderboards(Board("daily", 2, rows))
    async with running(FakeFeed(fakes.ok("leaderboards", frame))) as (app, pilot):
        await shows(app, pilot, "▲1", "▼1")
        colors = {
            segment.text.strip(): segment.style.color
            for strip in strips(app)
            for segment in strip
            if segment.style and segment.text.strip() in ("▲1", "▼1")
        }
        assert colors["▲1"] == app.theme_styles.style("good").color
        assert colors["▼1"] == app.theme_styles.style("dim").color
