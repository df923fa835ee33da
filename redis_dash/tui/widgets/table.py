"""A table whose cursor stays on its row while rows come, go and change places."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from textwrap import wrap
from typing import Generic, Protocol, TypeVar

from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from redis_dash.tui.abbreviation import DistinctCuts
from redis_dash.tui.segments import Segment, draw, measure
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import Ground, ThemeStyles
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name, fitting, length_of
from redis_dash.tui.widgets.columns import GAP, Column, is_hidden, share_out
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.meter import meter

T = TypeVar("T")
Contra = TypeVar("Contra", contravariant=True)


class Rows(Protocol[Contra]):
    """How items become rows. All but ``words`` is called only for visible rows."""

    def key(self, item: Contra) -> Hashable:
        """The identity of an item."""

    def cells(self, item: Contra) -> tuple[Cell, ...]:
        """One cell for each column."""

    def ground(self, item: Contra) -> Ground:
        """The background of its row."""

    def words(self, item: Contra) -> str:
        """The text that the filter searches; never shown."""


class Table(Lines, Generic[T]):
    """Rows of cells under a line of titles."""

    DEFAULT_CSS = "Table { height: 1fr; }"

    class Chosen(Message):
        """A row was clicked; ``again`` if the cursor was already on it."""

        def __init__(self, again: bool) -> None:
            super().__init__()
            self.again = again

    def __init__(self, columns: Sequence[Column], rows: Rows[T], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = tuple(columns)
        self._rows = rows
        self.placeholder = Plain("")
        """The text in place of rows where there are none."""
        self._all: Sequence[T] = ()
        self._items: Sequence[T] = ()
        self._needle = ""
        self._anchor: Hashable | None = None
        self._index = 0
        self._top = 0
        self._active = False
        self._cache: dict[Hashable, Strip] = {}
        self._widths: tuple[int, ...] = ()
        self._cuts = [DistinctCuts() for _ in self.columns]
        """How the names of each column are cut."""
        self._held = self._nothing_held
        """The longest text that each column has held; it does not shrink, so that the columns do not move."""

    @property
    def _nothing_held(self) -> list[int]:
        return [0] * len(self.columns)

    @property
    def item(self) -> T | None:
        """The item under the cursor."""
        return self._items[self._index] if self._items else None

    def key(self, item: T) -> Hashable:
        """The identity of an item."""
        return self._rows.key(item)

    @property
    def filter_text(self) -> str:
        """The filter text; empty for no filter."""
        return self._needle

    @property
    def matching(self) -> int:
        """How many items pass the filter."""
        return len(self._items)

    @property
    def total(self) -> int:
        """How many items there are, filtered or not."""
        return len(self._all)

    @property
    def window(self) -> tuple[int, int, int]:
        """First and last visible row, counted from 1, and how many there are."""
        return self._top + 1, min(self._top + self._room, len(self._items)), len(self._items)

    @property
    def hidden_columns(self) -> tuple[Plain, ...]:
        """The titles of columns that have contents but no room."""
        columns = zip(self.columns, self._held, self._widths, strict=False)
        return tuple(column.title for column, held, width in columns if is_hidden(column, held, width))

    @property
    def _room(self) -> int:
        return max(0, self.outer_size.height - self._head)

    @property
    def _head(self) -> int:
        has_titles = bool(self._all) and any(column.title for column in self.columns)
        return 1 if self.outer_size.height >= 4 and has_titles else 0

    def show(self, items: Sequence[T]) -> None:
        """Replace the rows."""
        self._all = items
        self._sift()
        self.repaint()

    def narrow(self, filter_text: str) -> None:
        """Show only items that contain this text, ignoring case; empty shows all."""
        self._needle = filter_text.casefold()
        self.forget()
        self._sift()
        self.repaint()

    def activate(self, active: bool) -> None:
        """Show or hide the cursor."""
        if active != self._active:
            self._active = active
            self.repaint()

    def move(self, step: int) -> None:
        """Move the cursor and pin it to its new row."""
        self._put(self._index + step)

    def page(self, step: int) -> None:
        """Move by screenfuls."""
        self._put(self._index + step * max(1, self._room - 1))

    def pin(self) -> None:
        """Keep the cursor on its row while that row moves."""
        self._put(self._index)

    def home(self) -> None:
        """Go to the first row and stay there, whichever row that is."""
        self._anchor, self._index, self._top = None, 0, 0
        self.forget()
        self.repaint()

    def go_to(self, key: Hashable) -> None:
        """Go to the row with this key, if it is listed; its neighbours on both sides become visible."""
        for index, item in enumerate(self._items):
            if self._rows.key(item) == key:
                self._top = index - self._room // 2
                self._put(index)
                return

    @property
    def index(self) -> int:
        """The cursor's position among the rows, counted from 0."""
        return self._index

    def end(self) -> None:
        """Go to the last row."""
        self._put(len(self._items) - 1)

    def scroll_rows(self, step: int) -> None:
        """Move the visible part, and the cursor no further than necessary."""
        self._top = max(0, min(self._top + step, len(self._items) - self._room))
        self._put(min(max(self._index, self._top), self._top + self._room - 1))

    def _put(self, index: int) -> None:
        if not self._items:
            return
        self._index = min(max(index, 0), len(self._items) - 1)
        self._anchor = self._rows.key(self._items[self._index])
        self.repaint()

    def _sift(self) -> None:
        """Apply the filter, then find the cursor's row again."""
        if self._needle:
            self._items = [item for item in self._all if self._needle in self._rows.words(item).casefold()]
        else:
            self._items = self._all
        if self._anchor is not None:
            key, anchor = self._rows.key, self._anchor
            found = next((i for i, item in enumerate(self._items) if key(item) == anchor), None)
            if found is not None:
                self._index = found
                return
            # The row is gone: the cursor keeps its position.
            self._index = min(self._index, max(0, len(self._items) - 1))
            self._anchor = key(self._items[self._index]) if self._items else None
            return
        self._index = 0

    def forget(self) -> None:
        """Drop the cached strips, and fit the columns again."""
        self._cache = {}
        self._held = self._nothing_held

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """Titles, then the visible rows."""
        recipes = self._recipes()
        new = [recipe[2] for recipe in recipes if recipe not in self._cache]
        self._share_out(width - 3, new)
        self._cut_names(new if self._cache else [recipe[2] for recipe in recipes])
        strips = [draw(self._titles(), width, theme_styles)] if self._head else []
        if not self._all:
            lines = wrap(self.placeholder, max(1, width - 4))
            return [draw([(Plain(f"  {line}"), "dim")], width, theme_styles) for line in lines]
        fresh: dict[Hashable, Strip] = {}
        for recipe in recipes:
            fresh[recipe] = self._cache.get(recipe) or self._draw(*recipe, width, theme_styles)
            strips.append(fresh[recipe])
        self._cache = fresh
        return strips

    def _recipes(self) -> list[tuple[bool, Ground, tuple[Cell, ...]]]:
        """For each visible row: whether the cursor is on it, its background, and its cells."""
        room = self._room
        self._top = max(0, min(self._top, len(self._items) - room))
        if self._active or self._anchor is not None:
            self._top = min(max(self._top, self._index - room + 1), self._index)
        return [
            (self._active and index == self._index, self._rows.ground(item), self._rows.cells(item))
            for index, item in enumerate(self._items[self._top : self._top + room], self._top)
        ]

    def _share_out(self, room: int, new: Sequence[tuple[Cell, ...]]) -> None:
        """Fit the columns to their contents, these new rows included."""
        for cells in new:
            self._held = [max(held, length_of(cell)) for held, cell in zip(self._held, cells, strict=True)]
        widths = share_out(self.columns, room, self._held)
        if widths != self._widths:
            self._widths, self._cache = widths, {}

    def _cut_names(self, new: Sequence[tuple[Cell, ...]]) -> None:
        """Choose how the names of these rows are cut, all of a column together."""
        for place, (cuts, width) in enumerate(zip(self._cuts, self._widths, strict=True)):
            if width:
                named = [cell for cells in new if isinstance(cell := cells[place], Name) and cell.cut is None]
                cuts.learn([(cell.text, cell.usual_cut) for cell in named], width)

    def _titles(self) -> list[Segment]:
        return self._line([(column.title, "dim") for column in self.columns], Plain("  "))

    def _draw(self, here: bool, ground: Ground, cells: Sequence[Cell], width: int, theme_styles: ThemeStyles) -> Strip:
        line = self._line(cells, Plain("▸ " if here else "  "))
        return draw(line, width, theme_styles, "cursor" if here else ground)

    def _line(self, cells: Sequence[Cell], marker: Plain) -> list[Segment]:
        """The cells in their columns. Blanks join the segment before them, since each segment costs time."""
        line: list[Segment] = [(marker, "accent")]
        gap = 0
        for cell, column, width, cuts in zip(cells, self.columns, self._widths, self._cuts, strict=True):
            if not width:
                continue
            if isinstance(cell, Bar):
                segments, used = meter(cell.share, width, cell.role), width
            else:
                segments = [_fitted(cell, width, cuts)]
                used = measure(segments)
            before = gap + (width - used) * column.right
            line[-1] = (Plain(line[-1][0] + " " * before), line[-1][1])
            line += segments
            gap = GAP + (width - used) * (not column.right)
        return line

    def on_click(self, event: Click) -> None:
        """Put the cursor on the clicked row."""
        index = self._top + event.y - self._head
        if event.y < self._head or index >= len(self._items):
            return
        again = index == self._index and self._anchor is not None
        self._put(index)
        self.post_message(self.Chosen(again))


def _fitted(cell: Segment | Name | Figure, width: int, cuts: DistinctCuts) -> Segment:
    if isinstance(cell, Name) and cell.cut is None:
        return cuts.fit(cell.text, width, cell.usual_cut), cell.role
    return fitting(cell, width)
