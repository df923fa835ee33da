"""The lower edge of the sessions pane says which keys are in which format, and nothing that is not known."""

from __future__ import annotations

import msgspec

from redis_dash.core.frames.sessions import Format
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, tap

FLASK = Format("Flask-Session", "session:*", "its fields", True)
OWN = Format("", "own:*", "", False)
ALL = ("Flask-Session", "no known framework")


def feed_with(*formats: Format, rows: int = 3) -> FakeFeed:
    feed = FakeFeed(*(reading for reading in fakes.everything() if reading.topic != "sessions"))
    frame = fakes.sessions(*map(fakes.session, range(rows)))
    feed.put(fakes.ok("sessions", msgspec.structs.replace(frame, formats=formats), coverage=1.0))
    return feed


async def test_one_format_of_all_needs_no_pattern() -> None:
    async with running(feed_with(FLASK), (80, 24)) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "╰ Flask-Session ─")


async def test_formats_of_several_patterns_are_named_with_them() -> None:
    django = Format("Django", "dj:*", "its key", True)
    async with running(feed_with(FLASK, django), (80, 24)) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "╰ Flask-Session: session:* · Django: dj:* ─")


async def test_what_is_in_no_known_format_is_said() -> None:
    async with running(feed_with(FLASK, OWN), (80, 24)) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "╰ Flask-Session: session:* · others: no known framework ─")


async def test_nothing_is_said_where_nothing_is_known() -> None:
    async with running(feed_with(OWN), (80, 24)) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "3 sessions")
        assert not any(text in screen_text(app) for text in ALL)


async def test_matches_of_a_filter_are_in_no_format_of_others() -> None:
    async with running(feed_with(FLASK, OWN), (80, 24)) as (app, pilot):
        await tap(pilot, "2", "slash", *"user1", "enter")
        await shows(app, pilot, "1 found")
        assert not any(text in screen_text(app) for text in ALL)


async def test_details_of_a_session_in_no_known_format_name_no_recognition() -> None:
    async with running(feed_with(OWN)) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "format")
        assert "recognised" not in screen_text(app)


async def test_what_is_wrong_comes_before_formats_that_find_no_room() -> None:
    feed, note = FakeFeed(), "the time left of 12 may not be read"
    frame = msgspec.structs.replace(fakes.sessions(*map(fakes.session, range(40))), formats=(FLASK, OWN))
    ok = fakes.ok("sessions", frame, coverage=1.0)
    async with running(feed, (80, 24)) as (app, pilot):
        await tap(pilot, "2")
        feed.put(ok)
        await shows(app, pilot, "Flask-Session: session:* · others")
        feed.put(msgspec.structs.replace(ok, status="reduced", note=note))
        await shows(app, pilot, f"reduced: {note} ─╯")
        await pilot.resize_terminal(160, 40)
        await tap(pilot, "z")
        await shows(app, pilot, "Flask-Session: session:* · others", f"reduced: {note} ─╯")
