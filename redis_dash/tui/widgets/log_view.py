"""A view of the end of an endless log: follows it, or stands still while the log grows; draws only visible lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from redis_dash.tui.segments import Segment, Segments, draw
from redis_dash.tui.text import Plain, plural
from redis_dash.tui.theme_styles import Ground, ThemeStyles
from redis_dash.tui.widgets.filter import Filter
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.scrollback import Log, Scrollback

E = TypeVar("E")


class _Nothing:
    start = end = 0

    def read(self, first: int, stop: int) -> Sequence[E]:
        return ()


class LogView(Lines, Generic[E]):
    """The last screenful of a log.

    Args:
        paint: Makes the segments of one entry for a width.
        match: Whether an entry contains the (casefolded) text.
        prepare: Receives entries that are painted for the first time; returns whether all others change.
        divide: The divider between two entries that follow each other, if any. For the first one in view it is
            called with None and that entry.
    """

    DEFAULT_CSS = "LogView { height: 1fr; }"

    class Chosen(Message):
        """A line was clicked."""

    def __init__(
        self,
        paint: Callable[[E, int], Segments],
        match: Callable[[E, str], bool],
        prepare: Callable[[Sequence[E]], bool] = lambda _: False,
        divide: Callable[[E | None, E], Plain | None] = lambda _before, _: None,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._paint, self._prepare, self._divide = paint, prepare, divide
        self._filter = Filter(match)
        self._reach: Scrollback[E] = Scrollback(_Nothing())
        self._hold: int | None = None
        self._cursor: int | None = None
        self._active = False
        self._cache: dict[tuple[int, bool], Strip] = {}
        self._shown: list[tuple[int, E] | Plain] = []
        self._drawn_end = -1

    @property
    def held(self) -> bool:
        """Whether the view stands still."""
        return self._hold is not None

    @property
    def new(self) -> int:
        """How many entries came since the view stands still."""
        return self._reach.new if self.held else 0

    @property
    def lost(self) -> int:
        """How many entries were readable when the view was halted, or since, and no longer are."""
        return self._reach.lost if self.held else 0

    @property
    def filter_text(self) -> str:
        """The filter text; empty for no filter."""
        return self._filter.filter_text

    @property
    def matching(self) -> tuple[int, int]:
        """How many entries pass the filter, and how many were searched."""
        return len(self._filter), self._filter.searched

    @property
    def searched_where(self) -> str:
        """The part of the log that the filter searched, for a view that stands still."""
        return "around here" if self._filter.searched_after else "up to here"

    @property
    def entry(self) -> E | None:
        """The entry under the cursor."""
        place = self._place
        return next((row[1] for row in self._rows if row[0] == place), None)

    @property
    def _rows(self) -> list[tuple[int, E]]:
        return [row for row in self._shown if not isinstance(row, str)]

    @property
    def _place(self) -> int | None:
        """The position of the cursor: the chosen entry, or the next one in view; otherwise the latest in view."""
        numbers = [number for number, _ in self._rows]
        if self._cursor is not None:
            numbers = [number for number in numbers if number >= self._cursor][:1] or numbers
        return numbers[-1] if numbers else None

    def activate(self, active: bool) -> None:
        """Show the cursor, or hide it unless an entry was chosen."""
        if active != self._active:
            self._active = active
            self.repaint()

    def follow(self, log: Log[E]) -> None:
        """Show this log; repaint only if it has moved."""
        if log is not self._reach.log:
            self._reach, self._drawn_end = Scrollback(log), -1
            self.forget()
            self.resume()
        if self._drawn_end != log.end and not (self.held and self._drawn_end >= 0):
            self.repaint()

    def hold(self) -> None:
        """Stand still at the visible entries, unless they are gone already, and keep the entries around them."""
        if self._hold is None:
            log = self._reach.log
            if self.filter_text:
                self._filter.search_new(log)
            stop = self._drawn_end if self._drawn_end > log.start else log.end
            self._reach.halt(stop)
            self._put(stop)

    def resume(self) -> None:
        """Follow the end again."""
        self._hold = self._cursor = None
        self._reach.release()
        self._search()
        self.repaint()

    def end(self) -> None:
        """Go to the newest entry, and follow."""
        self.resume()

    def narrow(self, filter_text: str) -> None:
        """Show only entries that contain this text; empty shows all."""
        began, self._filter.filter_text = not self.filter_text, filter_text.casefold()
        if began and self._hold is not None:
            self._filter.place = self._hold
        self._search()
        self.repaint()

    def move(self, step: int) -> None:
        """Move the cursor by lines; the view stands still until the cursor moves on from the last line."""
        place = self._place
        if not self.held:
            if step > 0:
                return
            self.hold()
            assert self._hold is not None
            place = next((number for number, _ in self._before(self._hold, 1)), None)
        if place is None:
            return
        rows = self._before(place, -step)[:1] if step < 0 else self._after(place, step)[-1:]
        if step > 0 and not rows:
            self.resume()
            return
        self._cursor = rows[0][0] if rows else place
        self._reveal(self._cursor)
        self.repaint()

    def page(self, step: int) -> None:
        """Move the cursor by screenfuls."""
        self.move(step * max(1, self.outer_size.height - 1))

    def home(self) -> None:
        """Go to the oldest entry that is still held."""
        self.hold()
        oldest = self._after(-1, 1)
        if oldest:
            self._cursor = oldest[0][0]
            self._reveal(self._cursor)
        self.repaint()

    def scroll_rows(self, step: int) -> None:
        """Move the view without a cursor; at the end it follows again."""
        height = self.outer_size.height
        self.hold()
        assert self._hold is not None
        if step < 0:
            rows = self._before(self._hold, height - step)
            if len(rows) > height:
                self._put(rows[max(height, len(rows) + step) - 1][0] + 1)
        else:
            rows = self._after(self._hold - 1, step)
            self._put(rows[-1][0] + 1 if rows else self._reach.log.end)
            if self._hold >= self._reach.log.end:
                self.resume()
        self.repaint()

    def _put(self, stop: int) -> None:
        """Set the end of the halted view."""
        self._hold = stop
        self._reach.guard(stop - self.outer_size.height, stop)

    def _reveal(self, number: int) -> None:
        assert self._hold is not None
        height = max(1, self.outer_size.height)
        if number >= self._hold:
            self._put(number + 1)
        shown = [row[0] for row in self._view(self._hold, height) if not isinstance(row, str)]
        room = height
        while number not in shown and room:
            rows = self._after(number - 1, room)
            self._put(rows[-1][0] + 1 if rows else number + 1)
            shown = [row[0] for row in self._view(self._hold, height) if not isinstance(row, str)]
            room -= 1  # the line that reports missing entries takes a row too

    def _before(self, stop: int, limit: int) -> list[tuple[int, E]]:
        """The last entries below a sequence number, oldest first."""
        return (self._filter if self.filter_text else self._reach).before(stop, limit)

    def _after(self, number: int, limit: int) -> list[tuple[int, E]]:
        """The first entries above a sequence number."""
        return (self._filter if self.filter_text else self._reach).after(number, limit)

    def _search(self) -> None:
        """Search the latest entries again; in a halted view, those around the position where the filter was opened."""
        if self.held:
            self._filter.search_around(self._reach, self._filter.place)
        else:
            self._filter.clear()
            if self.filter_text:
                self._filter.search_new(self._reach.log)

    def forget(self) -> None:
        """Drop the cached strips."""
        self._cache = {}

    def forget_unless(self, is_current: Callable[[E], bool]) -> None:
        """Drop the cached strips of visible entries that would be painted in another way now."""
        current = {number for number, entry in self._rows if is_current(entry)}
        self._cache = {key: strip for key, strip in self._cache.items() if key[0] in current}

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The visible entries; a line where some are missing."""
        if self.filter_text and not self.held:
            self._filter.search_new(self._reach.log)
        self._drawn_end = self._reach.log.end
        self._shown = self._view(self._drawn_end if self._hold is None else self._hold, height)
        known = self._cache
        if self._prepare(
            [row[1] for row in self._rows if (row[0], False) not in known and (row[0], True) not in known]
        ):
            self.forget()
        place = self._place if self._active or self._cursor is not None else None
        fresh: dict[tuple[int, bool], Strip] = {}
        strips: list[Strip] = []
        for row in self._shown:
            if isinstance(row, str):
                strips.append(draw(rule(row, width), width, theme_styles))
                continue
            number, entry = row
            key = (number, number == place)
            strip = self._cache.get(key)
            if strip is None:
                ground: Ground = "cursor" if key[1] else "base"
                strip = draw(self._paint(entry, width), width, theme_styles, ground)
            fresh[key] = strip
            strips.append(strip)
        self._cache = fresh
        return strips

    def _view(self, stop: int, height: int) -> list[tuple[int, E] | Plain]:
        """The visible entries below a sequence number, and the lines between them.

        Under a filter, entries above that number follow if there is room.
        """
        rows = self._before(stop, height)
        if self.filter_text and len(rows) < height:
            rows += self._after(stop - 1, height - len(rows))
        tells_missing = self.held and not self.filter_text
        shown: list[tuple[int, E] | Plain] = []
        has_older = bool(rows) and rows[0][0] > self._reach.oldest
        expected = rows[0][0] if has_older else self._reach.floor
        before: E | None = None
        for row in rows:
            if tells_missing and row[0] > expected:
                shown.append(gone(row[0] - expected))
            if before is not None and (words := self._divide(before, row[1])) is not None:
                shown.append(words)
            shown.append(row)
            before, expected = row[1], row[0] + 1
        if tells_missing and stop > expected:
            shown.append(gone(stop - expected))
        return self._headed(shown, height)

    def _headed(self, shown: list[tuple[int, E] | Plain], height: int) -> list[tuple[int, E] | Plain]:
        """As many as there is room for, below the line that the first entry needs."""
        shown = shown[-height:]
        first = next((row[1] for row in shown if not isinstance(row, str)), None)
        words = None if first is None else self._divide(None, first)
        if words is None or words in shown:
            return shown
        return [words, *shown[max(0, len(shown) + 1 - height) :]]

    def on_click(self, event: Click) -> None:
        """Put the cursor on the clicked line."""
        if event.y < len(self._shown):
            row = self._shown[event.y]
            if not isinstance(row, str):
                self.hold()
                self._cursor = row[0]
                self.repaint()
                self.post_message(self.Chosen())


def gone(count: int) -> Plain:
    """``1 line no longer kept``."""
    return Plain(f"{plural(count, 'line')} no longer kept")


def rule(text: Plain, width: int) -> list[Segment]:
    """A line of this program across the stream."""
    return [(Plain("── "), "faint"), (text, "dim"), (Plain(" " + "─" * max(2, width - len(text) - 4)), "faint")]
