"""Columns get the width of their contents; a shortened name keeps the part that differs."""

from __future__ import annotations

import time

import msgspec
import pytest

from redis_dash.core.certainty import exact
from redis_dash.core.frames.cache import CacheGroup
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.tui.panes.sessions import SessionsPane
from redis_dash.tui.text import Plain, crop_middle
from redis_dash.tui.widgets.columns import Column, share_out
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, strips, tap, until

SIZES = ((100, 28), MEDIUM, (160, 48), WIDE, NARROW)


def sessions(*users: str, role: str = "student") -> list[SessionRow]:
    return [fakes.session(i, user, role) for i, user in enumerate(users)]


@pytest.mark.parametrize("size", SIZES)
async def test_people_are_shown_whole_with_their_id(size: tuple[int, int]) -> None:
    rows = sessions("giulia@example.com", "raj@example.com", "valentina@example.org")
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*rows))), size) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, *(f" {row.user} " for row in rows), " 0000… ", "23:53:20")
        assert size == SIZES[0] or "student" in screen_text(app)


@pytest.mark.parametrize("size", SIZES)
async def test_a_wait_is_shown_whole(size: tuple[int, int]) -> None:
    rows = (fakes.limit("203.0.113.9", 100, reset=581.0), fakes.limit("198.51.100.4", 100, reset=12.0))
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(*rows))), size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "blocked, 9 min", "blocked, 12 s ", "100/100")
        assert "9 m…" not in screen_text(app)


@pytest.mark.parametrize("size", SIZES)
async def test_names_that_differ_at_the_end_differ_on_the_screen(size: tuple[int, int]) -> None:
    rows = [fakes.limit(f"user:tenant-acme-production:region-one:api-key-{i}", 5) for i in range(4)]
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(*rows))), size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, *(f"key-{i} " for i in range(4)), "user:")


async def test_what_nobody_has_takes_no_room() -> None:
    rows = sessions("a-rather-long-name.of-somebody@example.com", role="")
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*rows))), (100, 28)) as (app, pilot):
        await shows(app, pilot, "a-rather-long-name.of")
        text = screen_text(app)
        assert "role" not in text
        assert "column" not in text  # nothing is missing, so nothing is reported


async def test_a_column_that_holds_something_is_not_hidden_in_silence() -> None:
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*sessions("x" * 60)))), (50, 12)) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "+1 column", "…", "0000…")


async def test_columns_stand_still_while_rows_come_and_go() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*sessions("a-longer-name@example.com", "bob"))))
    async with running(feed) as (app, pilot):
        table = app.dashboard.query_one(SessionsPane).table
        await shows(app, pilot, "a-longer-name@example.com")
        before = table._widths
        feed.put(fakes.ok("sessions", fakes.sessions(*sessions("bob"))))
        await until(pilot, lambda: "a-longer-name" not in screen_text(app))
        assert table._widths == before
        await tap(pilot, "2", "home")
        await until(pilot, lambda: table._widths[0] < before[0])


async def test_no_limit_known_no_bar() -> None:
    rows = [fakes.limit(f"10.0.0.{i}", 5, of=None, reset=None) for i in range(4)]
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(*rows)))) as (app, pilot):
        await shows(app, pilot, f"10.0.0.3  {5:>7}")


async def test_days_left_have_no_seconds_where_room_is_short() -> None:
    row = msgspec.structs.replace(
        fakes.session(1, "valentina.rossi@example.com", ttl=400 * 86_400.0 - 50), created_at=time.time()
    )
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(row))), (100, 28)) as (app, pilot):
        await shows(app, pilot, "valentina.rossi@", "399 d 23 h")
        await pilot.resize_terminal(*WIDE)
        await shows(app, pilot, "399 d 23:59:10")


async def test_a_day_left_is_no_warning_beside_a_year() -> None:
    long = 400 * 86_400.0
    rows = [
        msgspec.structs.replace(fakes.session(i, ttl=ttl), ttl_full_s=long) for i, ttl in enumerate((86_000.0, 200.0))
    ]
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))) as (app, pilot):
        await shows(app, pilot, "23:53:20", "00:03:20")
        colors = {
            segment.text.strip(): segment.style.color for strip in strips(app) for segment in strip if segment.style
        }
        assert colors["23:53:20"] == app.theme_styles.style("text").color
        assert colors["00:03:20"] == app.theme_styles.style("warn").color


async def test_a_cache_name_is_shown_whole() -> None:
    group = CacheGroup("answers-of-the-model", exact(12), 5, 2, 0.7)
    frame = msgspec.structs.replace(fakes.cache(), groups=(group,))
    async with running(FakeFeed(fakes.ok("cache", frame)), (160, 48)) as (app, pilot):
        await shows(app, pilot, "answers-of-the-model", "70.0 %")
        await pilot.resize_terminal(*MEDIUM)
        await shows(app, pilot, "answers…-model", "70.0 %")


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("short", 9, "short"),
        ("2001:db8:85a3::7334", 12, "2001:d…:7334"),
        ("漢字かな交じり文", 9, "漢字…り文"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
    ],
)
def test_cut_in_the_middle(text: str, width: int, cut: str) -> None:
    assert crop_middle(Plain(text), width) == cut


COLUMNS = (
    Column(Plain("name"), 20, most=30),
    Column(Plain("role"), 5, most=9, priority=1),
    Column(Plain(""), 4, most=50, priority=2, bar=True),
)


@pytest.mark.parametrize(
    ("room", "held", "widths"),
    [
        (80, (12, 7, 1), (12, 7, 50)),
        (40, (12, 7, 1), (12, 7, 17)),
        (27, (12, 7, 1), (12, 7, 4)),
        (26, (12, 7, 1), (12, 6, 4)),
        (18, (12, 7, 1), (12, 0, 0)),
        (12, (12, 7, 1), (12, 0, 0)),
        (10, (12, 7, 1), (10, 0, 0)),
        (60, (25, 0, 1), (25, 0, 33)),
        (60, (25, 3, 0), (25, 4, 0)),
        (33, (25, 7, 1), (20, 5, 4)),
    ],
)
def test_who_gets_what(room: int, held: tuple[int, ...], widths: tuple[int, ...]) -> None:
    assert share_out(COLUMNS, room, held) == widths


@pytest.mark.parametrize(
    ("room", "widths"),
    [(80, (25, 7, 44)), (42, (25, 7, 6)), (39, (25, 6, 4)), (36, (25, 7, 0)), (30, (23, 5, 0)), (20, (20, 0, 0))],
)
def test_a_text_that_is_before_bars(room: int, widths: tuple[int, ...]) -> None:
    columns = (msgspec.structs.replace(COLUMNS[0], before_bars=True), *COLUMNS[1:])
    assert share_out(columns, room, (25, 7, 1)) == widths
