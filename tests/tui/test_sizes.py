"""Any size of the terminal: a message that fits where there is too little room, and the screen again afterwards."""

from __future__ import annotations

from itertools import product
from textwrap import wrap

import pytest
from textual.geometry import Size

from redis_dash.tui.size_notice import LEAST, QUESTION_SIZE, notice_lines
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, broken, case, running, screen_text, shows, tap, until

TINY = ((20, 5), (16, 4), (12, 3), (9, 2), (5, 1), (2, 1), (29, 40), (200, 3))
SCREENS = {
    "the dashboard": ((), "1 Events"),
    "help": (("question_mark",), "Everywhere"),
    "details": (("2", "enter"), "Esc closes"),
    "a question": (("2", "r"), "Sign this session out?"),
    "a form": (("d", "e"), "leaves"),
    "a choice": (("d", "a"), "leaves"),
    "the kinds of keys": (("d",), "2 kinds"),
    "the databases": (("n",), "Databases of this server"),
    "the palette": (("ctrl+p",), "Search for commands"),
}


def words(text: str) -> list[str]:
    """The lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_filled(text: str, width: int, height: int) -> bool:
    """Whether every cell is painted."""
    return [len(line) for line in text.split("\n")] == [width] * height


def test_the_notice_fits() -> None:
    for width, height in product(range(1, 60), (1, 2, 3, 4, 7)):
        with case((width, height)):
            lines = notice_lines(Size(width, height))
            assert len(lines) <= height
            assert max(map(len, lines)) <= width
            assert "".join(lines).strip()


def test_the_notice_says_how_much_is_needed_where_that_fits() -> None:
    whole = f"terminal too small: {LEAST.width}x{LEAST.height} is needed"
    assert " ".join(" ".join(notice_lines(Size(20, 5))).split()) == whole
    assert [line.strip() for line in notice_lines(Size(16, 2))] == wrap("terminal too small", 16)


@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_gives_way_and_comes_back(name: str) -> None:
    keys, shown = SCREENS[name]
    async with running(FakeFeed(*fakes.everything()), MEDIUM) as (app, pilot):
        await tap(pilot, *keys)
        await shows(app, pilot, shown)
        for size in TINY:
            await pilot.resize_terminal(*size)
            least = QUESTION_SIZE if name == "a question" else LEAST
            said = words("\n".join(notice_lines(Size(*size), least)))
            await until(pilot, lambda said=said: words(screen_text(app)) == said)  # type: ignore[misc]
            await until(pilot, lambda size=size: is_filled(screen_text(app), *size))  # type: ignore[misc]
        await pilot.resize_terminal(*MEDIUM)
        await shows(app, pilot, shown)
        assert not broken(app)


async def test_a_question_that_is_not_shown_whole_is_not_answered() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, MEDIUM) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await pilot.resize_terminal(QUESTION_SIZE.width, QUESTION_SIZE.height - 1)
        await shows(app, pilot, "terminal too small: 50x18 is needed")
        await pilot.pause(0.5)  # longer than a yes has to wait
        await pilot.press("y", "tab", "enter")
        await pilot.pause(0.5)
        assert feed.submitted == []
        await pilot.resize_terminal(*MEDIUM)
        await shows(app, pilot, "Sign this session out?")
        await pilot.pause(0.5)
        await tap(pilot, "y")
        await until(pilot, lambda: len(feed.submitted) == 1)


async def test_what_had_the_keyboard_has_it_again() -> None:
    async with running(FakeFeed(*fakes.everything()), MEDIUM) as (app, pilot):
        await tap(pilot, "d", "e")
        await shows(app, pilot, "leaves")
        await tap(pilot, "a")
        await pilot.resize_terminal(20, 5)
        await shows(app, pilot, "too small")
        await tap(pilot, "b")
        await pilot.resize_terminal(*MEDIUM)
        await shows(app, pilot, "leaves")
        await until(pilot, lambda: app.screen.focused is not None)
        await tap(pilot, "c")
        await shows(app, pilot, " ac ")
