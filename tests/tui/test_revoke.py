"""The revoke path: ask, do, tell, undo."""

from __future__ import annotations

import pytest

from redis_dash.model import Outcome, RestoreSession, Result, RevokeSession, SourceError
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import WIDE, running, screen_text, shows, tap, until

ROWS = [fakes.session(i) for i in range(5)]
UNDO = RestoreSession(ROWS[1].key, ROWS[1].user, b"dump", 2e9)


def feed_with(*outcomes: Outcome | Exception) -> FakeFeed:
    """A feed with sessions that answers with these outcomes."""
    feed = FakeFeed(*(reading for reading in fakes.everything() if reading.topic != "sessions"))
    feed.put(fakes.ok("sessions", fakes.sessions(*ROWS), coverage=1.0))
    feed.outcomes = list(outcomes)
    return feed


async def test_the_question_says_who_and_what() -> None:
    async with running(feed_with()) as (app, pilot):
        await tap(pilot, "2", "down", "r")
        await shows(
            app, pilot, "Sign this session out?", "user1@example.com", "0001…", "student", "since", "expires in"
        )
        await shows(app, pilot, "The key is deleted", "u brings it back")


@pytest.mark.parametrize("keys", [("escape",), ("n",), ("enter",), ("tab", "tab", "enter")])
async def test_no_is_the_default(keys: tuple[str, ...]) -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, *keys)
        await until(pilot, lambda: "Sign this session out?" not in screen_text(app))
        assert feed.submitted == []


@pytest.mark.parametrize("keys", [("y",), ("tab", "enter")])
async def test_yes_submits_the_row_under_the_cursor(keys: tuple[str, ...]) -> None:
    feed = feed_with(Outcome("deleted", "The session is deleted."))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "down", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, *keys)
        await shows(app, pilot, "Deleted", "The session is deleted.")
        assert feed.submitted == [RevokeSession(ROWS[1])]


@pytest.mark.parametrize("result", ["already gone", "changed since, not deleted"])
async def test_other_outcomes_are_told(result: Result) -> None:
    async with running(feed_with(Outcome(result, "It had [/] changed."))) as (app, pilot):
        await tap(pilot, "2", "r", "y")
        await shows(app, pilot, result.capitalize(), "It had [/] changed.")


async def test_an_error_is_told() -> None:
    async with running(feed_with(SourceError("connection [/] refused"))) as (app, pilot):
        await tap(pilot, "2", "r", "y")
        await shows(app, pilot, "Not done", "connection [/] refused")


async def test_undo_asks_and_restores() -> None:
    feed = feed_with(Outcome("deleted", "Gone.", UNDO), Outcome("restored", "Back again."))
    async with running(feed, WIDE) as (app, pilot):
        await tap(pilot, "u")
        await shows(app, pilot, "nothing to undo")
        await tap(pilot, "2", "down", "r", "y")
        await shows(app, pilot, "Gone.", "u undo")
        await tap(pilot, "u")
        await shows(app, pilot, "Bring this session back?", "user1@example.com")
        await tap(pilot, "escape", "u")
        await shows(app, pilot, "Bring this session back?")
        await tap(pilot, "y")
        await shows(app, pilot, "Back again.")
        assert feed.submitted[1:] == [UNDO]
        await until(pilot, lambda: not app.dashboard.can_undo)


async def test_no_credential_is_ever_on_the_screen_or_in_a_repr() -> None:
    feed = feed_with(Outcome("deleted", "Gone.", UNDO))
    async with running(feed, WIDE) as (app, pilot):
        texts = []
        for keys in (("2",), ("enter",), ("escape", "r"), ("y",), ("u",)):
            await tap(pilot, *keys)
            await pilot.pause(0.05)
            texts.append(screen_text(app))
        seen = "".join(texts)
        reprs = repr([app, app.dashboard, *app.dashboard.panes, feed.submitted, app._undo, *app.screen_stack])
        for text in (seen, reprs):
            assert "do-not-show" not in text
            assert "secret-" not in text
