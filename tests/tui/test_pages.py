"""Pages of a large leaderboard, and members that are looked up on it."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from redis_dash.core.commands import ShowRanks
from redis_dash.tui.panes.leaderboard import LeaderboardPane
from tests.tui import fakes, huge
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, strips, tap, until
from tests.tui.test_hostile import assert_inert

SIZES = pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])

TOP = ShowRanks("players")


def put_page(feed: FakeFeed, request: ShowRanks = TOP) -> None:
    feed.put(fakes.ok("leaderboards", fakes.leaderboards(huge.page(request, huge.MEMBERS))))


async def asks(feed: FakeFeed, pilot: Pilot[None], request: ShowRanks) -> None:
    await until(pilot, lambda: feed.asked[-1:] == [request])
    put_page(feed, request)


@SIZES
async def test_pages_of_a_huge_board(size: tuple[int, int]) -> None:
    feed = FakeFeed()
    put_page(feed)
    async with running(feed, size) as (app, pilot):
        table = app.dashboard.query_one(LeaderboardPane).table
        await tap(pilot, "4", "z")
        await shows(app, pilot, "players · 5,000,000 members", " of 5,000,000")
        await tap(pilot, "end")
        await asks(feed, pilot, ShowRanks("players", first=4_999_901))
        await shows(app, pilot, "ranks 4,999,901–5,000,000 of 5,000,000", "▸ 5,000,000")
        await tap(pilot, "home")
        await asks(feed, pilot, ShowRanks("players", first=1))
        await shows(app, pilot, "5,000,000 members", "player-2 ")
        assert table.index == 0
        while table.index < 99:
            await tap(pilot, "pagedown")
        assert len(feed.asked) == 2
        await tap(pilot, "pagedown")
        await asks(feed, pilot, ShowRanks("players", first=101))
        await shows(app, pilot, "ranks 101–200 of", "player-101 ")
        await until(pilot, lambda: table.index == 0)
        await tap(pilot, "pageup")
        await asks(feed, pilot, ShowRanks("players", first=1))
        await until(pilot, lambda: table.index == 99)
        await shows(app, pilot, "5,000,000 members", "player-100 ")


@SIZES
async def test_a_member_anywhere_on_the_board(size: tuple[int, int]) -> None:
    feed = FakeFeed()
    put_page(feed)
    async with running(feed, size) as (app, pilot):
        pane = app.dashboard.query_one(LeaderboardPane)
        await tap(pilot, "4", "slash", *"player-4012")
        await shows(app, pilot, "Enter goes to that member")
        await tap(pilot, "enter")
        await asks(feed, pilot, ShowRanks("players", member="player-4012"))
        await until(pilot, lambda: pane.table.item is not None and pane.table.item.member == "player-4012")
        await shows(app, pilot, "player-4011", "player-4013", "Esc: top", "esc top")
        assert pane.table.filter_text == ""
        await tap(pilot, "escape")
        await asks(feed, pilot, ShowRanks("players", first=1))
        await shows(app, pilot, "player-1 ")
        assert pane.table.index == 0


@pytest.mark.parametrize("name", ["zed", "[/]", "\x1b[31mred", "👩‍👩‍👧‍👦"])
async def test_a_member_that_is_not_there(name: str) -> None:
    feed = FakeFeed()
    put_page(feed)
    async with running(feed) as (app, pilot):
        await tap(pilot, "4", "slash")
        await until(pilot, lambda: bool(app.dashboard.query(Input)))
        app.dashboard.query_one(Input).value = name
        await tap(pilot, "enter")
        await until(pilot, lambda: bool(feed.asked))
        asked = feed.asked[-1]
        assert isinstance(asked, ShowRanks)
        put_page(feed, asked)
        await shows(app, pilot, " was not found here")
        assert_inert(strips(app))
        await tap(pilot, "escape")
        await asks(feed, pilot, ShowRanks("players", first=1))
        await until(pilot, lambda: "was not found" not in screen_text(app))


async def test_a_small_board_has_one_page() -> None:
    feed = FakeFeed(fakes.ok("leaderboards", fakes.leaderboards(fakes.board("daily", "arjun", "priya", "raj"))))
    async with running(feed) as (app, pilot):
        await tap(pilot, "4", "end", "pagedown", "home", "pageup", "slash", *"pri", "enter")
        await shows(app, pilot, "filter: pri · 1 found", "daily · 3 members")
        assert not feed.asked


async def test_a_page_that_comes_late_does_not_take_the_cursor() -> None:
    feed = FakeFeed()
    put_page(feed)
    async with running(feed) as (app, pilot):
        pane = app.dashboard.query_one(LeaderboardPane)
        await tap(pilot, "4", "end", "down", "down")
        put_page(feed, ShowRanks("players", first=4_999_901))
        await shows(app, pilot, "4,999,901")
        await until(pilot, lambda: pane.table.index == 2)


async def test_home_overtakes_a_page_that_is_on_its_way() -> None:
    feed = FakeFeed()
    put_page(feed)
    async with running(feed) as (_, pilot):
        await tap(pilot, "4", "end", "home")
        await until(pilot, lambda: feed.asked[1:] == [TOP])
