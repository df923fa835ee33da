"""Every theme on offer is readable, with colours and without."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import get_args

import msgspec
import pytest
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot

from redis_dash.tui.app import DashApp
from redis_dash.tui.contrast import TEXT, contrast, legible
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.theme_styles import Ground
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, case, leave, running, screen_text, shows, strips, tap, until

THEMES = sorted(DashApp(lambda: FakeFeed()).available_themes)
SHAPES = ("blank", "faint", "border", "gauge")
WHITE, GREY, BLACK = Color(255, 255, 255), Color(119, 119, 119), Color(0, 0, 0)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, GREY) == pytest.approx(4.48, abs=0.005)
    assert contrast(GREY, GREY) == 1


def test_an_ink_is_moved_no_further_than_it_must() -> None:
    assert legible(BLACK, WHITE) == BLACK
    assert TEXT <= contrast(legible(Color.parse("#94a8da"), WHITE), WHITE) < TEXT + 0.5
    assert contrast(legible(GREY, WHITE, Color(200, 200, 200)), Color(200, 200, 200)) >= TEXT


@cache
def contrast_of(style: Style) -> float:
    """The contrast of a style; 0 if only the terminal knows its colours."""
    ink, ground = (color and color.triplet for color in (style.color, style.bgcolor))
    return contrast(Color(*ink), Color(*ground)) if ink and ground and not style.dim else 0.0


def hard_to_read(app: DashApp) -> list[tuple[str, str, float]]:
    """Texts of the topmost screen whose contrast is too small, with their styles and contrasts."""
    region = Region(0, 0, *app.size)
    if not isinstance(app.screen, PaneScreen):
        (box,) = [child for child in app.screen.children if not child.has_class("-textual-system")]
        region = box.region
    found = []
    for strip in strips(app)[region.y : region.bottom]:
        for text, style, control in strip.crop(region.x, region.right):
            if control or style is None or not any(char.isalnum() for char in text):
                continue
            if contrast_of(style) < TEXT:
                found.append((text, str(style), contrast_of(style)))
    return found


def lightness(app: DashApp) -> float:
    """The share of the screen that is light."""
    light = dark = 0
    for strip in strips(app):
        for text, style, _ in strip:
            assert style is not None
            assert style.bgcolor is not None
            assert style.bgcolor.triplet is not None
            ground = Color(*style.bgcolor.triplet)
            if contrast(ground, BLACK) > contrast(ground, WHITE):
                light += len(text)
            else:
                dark += len(text)
    return light / (light + dark)


@pytest.mark.parametrize("colorless", [False, True])
@pytest.mark.parametrize("theme", THEMES)
def test_every_role_can_be_read_on_every_ground(theme: str, colorless: bool) -> None:
    app = DashApp(lambda: FakeFeed())
    app.no_color = colorless
    app.set_reactive(DashApp.theme, theme)
    app._theme_styles.clear()
    for theme_styles in (app.theme_styles, app.theme_styles.faded):
        for ground in get_args(Ground):
            for role, style in theme_styles.styles(ground).items():
                ratio = contrast_of(style)
                assert ratio >= (0 if role in SHAPES else TEXT), (role, ground)


SCREENS = {
    "a row": (
        ("2", "down"),
        "",
    ),
    "a question": (("2", "down", "r"), "Sign this session out?"),
    "its other button": (("2", "down", "r", "tab"), "Sign this session out?"),
    "details": (("2", "down", "enter"), "Esc closes"),
    "help": (("question_mark",), "Everywhere"),
    "the kinds of keys": (("d", "down"), "2 kinds"),
    "the palette": (("ctrl+p", "z", "o"), "Let the pane fill"),
    "a filter": (("2", "slash", "u", "u"), "uu"),
}
ALL_PANES = ("a row", "a filter")
"""Where all panes are judged."""
IN_A_BOX = tuple(name for name in SCREENS if name not in ALL_PANES)
"""On a small screen: what lies below a box is not judged, and takes longest to paint."""


async def read_in(themes: Sequence[str], app: DashApp, pilot: Pilot[None]) -> None:
    """Check the screen in these themes."""
    for theme in themes:
        app.theme = theme
        await until(pilot, lambda: app.dashboard.pane_layout.current.theme_styles is app.theme_styles)
        await pilot.pause(0.05)
        assert hard_to_read(app) == [], theme


@pytest.mark.parametrize(
    ("themes", "no_color"), [(THEMES, False), (("redis-dash", "textual-light", "solarized-light"), True)]
)
@pytest.mark.parametrize(("size", "names"), [(MEDIUM, ALL_PANES), (NARROW, IN_A_BOX)])
async def test_every_text_can_be_read(
    size: tuple[int, int],
    names: Sequence[str],
    themes: Sequence[str],
    no_color: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    feed = FakeFeed(*fakes.everything())
    feed.kinds = fakes.keys(fakes.kind("a:*", 9, recognised=(fakes.recognised(),)), fakes.kind("b:*", 2))
    async with running(feed, size, scenarios={"burst": "many orders"}) as (app, pilot):
        for name in names:
            keys, shown = SCREENS[name]
            with case(name):
                await tap(pilot, *keys)
                await shows(app, pilot, shown)
                await read_in(themes, app, pilot)
                await leave(app, pilot)


@pytest.mark.parametrize("no_color", [False, True])
async def test_a_lost_connection_can_be_read(no_color: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        lost = {"status": "stale", "note": "gone", "away": True}
        feed.put(*(msgspec.structs.replace(reading, **lost) for reading in fakes.everything()))
        await shows(app, pilot, "disconnected", "stale")
        await read_in(THEMES, app, pilot)


@pytest.mark.parametrize(("theme", "is_light"), [("ansi-light", True), ("ansi-dark", False)])
async def test_ansi_themes_are_as_light_as_they_say(theme: str, is_light: bool) -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        app.theme = theme
        await until(pilot, lambda: app.dashboard.pane_layout.current.theme_styles is app.theme_styles)
        for keys in ((), ("question_mark",), ("escape", "ctrl+p"), ("escape", "2", "enter")):
            await tap(pilot, *keys)
            await until(pilot, lambda keys=keys: (app.screen is not app.dashboard) == bool(keys))  # type: ignore[misc]
            await pilot.pause(0.05)
            assert (lightness(app) > 0.95) if is_light else (lightness(app) < 0.05)


def reversed_texts(app: DashApp) -> str:
    """The reversed texts on the screen."""
    found = [text for strip in strips(app) for text, style, _ in strip if style is not None and style.reverse]
    return "|".join(found)


@pytest.mark.parametrize("cursor", ["home", "down"])
async def test_without_colour_the_blocked_row_is_reversed(cursor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "3", cursor)
        await shows(app, pilot, "203.0.113.9")
        await until(pilot, lambda: "▸" in screen_text(app))
        shown = reversed_texts(app)
        assert "203.0.113.9" in shown
        assert "blocked, 12 s" in shown
        assert "198.51.100.4" not in shown
