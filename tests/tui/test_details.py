"""Details follow the row that they were opened for."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.core.frames.base import Frame
from redis_dash.core.frames.leaderboards import BoardRow
from redis_dash.core.reading import AnyReading
from redis_dash.tui.panes.sessions import SessionsPane
from tests.tui import fakes, huge
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, running, screen_text, shows, tap, until


def limits(*rows: object) -> AnyReading:
    return fakes.ok("rate_limits", fakes.rate_limits(*rows), coverage=1.0)  # type: ignore[arg-type]


async def test_they_follow_the_readings() -> None:
    feed = FakeFeed(limits(fakes.limit("10.0.0.1", 50, reset=52.0)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "3", "enter")
        await shows(app, pilot, "usage falls in  52 s", "50 of 100 requests used")
        feed.put(limits(fakes.limit("10.0.0.9", 70), fakes.limit("10.0.0.1", 63, reset=21.0)))
        await shows(app, pilot, "usage falls in  21 s", "63 of 100 requests used in 1 min 00 s, 37 left")


async def test_they_say_why_a_client_is_blocked() -> None:
    async with running(FakeFeed(limits(fakes.limit("10.0.0.1", 103, reset=41.5)))) as (app, pilot):
        await tap(pilot, "3", "enter")
        await shows(app, pilot, "blocked: 103 of 100 requests used in 1 min 00 s; the next is let in in 41 s")


GONE: dict[str, tuple[str, Frame, Frame, str]] = {
    "sessions": ("2", fakes.sessions(fakes.session(7)), fakes.sessions(fakes.session(8)), "This session has ended."),
    "among many": (
        "2",
        fakes.sessions(fakes.session(7), count=5000),
        fakes.sessions(fakes.session(8), count=5000),
        "No longer listed: it has ended, or others have more time left.",
    ),
    "limits": (
        "3",
        fakes.rate_limits(fakes.limit("user7@example.com", 5)),
        fakes.rate_limits(fakes.limit("10.0.0.9", 5)),
        "This key counts nothing any more.",
    ),
    "members": (
        "4",
        fakes.leaderboards(fakes.board("daily", "user7@example.com")),
        fakes.leaderboards(fakes.board("daily", "zed")),
        "No longer on this board.",
    ),
    "boards": (
        "4",
        fakes.leaderboards(fakes.board("daily", "user7@example.com")),
        fakes.leaderboards(),
        "No longer on this board.",
    ),
}
TOPICS = {"2": "sessions", "3": "rate_limits", "4": "leaderboards"}


@pytest.mark.parametrize("case", GONE)
async def test_they_say_when_the_row_is_gone(case: str) -> None:
    key, before, after, words = GONE[case]
    feed = FakeFeed(fakes.ok(TOPICS[key], before, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, key, "enter")
        await shows(app, pilot, "Esc closes", "user7@example.com")
        assert words not in screen_text(app)
        feed.put(fakes.ok(TOPICS[key], after, coverage=1.0))
        await shows(app, pilot, f"{words} Noticed at ", "user7@example.com")
        feed.put(fakes.ok(TOPICS[key], before, coverage=1.0))
        await until(pilot, lambda: words not in screen_text(app))


async def test_a_count_that_is_an_estimate_does_not_end_a_session() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(fakes.session(7)), coverage=0.1))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "Esc closes", "user7@example.com")
        feed.put(fakes.ok("sessions", fakes.sessions(fakes.session(8)), coverage=0.1))
        await shows(app, pilot, "No longer listed: it has ended, or others have more time left.")


async def test_they_say_when_the_server_is_away() -> None:
    first = fakes.ok("sessions", fakes.sessions(fakes.session(7)), coverage=1.0)
    feed = FakeFeed(first)
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "Esc closes", "user7@example.com")
        feed.put(msgspec.structs.replace(first, status="stale", taken_at=first.taken_at - 60, note="refused"))
        await shows(app, pilot, "stale 1 min 0", " · refused", "user7@example.com")
        feed.put(first)
        await until(pilot, lambda: "refused" not in screen_text(app))


async def test_they_stay_with_what_a_search_found() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(fakes.session(1), count=5000), coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash", *"user3", "enter")
        await until(pilot, lambda: bool(feed.asked))
        found = fakes.session(3)
        feed.put(fakes.ok("sessions", huge.found(found, among=5000, coverage=1.0)))
        await shows(app, pilot, "1 found among 5,000")
        await tap(pilot, "enter")
        await shows(app, pilot, "expires in  23 h 53 min")
        later = msgspec.structs.replace(found, ttl_s=3600.0)
        feed.put(fakes.ok("sessions", huge.found(later, among=5000, coverage=1.0)))
        await shows(app, pilot, "expires in  1 h 00 min")
        assert "No longer" not in screen_text(app)


async def test_they_say_nothing_twice() -> None:
    row = fakes.session(7, role="admin")
    fields = (("email", row.user), ("role", "admin"), ("created_at", str(row.created_at)), ("ip", "203.0.113.9"))
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(msgspec.structs.replace(row, fields=fields))))
    async with running(feed, (120, 40)) as (app, pilot):
        await tap(pilot, "2", "z", "enter")
        await shows(app, pilot, "Esc closes", "203.0.113.9")
        text = screen_text(app)
        assert text.count("  role        admin") == 1
        assert text.count("  user        user7@example.com") == 1
        assert "  email  " not in text
        assert "created_at" not in text


async def test_another_field_with_the_same_value_is_shown() -> None:
    row = msgspec.structs.replace(fakes.session(7, user="1"), fields=(("user_id", "1"), ("visits", "1")))
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(row)))) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "visits      1", "user_id     1")


@pytest.mark.parametrize(
    ("score", "text"), [(6320.0, "6,320"), (8804.5, "8,804.50"), (0.1 + 0.2, "0.30000000000000004"), (1e300, "1e300")]
)
async def test_a_score_reads_as_in_the_list(score: float, text: str) -> None:
    board = msgspec.structs.replace(fakes.board("daily", "zed"), rows=(BoardRow(1, "zed", score, -2, 41.0),))
    async with running(FakeFeed(fakes.ok("leaderboards", fakes.leaderboards(board)))) as (app, pilot):
        await tap(pilot, "4", "enter")
        await shows(app, pilot, f"score      {text} ", "last move  down 2, 41 s ago")
        assert "6320.0" not in screen_text(app)


async def test_a_long_value_goes_on_below_itself() -> None:
    row = msgspec.structs.replace(fakes.session(7), fields=(("note", "word " * 40), ("ip", "203.0.113.9")))
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(row))), MEDIUM) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "note", "203.0.113.9")
        lines = [line for line in screen_text(app).splitlines() if "word word" in line]
        assert len(lines) > 1
        assert len({line.index("word") for line in lines}) == 1


async def test_the_cursor_stays_with_the_row_that_was_opened() -> None:
    rows = [fakes.session(i) for i in range(5)]
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "Esc closes")
        await tap(pilot, "escape")
        feed.put(fakes.ok("sessions", fakes.sessions(*rows[::-1])))
        table = app.dashboard.query_one(SessionsPane).table
        await until(pilot, lambda: table.index == 4)
        await shows(app, pilot, "▸ user0@example.com")


async def test_the_server_explains_its_lines() -> None:
    async with running(FakeFeed(fakes.ok("server", fakes.server()))) as (app, pilot):
        await tap(pilot, "6", "down", "enter")
        await shows(app, pilot, "memory  14.2 MB", "What the server uses")
