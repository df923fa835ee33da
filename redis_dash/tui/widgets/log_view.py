"""The tail of an endless log: follows its end, or holds still while it goes on; draws only what is visible."""

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
        paint: Makes the spans of one entry for a width.
        match: Does an entry contain the (casefolded) text?
        prepare: Told which entries are painted for the first time; answers whether all others look different now.
        divide: What stands between two entries that follow each other, if anything; above the first one in view, for
            None and that one.
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
        """Does the view stand still?"""
        return self._hold is not None

    @property
    def new(self) -> int:
        """Entries that came since the view stands still."""
        return self._reach.new if self.held else 0

    @property
    def lost(self) -> int:
        """Entries that could have been read when the view was halted, or since, and no longer can."""
        return self._reach.lost if self.held else 0

    @property
    def needle(self) -> str:
        """The filter in force; empty for none."""
        return self._filter.needle

    @property
    def matching(self) -> tuple[int, int]:
        """How many entries pass the filter, of how many that were looked through."""
        return len(self._filter), self._filter.searched

    @property
    def searched_where(self) -> str:
        """Which part of the log the filter of a view that stands still looked through."""
        return "around here" if self._filter.searched_on else "up to here"

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
        """Where the cursor is: on the entry that was chosen, or the next one in view; else on the latest in view."""
        numbers = [number for number, _ in self._rows]
        if self._cursor is not None:
            numbers = [number for number in numbers if number >= self._cursor][:1] or numbers
        return numbers[-1] if numbers else None

    def activate(self, active: bool) -> None:
        """Show the cursor, or do not, unless an entry was chosen."""
        if active != self._active:
            self._active = active
            self.repaint()

    def follow(self, log: Log[E]) -> None:
        """Show this log; repaints only if it has moved."""
        if log is not self._reach.log:
            self._reach, self._drawn_end = Scrollback(log), -1
            self.forget()
            self.resume()
        if self._drawn_end != log.end and not (self.held and self._drawn_end >= 0):
            self.repaint()

    def hold(self) -> None:
        """Stand still with what is in view, unless that is gone already, and keep what is in reach."""
        if self._hold is None:
            log = self._reach.log
            if self.needle:
                self._filter.look_on(log)
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
        """To the newest entry, and follow."""
        self.resume()

    def narrow(self, needle: str) -> None:
        """Show only entries that contain this text; empty shows all."""
        began, self._filter.needle = not self.needle, needle.casefold()
        if began and self._hold is not None:
            self._filter.place = self._hold
        self._search()
        self.repaint()

    def move(self, step: int) -> None:
        """Move the cursor by lines; the view stands still from then on, until it goes on from the last one."""
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
        """To the oldest entry that is still held."""
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
        """Let the held view end here."""
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
            room -= 1  # a rule about what is missing takes a line, too

    def _before(self, stop: int, limit: int) -> list[tuple[int, E]]:
        """The last entries below a sequence number, oldest first."""
        return (self._filter if self.needle else self._reach).before(stop, limit)

    def _after(self, number: int, limit: int) -> list[tuple[int, E]]:
        """The first entries above a sequence number."""
        return (self._filter if self.needle else self._reach).after(number, limit)

    def _search(self) -> None:
        """Look through the latest entries anew: of a held view, those around the place where the filter was opened."""
        if self.held:
            self._filter.look_around(self._reach, self._filter.place)
        else:
            self._filter.clear()
            if self.needle:
                self._filter.look_on(self._reach.log)

    def forget(self) -> None:
        """Drop the strips that were kept."""
        self._cache = {}

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The visible entries; a rule where some are missing."""
        if self.needle and not self.held:
            self._filter.look_on(self._reach.log)
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
        """What is visible of the entries below a sequence number: them, and rules between them.

        Of those that pass a filter later ones follow, where there is room.
        """
        rows = self._before(stop, height)
        if self.needle and len(rows) < height:
            rows += self._after(stop - 1, height - len(rows))
        tells_missing = self.held and not self.needle
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
        """As much as there is room for, below the rule that the first entry needs."""
        shown = shown[-height:]
        first = next((row[1] for row in shown if not isinstance(row, str)), None)
        words = None if first is None else self._divide(None, first)
        if words is None or words in shown:
            return shown
        return [words, *shown[max(0, len(shown) + 1 - height) :]]

    def on_click(self, event: Click) -> None:
        """Put the cursor on the line that was clicked."""
        if event.y < len(self._shown):
            row = self._shown[event.y]
            if not isinstance(row, str):
                self.hold()
                self._cursor = row[0]
                self.repaint()
                self.post_message(self.Chosen())


def gone(count: int) -> Plain:
    """``1 line has left the ring``."""
    return Plain(f"{plural(count, 'line')} {'has' if count == 1 else 'have'} left the ring")


def rule(text: Plain, width: int) -> list[Segment]:
    """A line of our own across the stream."""
    return [(Plain("── "), "faint"), (text, "dim"), (Plain(" " + "─" * max(2, width - len(text) - 4)), "faint")]
