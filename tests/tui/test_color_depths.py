"""Terminals with 16 and 256 colours: every text can be read, and each meaning keeps a colour of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import get_args

import msgspec
import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.geometry import Region

from redis_dash.tui.app import DashApp
from redis_dash.tui.contrast import GRAPHIC, TEXT, contrast
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.theme_styles import Ground, Role
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import case, leave, running, shows, strips, tap

_DULL = [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)]
_BRIGHT = [(127,) * 3, (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255), (255,) * 3]
XTERM = TerminalTheme((0, 0, 0), (229, 229, 229), _DULL, _BRIGHT)
_VGA_DULL = [(0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170), (170,) * 3]
_VGA_BRIGHT = [tuple(255 if part else 85 for part in color) for color in _VGA_DULL]
VGA = TerminalTheme((0, 0, 0), (170, 170, 170), _VGA_DULL, _VGA_BRIGHT)  # type: ignore[arg-type]

TERMINALS = {
    "xterm": ("xterm", ColorSystem.STANDARD, XTERM),
    "a console": ("linux", ColorSystem.STANDARD, VGA),
    "256 colours": ("xterm-256color", ColorSystem.EIGHT_BIT, XTERM),
}
"""The variable TERM, what Rich makes of it, and the colours of the terminal."""
UNREAD = ("blank", "faint", "border")


@pytest.fixture(params=TERMINALS)
def palette(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[ColorSystem, TerminalTheme]:
    """The terminal in which the app is made."""
    term, system, theme = TERMINALS[request.param]
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLORTERM", raising=False)
    return system, theme


def seen(color: RichColor | None, palette: tuple[ColorSystem, TerminalTheme]) -> Color:
    """What the terminal makes of a colour."""
    assert color is not None
    system, theme = palette
    return Color(*color.downgrade(system).get_truecolor(theme))


@cache
def contrast_of(style: Style, palette: tuple[ColorSystem, TerminalTheme]) -> float:
    """The contrast of a style in this terminal."""
    assert not style.dim
    return contrast(seen(style.color, palette), seen(style.bgcolor, palette))


@pytest.mark.parametrize("colorless", [False, True])
@pytest.mark.parametrize("theme", ["redis-dash", "textual-light", "nord"])
def test_every_role_can_be_read(
    palette: tuple[ColorSystem, TerminalTheme], theme: str, colorless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if colorless:
        monkeypatch.setenv("NO_COLOR", "1")
    app = DashApp(lambda: FakeFeed())
    app.set_reactive(DashApp.theme, theme)
    for theme_styles in (app.theme_styles, app.theme_styles.faded):
        for ground in get_args(Ground):
            for role, style in theme_styles.styles(ground).items():
                least = 0 if role in UNREAD else GRAPHIC if role == "gauge" else TEXT
                assert contrast_of(style, palette) >= least, (role, ground)


def is_grey(color: Color) -> bool:
    return max(color.rgb) - min(color.rgb) < 40


@pytest.mark.parametrize("ground", get_args(Ground))
def test_what_means_something_has_a_colour(palette: tuple[ColorSystem, TerminalTheme], ground: Ground) -> None:
    styles = DashApp(lambda: FakeFeed()).theme_styles.styles(ground)
    telling: Sequence[Role] = ("warn", "bad", "good", "accent")
    shown = {role: (seen(styles[role].color, palette), seen(styles[role].bgcolor, palette)) for role in telling}
    assert all(not (is_grey(ink) and is_grey(back)) for ink, back in shown.values()), shown
    assert len(set(shown.values())) == len(telling)
    warning = shown["warn"][0]
    assert warning.r > warning.b + 60
    assert warning.g > warning.b + 60  # yellow, not red


def test_without_colour_there_are_greys_only(
    palette: tuple[ColorSystem, TerminalTheme], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    theme_styles = DashApp(lambda: FakeFeed()).theme_styles
    for ground in get_args(Ground):
        for style in theme_styles.styles(ground).values():
            assert is_grey(seen(style.color, palette))
            assert is_grey(seen(style.bgcolor, palette))


@pytest.mark.parametrize(("value", "colorless"), [("", False), ("1", True)])
def test_an_empty_no_color_does_not_count(value: str, colorless: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    app = DashApp(lambda: FakeFeed())
    assert app.no_color is colorless
    assert any("Color" in type(one).__name__ or "Mono" in type(one).__name__ for one in app._filters[1:]) is colorless


SCREENS = {
    "a row": (("2", "down"), "user1@"),
    "a question": (("2", "down", "r"), "Sign this session out?"),
    "its other button": (("2", "down", "r", "tab"), "Sign this session out?"),
    "details": (("2", "down", "enter"), "Esc closes"),
    "help": (("question_mark",), "Everywhere"),
    "the kinds of keys": (("d", "down"), "2 kinds"),
    "a form": (("d", "down", "e"), "leaves"),
    "a choice": (("d", "down", "a"), "leaves"),
    "the palette": (("ctrl+p", "z", "o"), "Let the pane fill"),
    "a filter": (("2", "slash", "u", "u"), "uu"),
}


def hard_to_read(app: DashApp, palette: tuple[ColorSystem, TerminalTheme]) -> list[tuple[str, str, float]]:
    """Texts of the topmost screen whose contrast is too small in this terminal."""
    region = Region(0, 0, *app.size)
    if not isinstance(app.screen, PaneScreen):
        (box,) = [child for child in app.screen.children if not child.has_class("-textual-system")]
        region = box.region
    return [
        (text, str(style), contrast_of(style, palette))
        for strip in strips(app)[region.y : region.bottom]
        for text, style, control in strip.crop(region.x, region.right)
        if style is not None and any(char.isalnum() for char in text) and contrast_of(style, palette) < TEXT
    ]


@pytest.mark.parametrize("no_color", [False, True])
async def test_every_text_can_be_read(
    palette: tuple[ColorSystem, TerminalTheme], no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    feed = FakeFeed(*fakes.everything())
    feed.kinds = fakes.keys(fakes.kind("a:*", 9, recognised=(fakes.recognised(),)), fakes.kind("b:*", 2))
    async with running(feed, scenarios={"burst": "many orders"}) as (app, pilot):
        for name, (keys, shown) in SCREENS.items():
            with case(name):
                await tap(pilot, *keys)
                await shows(app, pilot, shown)
                await pilot.pause(0.05)
                assert hard_to_read(app, palette) == []
                await leave(app, pilot)


async def test_a_lost_connection_can_be_read(palette: tuple[ColorSystem, TerminalTheme]) -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        lost = {"status": "stale", "note": "gone", "away": True}
        feed.put(*(msgspec.structs.replace(reading, **lost) for reading in fakes.everything()))
        await shows(app, pilot, "disconnected", "stale")
        assert hard_to_read(app, palette) == []
