"""What a title or the first line leaves out is the least important, and only where there is no room."""

from __future__ import annotations

import time

import msgspec
import pytest

from redis_dash.core.certainty import Scope, at_least, estimated
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain
from redis_dash.tui.widgets.status_bar import Item, StatusBar
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap

SMALL = (100, 30)


def shop() -> list[AnyReading]:
    """Readings with long figures, as of a large shop."""
    number = estimated(1_010_000, 1_000_000, 1_020_000, 0.3)
    sessions = SessionsFrame(number, tuple(fakes.session(i) for i in range(1000)))
    rows = tuple(fakes.limit(f"198.51.100.{i}", 100) for i in range(200))
    clients = estimated(480_000, 475_000, 485_000, 0.3)
    limits = RateLimitsFrame(clients, at_least(1204), at_least(310), rows)
    board = msgspec.structs.replace(fakes.board("leaderboard", *(f"m{i}" for i in range(100))), size=5_000_000)
    return [
        fakes.ok("server", fakes.server(max_memory=100_000_000)),
        Reading("sessions", "ok", sessions, time.time(), count=number, scope=Scope(("session:*",), 5_000_000)),
        Reading("rate_limits", "ok", limits, time.time(), count=clients, scope=Scope(("ratelimit:*",), 5_000_000)),
        fakes.ok("leaderboards", fakes.leaderboards(board, fakes.board("weekly", "ann")), coverage=1.0),
        fakes.ok("cache", fakes.cache()),
    ]


@pytest.mark.parametrize(
    ("size", "titles"),
    [
        (
            SMALL,
            (
                "─ 1.01 M ± 1 % sessions ─╮",
                "3 Limits ─── 1,204+ blocked · 310+ near · +1 ─╮",
                "4 Board ──────── leaderboard · 1 of 2 [ ] · +1 ─╮",
                "─ 93.4 % now · 91.0 % total ─╮",
            ),
        ),
        (
            MEDIUM,
            (
                "1.01 M ± 1 % sessions · 1,000 listed ─╮",
                "3 Limits ──────────── 1,204+ blocked · 310+ near · +1 ─╮",
                "4 Board ──── leaderboard · 1 of 2 [ ] · 5,000,000 members ─╮",
                "─ 93.4 % now · 91.0 % total ─╮",
            ),
        ),
        (
            WIDE,
            (
                "1.01 M ± 1 % sessions · 1,000 listed ─╮",
                "3 Limits ─ 1,204+ blocked · 310+ near · 480 k ± 2 % clients ─╮",
                "4 Board ─ leaderboard · 1 of 2 [ ] · 5.00 M members ─╮",
                "─ 93.4 % now · 91.0 % total ─╮",
            ),
        ),
    ],
)
async def test_titles_beside_each_other(size: tuple[int, int], titles: tuple[str, ...]) -> None:
    async with running(FakeFeed(*shop()), size) as (app, pilot):
        await shows(app, pilot, *titles)


@pytest.mark.parametrize("size", [NARROW, SMALL, MEDIUM, WIDE])
async def test_a_pane_that_fills_the_screen_hides_nothing(size: tuple[int, int]) -> None:
    async with running(FakeFeed(*shop()), size) as (app, pilot):
        for key, title in (
            ("2", "1.01 M ± 1 % sessions · 1,000 listed ─╮"),
            ("3", "1,204+ blocked · 310+ near · 480 k ± 2 % clients ─╮"),
            ("4", "leaderboard · 1 of 2 [ ] · 5,000,000 members ─╮"),
            ("5", "93.4 % now · 91.0 % total · without our own 322 lookups ─╮"),
        ):
            await tap(pilot, key, *(["z"] if size != NARROW else []))
            await shows(app, pilot, title)
            assert "· +" not in screen_text(app)
            await tap(pilot, "escape")


@pytest.mark.parametrize(
    ("size", "there"),
    [
        (NARROW, ("redis.shop.example.com:6379/0", "1,240 ops/s", "14.2 MB of 95.4 MB")),
        (SMALL, ("redis.shop.example.com:6379/0", "1,240 ops/s", "14.2 MB of 95.4 MB", "9 clients")),
        (MEDIUM, ("redis.shop.example.com:6379/0", "1,240 ops/s", "14.2 MB of 95.4 MB", "9 clients", "ping 0.3 ms")),
    ],
)
async def test_the_first_line_keeps_figures_rather_than_the_name_of_the_program(
    size: tuple[int, int], there: tuple[str, ...]
) -> None:
    feed = FakeFeed(*shop())
    feed.target = "redis://redis.shop.example.com:6379/0"
    async with running(feed, size) as (app, pilot):
        await shows(app, pilot, *there)
        first = screen_text(app).splitlines()[0]
        assert all(text in first for text in there)


def test_a_short_item_takes_the_room_that_a_long_one_has_left() -> None:
    def item(text: str, priority: int) -> Item:
        segments: tuple[Segment, ...] = ((Plain(text), "text"),)
        return Item(segments, priority)

    bar = StatusBar(gap=(Plain(" "), "blank"))
    items = (item("target", 0), item("a-long-figure", 2), item("cost", 3), item("ok", 4))
    bar.show(items)
    assert bar._fitting(25) == ([items[0], items[1]], 2)
    assert bar._fitting(20) == ([items[0], items[2], items[3]], 1)
    assert bar._fitting(14) == ([items[0], items[2]], 2)
    assert bar._fitting(40) == (list(items), 0)
