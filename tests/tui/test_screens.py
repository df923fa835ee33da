"""Screens above the dashboard: one at a time, closed once, even if several keys arrive together."""

from __future__ import annotations

import sys

import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from redis_dash.core.commands import Publish
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, shows, tap, until


def press_together(pilot: Pilot[None], *keys: str) -> None:
    """Post all keys before the first is handled."""
    for key in keys:
        name, char = (_character_to_key(key), key) if len(key) == 1 else (key, None)
        pilot.app.post_message(Key(name, char))


@pytest.mark.parametrize("times", [2, 5])
async def test_the_palette_runs_a_command_once(times: int) -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, scenarios={"burst": "Many requests."}) as (app, pilot):
        await tap(pilot, "ctrl+p", *"burst")
        await shows(app, pilot, "Demo: burst")
        press_together(pilot, *["enter"] * times)
        await until(pilot, lambda: app.screen is app.dashboard and bool(feed.submitted))
        await tap(pilot, "ctrl+p", *"zoom")
        await shows(app, pilot, "Let the pane fill")
        press_together(pilot, *["enter"] * times)
        await until(pilot, lambda: app.screen is app.dashboard and app.dashboard.pane_layout.is_alone)
        await tap(pilot, "escape")
        await until(pilot, lambda: not app.dashboard.pane_layout.is_alone)
        assert feed.submitted == [Publish("demo:control", '{"scenario":"burst"}')]


async def test_the_palette_opens_what_was_chosen_and_leaves_it_open() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "ctrl+p", *"help")
        await shows(app, pilot, "what words mean")
        press_together(pilot, "enter", "enter")
        await shows(app, pilot, "Everywhere")
        assert len(app.screen_stack) == 2


@pytest.mark.parametrize(
    ("before", "keys"),
    [
        (("question_mark",), ("escape", "escape")),
        (("question_mark",), ("q", "escape", "escape")),
        (("enter",), ("escape", "escape")),
        (("r",), ("escape", "n", "escape")),
        (("ctrl+p",), ("escape", "escape")),
        (("ctrl+p",), ("enter", "escape", "escape")),
    ],
)
async def test_keys_that_arrive_together_close_one_screen(before: tuple[str, ...], keys: tuple[str, ...]) -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "2", "down")
        await tap(pilot, *before)
        await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
        press_together(pilot, *keys)
        await until(pilot, lambda: app.screen_stack == [app.dashboard])
        await tap(pilot, "3")
        await until(
            pilot, lambda: app.screen_stack == [app.dashboard] and app.dashboard.pane_layout.current.number == 3
        )


@pytest.mark.parametrize("typed", ["", "zo"])
@pytest.mark.parametrize("key", ["3", "z"])
async def test_a_key_behind_the_escape_that_closes_the_palette_acts(typed: str, key: str) -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "2", "ctrl+p", *typed)
        await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
        press_together(pilot, "escape", key)
        await until(pilot, lambda: app.screen_stack == [app.dashboard])
        layout = app.dashboard.pane_layout
        await until(pilot, lambda: layout.current.number == 3 if key == "3" else app.dashboard.pane_layout.is_alone)


@pytest.mark.parametrize("keys", [("enter", "enter", "enter"), ("r", "enter")])
async def test_keys_that_arrive_together_open_one_screen(keys: tuple[str, ...]) -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "2", "down")
        press_together(pilot, *keys)
        await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
        await tap(pilot, "escape", "3")
        await until(
            pilot, lambda: app.screen_stack == [app.dashboard] and app.dashboard.pane_layout.current.number == 3
        )


async def test_no_screen_opens_above_another() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "Everywhere")
        await tap(pilot, "ctrl+p")
        app.action_help()
        await pilot.pause(0.05)
        assert len(app.screen_stack) == 2


async def test_a_defect_ends_it_without_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    class DefectError(Exception):
        pass

    def refresh_values() -> None:
        secret = "s3cret" + str(len(sys.argv))
        raise DefectError(f"\x1b]0;{secret}\x07")

    with pytest.raises(DefectError):  # noqa: PT012
        async with running(FakeFeed(*fakes.everything())) as (app, pilot):
            app.dashboard.refresh_values = refresh_values  # type: ignore[method-assign]
            await until(pilot, lambda: not app.is_running)
    assert app.return_code == 70
    assert type(app.crash) is DefectError
    assert capsys.readouterr().err == ""  # the command line reports it
