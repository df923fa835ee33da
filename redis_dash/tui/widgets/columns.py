"""How a table divides its width: by the contents of its columns, and by declared priority where room is short."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from redis_dash.tui.text import Plain

GAP = 2
"""Blank cells between two columns."""


class Column(msgspec.Struct, frozen=True):
    """One column of a table: text, as wide as its contents, or bars, which take the remaining width."""

    title: Plain
    width: int
    """Text is whole up to this width, even if columns of a higher ``priority`` go. For bars: the least width."""
    most: int = 0
    """Up to this width it may use spare room; 0 means its ``width``."""
    least: int = 0
    """Reserved even while the column is empty, so that other columns do not move when it fills; given up last."""
    right: bool = False
    """Right-aligned, for figures."""
    priority: int = 0
    """The highest number goes first when room is short; 0 never goes."""
    bar: bool = False
    before_bars: bool = False
    """Whether bars go while its text is not whole."""


def share_out(columns: Sequence[Column], room: int, held: Sequence[int]) -> tuple[int, ...]:
    """A width for each column; 0 hides it.

    Args:
        held: The width of the longest text in each column; for a column of bars, whether it has any.
    """
    widths = _share_out(columns, room, held)
    of = zip(columns, held, widths, strict=True)
    if not any(column.before_bars and width < _wanted(column, text) for column, text, width in of):
        return widths
    return _share_out(columns, room, [0 if column.bar else text for column, text in zip(columns, held, strict=True)])


def _share_out(columns: Sequence[Column], room: int, held: Sequence[int]) -> tuple[int, ...]:
    wanted = [_wanted(column, width) for column, width in zip(columns, held, strict=True)]
    widths = [min(want, column.width) if not column.bar else want for column, want in zip(columns, wanted, strict=True)]
    kept = {index for index, width in enumerate(widths) if width}
    while _total([widths[i] for i in kept]) > room:
        last = max(sorted(kept, reverse=True), key=lambda i: columns[i].priority)
        if columns[last].priority == 0:
            break
        widths[last] = 0
        kept.remove(last)
    _squeeze(columns, widths, sorted(kept), room)
    spare = max(0, room - _total([widths[i] for i in kept]))
    order = sorted(kept, key=lambda i: (columns[i].priority, columns[i].most))  # a long text takes what others leave
    for i in order:
        spare = _widen(widths, i, wanted[i], spare)
    while spare > 0 and (hungry := [i for i in order if columns[i].bar and widths[i] < columns[i].most]):
        for i in hungry:
            spare = _widen(widths, i, min(widths[i] + max(1, spare // len(hungry)), columns[i].most), spare)
    return tuple(widths)


def is_hidden(column: Column, held: int, width: int) -> bool:
    """Whether the column has something to show, given room."""
    return not width and bool(column.title) and _wanted(column, held) > 0


def _wanted(column: Column, held: int) -> int:
    """The width that the column can use, except for longer bars."""
    if column.bar:
        return column.width if held else 0
    text = max(held, len(column.title)) if held else 0
    return max(column.least, min(text, max(column.width, column.most)))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _widen(widths: list[int], index: int, goal: int, spare: int) -> int:
    """Widen one column towards a goal; return the remaining room."""
    grow = min(max(0, goal - widths[index]), spare)
    widths[index] += grow
    return spare - grow


def _squeeze(columns: Sequence[Column], widths: list[int], kept: Sequence[int], room: int) -> None:
    """Where the columns that never go are too wide together, the widest shrinks: first those above their ``least``."""
    while kept and _total([widths[i] for i in kept]) > room:
        widest = max(kept, key=lambda i: (widths[i] > max(1, columns[i].least), widths[i]))
        if widths[widest] <= 1:
            return
        widths[widest] -= 1
