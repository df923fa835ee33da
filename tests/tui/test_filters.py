"""A filter finds the text of the details, as they show it."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.tui.formatting import moment
from redis_dash.tui.panes.sessions import SessionsPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, tap, until

BORN = 1_790_000_000.0
FIELDS = (("ip", "203.0.113.77"), ("csrf", "•••"), ("user_agent", "Mozilla/5.0 (X11)"))
WANTED = msgspec.structs.replace(fakes.session(7), fields=FIELDS, created_at=BORN, dialect="json")
OTHERS = [msgspec.structs.replace(fakes.session(i), fields=(), dialect="hash") for i in range(20, 40)]


@pytest.mark.parametrize(
    "text", ["203.0.113.77", "ip=203", "mozilla/5.0 (x", "csrf=•••", "user7@", "json", moment(BORN)]
)
async def test_whatever_the_details_show_is_found(text: str) -> None:
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*OTHERS, WANTED)))) as (app, pilot):
        pane = app.dashboard.query_one(SessionsPane)
        await tap(pilot, "2", "slash", *text)
        await until(pilot, lambda: pane.table.matching == 1)
        await shows(app, pilot, "1 found", "user7@example.com")


@pytest.mark.parametrize("text", ["secret-0007-do-not-show", "0007abcdefgh"])
async def test_what_is_masked_is_not_found(text: str) -> None:
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*OTHERS, WANTED)))) as (app, pilot):
        await tap(pilot, "2", "slash", *text)
        await shows(app, pilot, "0 found")


async def test_nothing_found_is_not_called_exact() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*OTHERS, WANTED), coverage=1.0))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "exact")
        await tap(pilot, "2", "slash", *"nobody")
        await shows(app, pilot, "0 found", "Esc: all rows")
        assert "exact" not in screen_text(app)
        await tap(pilot, "escape")
        await shows(app, pilot, "exact")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_that_nothing_is_found_is_said_before_the_text_of_the_filter(size: tuple[int, int]) -> None:
    """Of more sessions than are listed, with a status that leaves little room."""
    frame = fakes.sessions(*OTHERS, count=12_345, spread=345)
    feed = FakeFeed(fakes.ok("sessions", frame, coverage=0.412))
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "2", "slash", *"nosuchuserisknown")
        await tap(pilot, "tab", "2")
        await shows(app, pilot, "0 found among 20")


async def test_the_kind_of_a_lifetime_is_found() -> None:
    forever = fakes.session(1, ttl=None)
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*OTHERS, forever)))) as (app, pilot):
        await tap(pilot, "2", "slash", *"never")
        await shows(app, pilot, "1 found", "user1@example.com")


async def test_nobody_is_found_by_a_time_that_runs() -> None:
    rows = [fakes.limit("alice", 5, reset=17.0), fakes.limit("bob17", 5, reset=3.0), fakes.limit("carol", 100)]
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(*rows)))) as (app, pilot):
        await tap(pilot, "3", "slash", *"17")
        await shows(app, pilot, "1 found", "bob17")
        assert "alice" not in screen_text(app)
        await tap(pilot, "escape", "slash", *"blocked")
        await shows(app, pilot, "1 found", "carol")
