"""The rows and columns in the list of the kinds of keys."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from redis_dash.core.frames.keys import KeyKind, KeysFrame
from redis_dash.tui import kind_text
from redis_dash.tui.formatting import Tallies, percent
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import Ground
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column

WIDE = 150
"""From this width on, long names are shown; below, the room goes to what they are recognised as."""
_MARK = " ▾"
COLUMNS = (
    Column(Plain("keys"), 18, most=60),
    Column(Plain("count"), 12, least=8, right=True),
    Column(Plain("share"), 7, right=True, priority=6),
    Column(Plain("memory"), 14, least=8, right=True),
    Column(Plain("share"), 7, right=True, priority=3),
    Column(Plain(""), 20, most=24, priority=7, bar=True),
    Column(Plain("type"), 7, most=14, priority=5),
    Column(Plain("expires"), 8, priority=4),
    Column(Plain("recognised as"), 14, most=50, priority=2),
    Column(Plain("pane"), 10, most=24, priority=1),
)
_SORTED = {"count": 1, "memory": 3}
"""The column by which the rows are sorted."""


class KindRows:
    """The cells of the kinds."""

    def __init__(self, tallies: Tallies) -> None:
        """Without a frame so far."""
        self._tallies = tallies
        self.frame = KeysFrame()
        self.memory = 0
        self.numbers: dict[str, str] = {}

    def key(self, row: KeyKind) -> Hashable:
        """What stays the same while the figures change."""
        return row.id

    def cells(self, row: KeyKind) -> tuple[Cell, ...]:
        """One cell for each of ``COLUMNS``."""
        held = kind_text.count(row, self._tallies(row.count, row.id))
        counts = (held, Plain(f"~{row.count.value:,}")) if row.count.certainty == "estimated" else (held,)
        share = row.memory.value / self.memory if row.memory is not None and self.memory else None
        pane = kind_text.shown_in(row, self.numbers)
        return (
            Name(kind_text.shown_name(row), "dim" if row.is_ignored else "text"),
            Figure(counts, "text"),
            Figure((kind_text.share_of(row.count.value, self.frame.keys),), "dim"),
            Figure(kind_text.memories(row), "strong"),
            Figure((percent(share),), "dim"),
            Bar(share, "accent"),
            (kind_text.types(row), "dim"),
            (kind_text.expiry(row), "dim"),
            _recognised(row),
            (pane, "text" if row.watched and not row.is_ignored else "dim"),
        )

    def ground(self, row: KeyKind) -> Ground:
        """No kind is marked."""
        return "base"

    def words(self, row: KeyKind) -> str:
        """What the filter looks at."""
        name, pane = f"{row.own_name} {row.name[:400]}", kind_text.shown_in(row, self.numbers)
        return f"{name} {kind_text.recognised(row)} {kind_text.types(row)} {pane}"


def _recognised(kind: KeyKind) -> Cell:
    """What they were recognised as."""
    text = kind_text.recognised(kind)
    if text == kind_text.NUMBERS:
        return Figure((text, kind_text.NOT_RECOGNISED), "dim")
    return text, "text" if any(one.confidence == "certain" for one in kind.recognised) else "dim"


def columns(by: str, width: int) -> tuple[Column, ...]:
    """The columns of a list of this width, sorted by one of them."""
    marked = _SORTED[by]
    names = COLUMNS[0] if width >= WIDE else msgspec.structs.replace(COLUMNS[0], most=28)
    return tuple(
        Column(Plain(one.title + _MARK), max(one.width, len(one.title) + len(_MARK)), one.most, one.least, one.right)
        if index == marked
        else one
        for index, one in enumerate((names, *COLUMNS[1:]))
    )


def by_count(kind: KeyKind) -> tuple[float, str]:
    """The order of the rows: those with most keys come first."""
    return -kind.count.value, kind.name


def by_memory(kind: KeyKind) -> tuple[bool, float, float, str]:
    """The order of the rows: those that take most memory come first; kinds of unknown memory come last."""
    return kind.memory is None, -(kind.memory.value if kind.memory else 0), -kind.count.value, kind.name
