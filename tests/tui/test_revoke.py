"""The revoke path: ask, do, tell, undo."""

from __future__ import annotations

import time

import pytest
from textual.events import Key
from textual.widgets import Input

from redis_dash.commands import Outcome, RestoreSession, Result, RevokeSession
from redis_dash.model import SourceError
from redis_dash.tui.screens import confirm
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


@pytest.fixture(autouse=True)
def _answers_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 0.0)


async def test_an_answer_before_the_question_could_be_read_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 60.0)
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r", "y", "tab", "enter")
        await shows(app, pilot, "Sign this session out?")
        assert feed.submitted == []
        await tap(pilot, "escape")
        await until(pilot, lambda: "Sign this session out?" not in screen_text(app))
    assert feed.submitted == []


async def test_somebody_who_types_a_word_says_no() -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "i", "y", "a")
        await until(pilot, lambda: "Sign this session out?" not in screen_text(app))
    assert feed.submitted == []


async def test_a_held_key_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 0.4)
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        began = time.monotonic()
        while time.monotonic() - began < 1.0:  # longer than the quiet that is asked for
            await tap(pilot, "y")
        assert feed.submitted == []
        assert "Sign this session out?" in screen_text(app)


async def test_no_question_where_it_could_not_be_read() -> None:
    feed = feed_with()
    async with running(feed, size=(40, 10)) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "too small")
        await tap(pilot, "y")
        assert "Sign this session out?" not in screen_text(app)
    assert feed.submitted == []


async def test_a_quickly_typed_filter_is_no_command() -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2")
        for character in "/user1ry":  # all keys are there before any of them is handled
            app.post_message(Key("slash" if character == "/" else character, character))
        await until(pilot, lambda: any(field.value == "user1ry" for field in app.screen.query(Input)))
        await tap(pilot, "/")
        await until(pilot, lambda: any(field.value == "user1ry/" for field in app.screen.query(Input)))
        assert "Sign this session out?" not in screen_text(app)
    assert feed.submitted == []


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
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await shows(app, pilot, result.capitalize(), "It had [/] changed.")


async def test_an_error_is_told() -> None:
    async with running(feed_with(SourceError("connection [/] refused"))) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await shows(app, pilot, "Not done", "connection [/] refused")


async def test_undo_asks_and_restores() -> None:
    feed = feed_with(Outcome("deleted", "Gone.", UNDO), Outcome("restored", "Back again."))
    async with running(feed, WIDE) as (app, pilot):
        await tap(pilot, "u")
        await shows(app, pilot, "nothing to undo")
        await tap(pilot, "2", "down", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
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
