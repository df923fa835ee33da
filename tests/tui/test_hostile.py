"""Every registered pane shows hostile contents literally and keeps running."""

from __future__ import annotations

import unicodedata

import pytest
from textual.strip import Strip

from redis_dash.tui.panes import PANES
from tests.tui import hostile
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, broken, running, screen_text, shows, strips, tap, until

# Textual draws only printable characters, and so must the dashboard.
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
READINGS = hostile.readings()
MOVES = ("down", "down", "pagedown", "end", "up", "home", "right_square_bracket", "space", "enter")


def test_every_topic_has_a_hostile_frame() -> None:
    assert {reading.topic for reading in READINGS} == {pane.TOPIC for pane in PANES}


@pytest.mark.parametrize("number", range(1, len(PANES) + 1), ids=[pane.TOPIC for pane in PANES])
@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_a_pane_survives_hostile_data(number: int, size: tuple[int, int]) -> None:
    async with running(FakeFeed(*READINGS), size) as (app, pilot):
        await tap(pilot, str(number), "z")
        for key in MOVES:
            await tap(pilot, key)
            assert_inert(strips(app))
        await until(pilot, lambda: len(strips(app)) == size[1])
        assert_inert(strips(app))
        await tap(pilot, "escape", "slash", "left_square_bracket", "slash", "enter")
        assert_inert(strips(app))
        assert not broken(app)
        assert app.is_running


async def test_markup_is_shown_as_it_is() -> None:
    async with running(FakeFeed(*READINGS), WIDE) as (app, pilot):
        await shows(app, pilot, "[@click=app.quit]x[/]", "[bold red]loud[/bold red]", "\\x1b[31m", "\\u202etxt.exe")


async def test_a_click_on_a_hostile_link_does_nothing() -> None:
    async with running(FakeFeed(*READINGS), MEDIUM) as (app, pilot):
        for y, line in enumerate(screen_text(app).splitlines()):
            if "[@click=" in line:
                await pilot.click(offset=(line.index("[@click=") + 2, y))
        assert app.is_running


async def test_questions_and_details_are_inert() -> None:
    async with running(FakeFeed(*READINGS), NARROW) as (app, pilot):
        await tap(pilot, "2", "end", "r")
        assert_inert(strips(app))
        await tap(pilot, "escape")
        for _ in range(len(hostile.STRINGS)):
            await tap(pilot, "up", "enter")
            assert_inert(strips(app))
            await tap(pilot, "escape")


def assert_inert(lines: list[Strip]) -> None:
    """No control character, no direction override, no link, no action."""
    for strip in lines:
        for segment in strip:
            assert not segment.control
            bad = {char for char in segment.text if unicodedata.category(char) in FORBIDDEN}
            assert not bad, f"{bad!r} in {segment.text!r}"
            if segment.style is not None:
                assert segment.style.link is None
                assert "@click" not in segment.style.meta
