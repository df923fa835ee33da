"""Which keys answer a question: none that was meant for something else."""

from __future__ import annotations

import time

import pytest
from textual.events import Key

from redis_dash.tui.app import DashApp
from redis_dash.tui.screens import confirm
from tests.tui.helpers import running, screen_text, shows, tap, until
from tests.tui.test_revoke import UNDO, feed_with


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
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        monkeypatch.setattr(confirm, "QUIET_S", 0.4)
        screen = app.screen
        assert isinstance(screen, confirm.ConfirmScreen)
        await until(pilot, lambda: screen.is_shown)
        began = screen._quiet_since
        for repeat in range(1, 21):  # two seconds of it, ten times a second
            held = Key("y", "y")
            held.time = began + repeat / 10
            app.post_message(held)
        await until(pilot, lambda: screen._quiet_since == held.time)
        assert feed.submitted == []
        assert "Sign this session out?" in screen_text(app)


async def test_a_key_that_was_typed_before_the_question_was_shown_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program was busy for longer than the time that a question needs to be read."""
    monkeypatch.setattr(confirm, "QUIET_S", 0.2)
    mounted, typed = confirm.ConfirmScreen.on_mount, list[Key]()

    def on_mount(self: confirm.ConfirmScreen) -> None:
        mounted(self)
        began = time.monotonic()
        while (now := time.monotonic()) < began + 0.3:
            pass
        self.app.call_later(typing, self.app, now)

    def typing(app: DashApp, at: float) -> None:  # by the app: a key that a screen sends does not bubble past it
        typed.append(Key("y", "y"))
        typed[0].time = at
        app.post_message(typed[0])

    monkeypatch.setattr(confirm.ConfirmScreen, "on_mount", on_mount)
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        asked = app.screen
        assert isinstance(asked, confirm.ConfirmScreen)
        await until(pilot, lambda: bool(typed) and asked._quiet_since >= typed[0].time)
        await tap(pilot, "tab")
        assert app.screen is asked
        await tap(pilot, "escape")
        await until(pilot, lambda: app.screen is not asked)
    assert feed.submitted == []


@pytest.mark.parametrize(("keys", "key"), [(("2", "r"), "r"), (("u",), "u")])
async def test_the_key_that_asked_is_no_answer(keys: tuple[str, ...], key: str) -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        app._undo.commands.append(UNDO)
        await tap(pilot, *keys)
        await shows(app, pilot, "session", "?", "(y)")
        asked = app.screen
        assert isinstance(asked, confirm.ConfirmScreen)
        await until(pilot, lambda: asked.is_shown)
        for _ in range(3):
            again = Key(key, key)
            app.post_message(again)
        await until(pilot, lambda: asked._quiet_since == again.time)
        assert app.screen is asked
        assert feed.submitted == []
        await tap(pilot, "z")
        await until(pilot, lambda: app.screen is not asked)
