"""The colours of a terminal that has 16: the nearest one to amber would be grey, so each role has one that was chosen.

All themes look the same there. The page is black, so that the contrast does not depend on the terminal's own colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from textual.color import Color
from textual.theme import Theme

BLACK, RED, GREEN, BLUE = Color(0, 0, 0), Color(170, 0, 0), Color(0, 170, 0), Color(0, 0, 170)
CYAN, WHITE, GREY = Color(0, 170, 170), Color(170, 170, 170), Color(85, 85, 85)
BRIGHT_RED, BRIGHT_GREEN, BRIGHT_YELLOW = Color(255, 85, 85), Color(85, 255, 85), Color(255, 255, 85)
BRIGHT_MAGENTA, BRIGHT_CYAN, BRIGHT_WHITE = Color(255, 85, 255), Color(85, 255, 255), Color(255, 255, 255)
"""Colours that Rich makes the terminal's own ones of the same name."""

_ROLES = {
    "blank": WHITE,
    "text": BRIGHT_WHITE,
    "strong": BRIGHT_WHITE,
    "dim": WHITE,
    "faint": GREY,
    "border": GREY,
    "accent": BRIGHT_CYAN,
    "gauge": CYAN,
    "good": BRIGHT_GREEN,
    "warn": BRIGHT_YELLOW,
    "bad": BRIGHT_RED,
    "alarm": BRIGHT_RED,
    "focus": BRIGHT_CYAN,
}
_HUES = (BRIGHT_CYAN, BRIGHT_GREEN, BRIGHT_MAGENTA, BRIGHT_WHITE, CYAN, GREEN, WHITE, BRIGHT_MAGENTA)
_TELLING = ("warn", "bad", "alarm", "focus")
_DECORATING = ("blank", "faint", "border")


class Pair(NamedTuple):
    """Foreground and background."""

    ink: Color
    back: Color


def pair(role: str, ground: str, *, colorless: bool = False, faded: bool = False) -> Pair:
    """The colours of a role on a background.

    Args:
        colorless: use no colour but black, grey and white (``NO_COLOR``).
        faded: for values that are no longer current; what must be read first keeps its colour.
    """
    ink = _ROLES[role] if role in _ROLES else _HUES[int(role.removeprefix("hue"))]
    if faded and role not in _TELLING and role not in _DECORATING:
        ink = WHITE
    if colorless and role not in _DECORATING:
        ink = WHITE if ink is WHITE else BRIGHT_WHITE
    if role in ("alarm", "focus"):  # reversed
        return Pair(ink, BLACK)
    if ground != "cursor":
        return Pair(ink, BLACK)
    if colorless:
        return Pair(BLACK, WHITE)
    if role == "bad":
        return Pair(BRIGHT_WHITE, RED)
    return Pair(BRIGHT_WHITE if role.startswith("hue") else ink, BLUE)


def theme(colorless: bool) -> Theme:
    """The theme for what Textual itself draws."""
    of = variables(colorless)
    return Theme(
        "16 colours",
        primary=of["primary"],
        secondary=of["primary"],
        accent=of["primary"],
        warning=of["warning"],
        error=of["error"],
        success=of["success"],
        foreground=of["foreground"],
        background=of["background"],
        surface=of["surface"],
        panel=of["panel"],
    )


def variables(colorless: bool) -> Mapping[str, str]:
    """Colours for the style sheet, beside those of the theme."""
    ink, page = BRIGHT_WHITE.hex, BLACK.hex
    muted = BRIGHT_WHITE if colorless else WHITE
    telling = {"primary": BRIGHT_CYAN, "warning": BRIGHT_YELLOW, "error": BRIGHT_RED, "success": BRIGHT_GREEN}
    inks = {name: (BRIGHT_WHITE if colorless else color).hex for name, color in telling.items()}
    return {
        "background": page,
        "foreground": ink,
        "surface": page,
        "panel": _raised(colorless).hex,
        **inks,
        **{f"text-{name}": color for name, color in inks.items()},
        "text": ink,
        "text-muted": muted.hex,
        "text-disabled": muted.hex,
        "cursor": _raised(colorless).hex,
        "button-foreground": ink,
        "button-color-foreground": page,
    }


def _raised(colorless: bool) -> Color:
    return BLACK if colorless else BLUE
