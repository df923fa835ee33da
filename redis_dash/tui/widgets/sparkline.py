"""A sparkline of several lines' height, newest value at the right edge."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.strip import Strip

from redis_dash.tui.segments import Segment, draw
from redis_dash.tui.text import Plain, pad
from redis_dash.tui.theme_styles import Role, ThemeStyles
from redis_dash.tui.widgets.lines import Lines

_BLOCKS = " ▁▂▃▄▅▆▇█"


def drawing_height(spare: int) -> int:
    """How many of the spare lines a sparkline takes."""
    return min(max(spare, 1), 8)


class Sparkline(Lines):
    """Values over time on a fixed scale; a moment without a value leaves a gap."""

    def __init__(self, *, role: Role = "accent", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._role: Role = role
        self._values: Sequence[float | None] = ()
        self._top = 1.0
        self._labels = (Plain(""), Plain(""))

    def show(self, values: Sequence[float | None], top: float, labels: tuple[Plain, Plain], role: Role) -> None:
        """Draw values between 0 and ``top``; the labels stand at the scale's upper and lower end."""
        self._values, self._top, self._labels, self._role = values, top, labels, role
        self.repaint()

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The rows of the sparkline, its scale at the left."""
        gutter = 1 + max(len(label) for label in self._labels)
        columns = max(0, width - gutter - 3)
        shown = list(self._values[-columns:]) if columns else []
        levels = [self._level(value, height) for value in shown]
        lead: Segment = (Plain(" " * (columns - len(shown))), "blank")
        strips = []
        for y in range(height):
            label = self._labels[0] if y == 0 else self._labels[1] if y == height - 1 else Plain("")
            scale: list[Segment] = [(pad(label, gutter, right=True), "dim"), (Plain("┤" if label else "│"), "faint")]
            strips.append(draw([*scale, lead, *self._row(levels, (height - 1 - y) * 8)], width, theme_styles))
        return strips

    def _row(self, levels: Sequence[int | None], base: int) -> list[Segment]:
        """One row: the top of each column bright, the rest paler."""
        row: list[Segment] = []
        for level in levels:
            rest = 0 if level is None else level - base
            missing = level is None and base == 0
            char = "·" if missing else _BLOCKS[min(max(rest, 0), 8)]
            role: Role = "faint" if missing else self._role if rest <= 8 else "gauge"
            if row and row[-1][1] == role:
                row[-1] = (Plain(row[-1][0] + char), role)
            else:
                row.append((Plain(char), role))
        return row

    def _level(self, value: float | None, height: int) -> int | None:
        if value is None or not math.isfinite(value) or self._top <= 0:
            return None
        share = min(max(value / self._top, 0.0), 1.0)
        # The lowest block stands for zero, so that zero differs from a missing value.
        return max(1, round(share * height * 8))
