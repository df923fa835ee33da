"""How a table shares out its width: columns shrink, then go, by declared priority."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from redis_dash.tui.text import Plain

GAP = 2
"""Blank cells between two columns."""


class Column(msgspec.Struct, frozen=True):
    """One column of a table."""

    title: Plain
    width: int
    """What it would like."""
    least: int = 0
    """What it can live with; 0 means its ``width``."""
    most: int = 0
    """What it can use where there is room; 0 means its ``width``."""
    right: bool = False
    """Right-aligned, for figures."""
    priority: int = 0
    """The highest goes first when room is short; 0 never goes."""


def share_out(columns: Sequence[Column], room: int) -> tuple[int, ...]:
    """A width for each column; 0 hides it."""
    kept = set(range(len(columns)))
    while _total([columns[i].least or columns[i].width for i in kept]) > room:
        last = max(sorted(kept, reverse=True), key=lambda i: columns[i].priority)
        if columns[last].priority == 0:
            break
        kept.remove(last)
    widths = [(column.least or column.width) if i in kept else 0 for i, column in enumerate(columns)]
    order = sorted(kept, key=lambda i: columns[i].priority)
    _squeeze(widths, order, room)
    spare = room - _total([widths[i] for i in kept])
    for i in order:
        spare = _widen(widths, i, columns[i].width, spare)
    while spare > 0 and (hungry := [i for i in order if widths[i] < columns[i].most]):
        for i in hungry:
            goal = min(widths[i] + max(1, spare // len(hungry)), columns[i].most)
            spare = _widen(widths, i, goal, spare)
    return tuple(widths)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _widen(widths: list[int], index: int, goal: int, spare: int) -> int:
    """Widen one column towards a goal; the room that is left."""
    grow = min(max(0, goal - widths[index]), max(0, spare))
    widths[index] += grow
    return spare - grow


def _squeeze(widths: list[int], order: Sequence[int], room: int) -> None:
    """Where even the columns that never go are too wide together, the widest gives way."""
    while order and _total([widths[i] for i in order]) > room:
        widest = max(order, key=lambda i: widths[i])
        if widths[widest] <= 1:
            return
        widths[widest] -= 1
