"""The themes on offer: one of this program, and Textual's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

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
    },
)
"""The default theme: dark, with few colours."""

_INKS = ("primary", "secondary", "accent", "warning", "error", "success", "foreground")


def offered(dark: TerminalTheme, light: TerminalTheme) -> Iterator[Theme]:
    """The default theme and Textual's; themes that leave colours to the terminal get fixed ones.

    Blending colours and guaranteeing a contrast both need known colours.

    Args:
        dark: The colours assumed for a dark terminal.
        light: The colours assumed for a light terminal.
    """
    yield THEME
    for theme in BUILTIN_THEMES.values():
        if theme.ansi:
            yield _painted(theme, dark if theme.dark else light)


def _painted(theme: Theme, terminal: TerminalTheme) -> Theme:
    inks: dict[str, Any] = {name: _color(getattr(theme, name), terminal) for name in _INKS}
    ground = Color(*terminal.background_color).hex
    return replace(theme, **inks, background=ground, surface=None, panel=None, boost=None, variables={}, ansi=False)


def _color(name: str, terminal: TerminalTheme) -> str:
    return Color(*Color.parse(name).rich_color.get_truecolor(terminal)).hex
