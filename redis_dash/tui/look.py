"""The look: what each role of text wears, on each ground, computed once per theme and never per line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from zlib import crc32

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

Role = Literal[
    "blank",
    "text",
    "strong",
    "dim",
    "faint",
    "accent",
    "good",
    "warn",
    "bad",
    "alarm",
    "focus",
    "border",
    "gauge",
    "hue0",
    "hue1",
    "hue2",
    "hue3",
    "hue4",
    "hue5",
    "hue6",
    "hue7",
]
"""``blank`` is for spaces between runs of text. ``alarm`` is for what must be read first, ``focus`` for what has the
keyboard: both are reversed, so that they stand out without colour too."""

Ground = Literal["base", "bar", "cursor", "trouble"]
"""What lies behind: the page, a header or footer bar, the cursor's row, a row that is in trouble."""

THEME = Theme(
    name="redis-dash",
    primary="#79b8c9",
    secondary="#94a8da",
    accent="#79b8c9",
    warning="#e2b35d",
    error="#ea7068",
    success="#93bd82",
    foreground="#cfd6de",
    background="#10141a",
    surface="#171d26",
    panel="#212a36",
    dark=True,
    variables={
        "footer-key-foreground": "#79b8c9",
        "input-selection-background": "#79b8c9 30%",
        "block-cursor-background": "#2c3a48",
        "block-cursor-foreground": "#e8edf2",
        "block-cursor-text-style": "bold",
    },
)
"""Our own calm dark theme."""

_HUES: tuple[Role, ...] = ("hue0", "hue1", "hue2", "hue3", "hue4", "hue5", "hue6", "hue7")
_HUE_COLORS = ("#7fb4ca", "#9cc08a", "#a99bd6", "#d393b2", "#76bda9", "#c9b787", "#94a8da", "#c49a84")


class Look:
    """The styles of one theme."""

    def __init__(self, variables: Mapping[str, str], faded: bool = False) -> None:
        colors = {name: _color(variables, name) for name in ("background", "foreground", "surface", "panel")}
        colors |= {name: _color(variables, name) for name in ("primary", "warning", "error", "success")}
        page, ink = colors["background"], colors["foreground"]
        fade = 0.55 if faded else 0.0
        inks: dict[Role, Color] = {
            "blank": ink.blend(page, 0.78),
            "text": ink,
            "strong": ink,
            "dim": ink.blend(page, 0.42),
            "faint": ink.blend(page, 0.78),
            "border": ink.blend(page, 0.74),
            "accent": colors["primary"],
            "gauge": colors["primary"].blend(page, 0.38),
            "good": colors["success"],
            "warn": colors["warning"],
            "bad": colors["error"],
            "alarm": colors["error"],
            "focus": colors["primary"],
            **{hue: Color.parse(color) for hue, color in zip(_HUES, _HUE_COLORS, strict=True)},
        }
        grounds: dict[Ground, Color] = {
            "base": page,
            "bar": colors["surface"],
            "cursor": colors["panel"].blend(colors["primary"], 0.14),
            "trouble": page.blend(colors["error"], 0.13),
        }
        self._styles: dict[Ground, dict[Role, Style]] = {
            ground: {role: _style(role, color.blend(page, fade), back) for role, color in inks.items()}
            for ground, back in grounds.items()
        }

        self._faded = self if faded else Look(variables, faded=True)

    @property
    def faded(self) -> Look:
        """The same, paler: for what is no longer current."""
        return self._faded

    def style(self, role: Role, ground: Ground = "base") -> Style:
        """What text of a role wears on a ground."""
        return self._styles[ground][role]

    def styles(self, ground: Ground) -> Mapping[Role, Style]:
        """What each role wears on a ground."""
        return self._styles[ground]


def _style(role: Role, ink: Color, ground: Color) -> Style:
    ink, back = Color(*ink.rgb), Color(*ground.rgb)
    reverse = role in ("alarm", "focus")
    return Style(color=ink.rich_color, bgcolor=back.rich_color, bold=role == "strong" or reverse, reverse=reverse)


def _color(variables: Mapping[str, str], name: str) -> Color:
    """A theme's colour; our own where the theme leaves it to the terminal, for we must blend it."""
    color = Color.parse(variables.get(name, "ansi_default"))
    if color.ansi is None:
        return color
    own = getattr(THEME, name)
    assert isinstance(own, str)
    return Color.parse(own)


class Hues:
    """A stable colour for each name: by its hash, moved on only where a neighbour has taken it."""

    def __init__(self) -> None:
        self._taken: dict[bytes, Role] = {}

    def of(self, name: bytes) -> Role:
        """The role that a name wears."""
        if name in self._taken:
            return self._taken[name]
        first = crc32(name) % len(_HUES)
        used = set(self._taken.values())
        order = _HUES[first:] + _HUES[:first]
        role = next((hue for hue in order if hue not in used), order[0])
        if len(self._taken) < 1000:
            self._taken[name] = role
        return role
