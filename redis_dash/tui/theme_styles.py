"""The style of each role of text on each background, computed once per theme and never per line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Literal, get_args
from zlib import crc32

from rich.style import Style
from textual.color import Color

from redis_dash.core import decoding
from redis_dash.tui import sixteen_colors
from redis_dash.tui.color_depth import SEEN, Depth
from redis_dash.tui.contrast import GRAPHIC, TEXT, Seen, legible, solid

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
"""``blank`` is for spaces between runs of text. ``alarm`` must be read first, ``focus`` has the keyboard: both are
reversed, so that they stand out without colour too."""

Ground = Literal["base", "bar", "cursor", "trouble"]
"""The background: the page, the header or footer, the cursor's row, a row that is in trouble."""

_HUES: tuple[Role, ...] = ("hue0", "hue1", "hue2", "hue3", "hue4", "hue5", "hue6", "hue7")
_HUE_COLORS = ("#7fb4ca", "#9cc08a", "#a99bd6", "#d393b2", "#76bda9", "#c9b787", "#94a8da", "#c49a84")


_TELLING_BYTES = 256
"""So many bytes of a name choose its colour: one of megabytes costs no more than a short one."""
_TELLING_CHARACTERS = 4 * (_TELLING_BYTES + 1)
"""In these characters are so many bytes, even if each is escaped."""

_PLAIN = ("background", "foreground", "surface", "panel")
_TELLING = ("primary", "warning", "error", "success")
"""The colours of the theme that are used, as foreground and background."""

_LEAST: Mapping[Role, float] = {"blank": 1.0, "faint": 1.0, "border": 1.0, "gauge": GRAPHIC}
"""The least contrast of roles that need not be read."""


class ThemeStyles:
    """The styles of one theme.

    Args:
        variables: The theme's colours, by their names in CSS.
        colorless: Replace colour by weight and reversal (``NO_COLOR``).
        faded: Use paler colours, for values that are no longer current.
        depth: How many colours the terminal has.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        colorless: bool = False,
        faded: bool = False,
        depth: Depth = "truecolor",
    ) -> None:
        self._paler = partial(ThemeStyles, variables, colorless=colorless, faded=True, depth=depth)
        if depth == "standard":
            self._styles: dict[Ground, dict[Role, Style]] = {
                ground: {role: _sixteenth(role, ground, colorless, faded) for role in get_args(Role)}
                for ground in get_args(Ground)
            }
            self.variables = sixteen_colors.variables(colorless)
            """Colours for the style sheet, readable on all backgrounds."""
            return
        colors = _colors(variables, colorless)
        inks, grounds = _inks(colors, colorless), _grounds(colors)
        if faded:
            inks = {role: color.blend(colors["background"], 0.55) for role, color in inks.items()}
        seen = SEEN[depth]
        self._styles = {
            ground: {role: _style(role, ink, ground, back, colorless, seen) for role, ink in inks.items()}
            for ground, back in grounds.items()
        }
        self.variables = _variables(colors, inks["dim"], grounds["cursor"], seen)

    @cached_property
    def faded(self) -> ThemeStyles:
        """The same styles, paler: for values that are no longer current."""
        return self._paler()

    def style(self, role: Role, ground: Ground = "base") -> Style:
        """The style of a role on a background."""
        return self._styles[ground][role]

    def styles(self, ground: Ground) -> Mapping[Role, Style]:
        """The styles of all roles on a background."""
        return self._styles[ground]


def _colors(variables: Mapping[str, str], colorless: bool) -> dict[str, Color]:
    """The theme's colours by name; without colour, greys, and every role with a meaning as strong as text."""
    colors = {name: solid(Color.parse(variables[name])) for name in (*_PLAIN, *_TELLING)}
    if colorless:
        colors = {name: color.monochrome for name, color in colors.items()}
        colors |= dict.fromkeys(_TELLING, colors["foreground"])
    return colors


def _inks(colors: Mapping[str, Color], colorless: bool) -> dict[Role, Color]:
    page, ink = colors["background"], colors["foreground"]
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
    }
    for hue, color in zip(_HUES, _HUE_COLORS, strict=True):
        inks[hue] = ink if colorless else Color.parse(color)
    return inks


def _grounds(colors: Mapping[str, Color]) -> dict[Ground, Color]:
    page = colors["background"]
    grounds: dict[Ground, Color] = {
        "base": page,
        "bar": colors["surface"],
        "cursor": colors["panel"].blend(colors["primary"], 0.14),
        "trouble": page.blend(colors["error"], 0.13),
    }
    return {name: solid(color) for name, color in grounds.items()}


def _style(role: Role, ink: Color, ground: Ground, back: Color, colorless: bool, seen: Seen) -> Style:
    """The style of a readable foreground."""
    ink = legible(ink, back, least=_LEAST.get(role, TEXT), seen=seen)
    return _weighted(role, ink, ground, back, colorless)


def _sixteenth(role: Role, ground: Ground, colorless: bool, faded: bool) -> Style:
    """The style in 16 colours."""
    ink, back = sixteen_colors.pair(role, ground, colorless=colorless, faded=faded)
    return _weighted(role, ink, ground, back, colorless)


def _weighted(role: Role, ink: Color, ground: Ground, back: Color, colorless: bool) -> Style:
    """Without colour, bad values are reversed, and so is the whole row that is in trouble."""
    reverse = role in ("alarm", "focus")
    bold = reverse or role == "strong"
    if colorless:
        bold = bold or role in ("bad", "warn")
        reverse = reverse or role == "bad" or ground == "trouble"
    return Style(color=ink.rich_color, bgcolor=back.rich_color, bold=bold, reverse=reverse)


def _variables(colors: Mapping[str, Color], dim: Color, cursor: Color, seen: Seen) -> Mapping[str, str]:
    """The theme's colours and those that Textual's widgets put on them, all readable."""
    ink, warning = colors["foreground"], colors["warning"]
    focused = {name: solid(colors[name].blend(ink, 0.06)) for name in ("surface", "warning")}  # as Textual tints it
    grounds = (colors["background"], colors["surface"], focused["surface"], colors["panel"], cursor)
    text, muted = legible(ink, *grounds, seen=seen).hex, legible(dim, *grounds, seen=seen).hex
    return {
        **{name: color.hex for name, color in colors.items()},
        "foreground": text,
        "text-muted": muted,
        "text-disabled": muted,
        **{f"text-{name}": legible(colors[name], *grounds, seen=seen).hex for name in _TELLING},
        "cursor": cursor.hex,
        "button-foreground": text,
        "button-color-foreground": legible(colors["background"], warning, focused["warning"], seen=seen).hex,
    }


class Hues:
    """A stable colour for each name: by its hash, changed only if a neighbour has the same."""

    def __init__(self) -> None:
        self._taken: dict[bytes, Role] = {}

    def of_text(self, name: str) -> Role:
        """The role of a name that ``decoding.text`` has made of its bytes."""
        return self.of(decoding.raw(name[:_TELLING_CHARACTERS]))

    def of(self, name: bytes) -> Role:
        """The role of a name."""
        name = name[:_TELLING_BYTES]
        if name in self._taken:
            return self._taken[name]
        first = crc32(name) % len(_HUES)
        used = set(self._taken.values())
        order = _HUES[first:] + _HUES[:first]
        role = next((hue for hue in order if hue not in used), order[0])
        if len(self._taken) < 1000:
            self._taken[name] = role
        return role
