"""The contents of a table's cell: text, a name, a figure or a bar; its preferred width, and what fits."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from rich.cells import cell_len

from redis_dash.tui.segments import Segment, measure
from redis_dash.tui.text import Plain, crop, crop_middle
from redis_dash.tui.theme_styles import Role


class Bar(msgspec.Struct, frozen=True):
    """A cell that is a meter."""

    share: float | None
    role: Role


class Name(msgspec.Struct, frozen=True):
    """A cell that is cut in the middle: names often differ at their end."""

    text: Plain
    role: Role
    cut: Callable[[Plain, int], Plain] | None = None
    """Shortens the text to a width; by default the table does, so that no two names of a column look the same."""
    is_cut_at_end: bool = False
    """Whether it is cut at its end, as long as no other name looks the same then."""

    @property
    def usual_cut(self) -> Callable[[Plain, int], Plain]:
        """How it is cut if nothing else is said."""
        return crop if self.is_cut_at_end else crop_middle


class Figure(msgspec.Struct, frozen=True):
    """A cell that must not be cut: the first form that fits is shown."""

    forms: tuple[Plain, ...]
    role: Role


Cell = Segment | Bar | Name | Figure


def length_of(cell: Cell) -> int:
    """The preferred width of a cell; a bar takes what it gets, unless it has no value."""
    if isinstance(cell, Bar):
        return cell.share is not None
    if isinstance(cell, Figure):
        return cell_len(cell.forms[0])
    return cell_len(cell.text) if isinstance(cell, Name) else measure((cell,))


def fitting(cell: Segment | Name | Figure, width: int) -> Segment:
    """A figure without room is left out: a part of a number is another number."""
    if isinstance(cell, Name):
        return (cell.cut or cell.usual_cut)(cell.text, width), cell.role
    if isinstance(cell, Figure):
        return next((form for form in cell.forms if cell_len(form) <= width), Plain("…")), cell.role
    return crop(cell[0], width), cell[1]
