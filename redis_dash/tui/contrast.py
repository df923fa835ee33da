"""Contrast: how readable a foreground is on a background, and the nearest foreground that is readable."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from textual.color import Color

TEXT = 4.5
"""The least contrast of text: WCAG 2.2, level AA."""
GRAPHIC = 3.0
"""The least contrast of shapes, such as a bar."""

Seen = Callable[[Color], Color]

_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)
_STEPS = 40


def _as_it_is(color: Color) -> Color:
    return color


def contrast(ink: Color, ground: Color) -> float:
    """The contrast ratio of WCAG, from 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(ink: Color, *grounds: Color, least: float = TEXT, seen: Seen = _as_it_is) -> Color:
    """The foreground, moved towards black or white no further than all these backgrounds require.

    Args:
        seen: What the terminal makes of a colour.
    """
    grounds = tuple(map(seen, grounds))
    far = max((_BLACK, _WHITE), key=lambda end: min(contrast(end, ground) for ground in grounds))
    moved = solid(ink)
    for step in range(1, _STEPS + 1):
        if all(contrast(seen(moved), ground) >= least for ground in grounds):
            break
        moved = solid(ink.blend(far, step / _STEPS))
    return moved


def solid(color: Color) -> Color:
    """The colour as a terminal shows it: without alpha."""
    return Color(*color.rgb)


@lru_cache(4096)
def _luminance(color: Color) -> float:
    red, green, blue = (_linear(part / 255) for part in color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
