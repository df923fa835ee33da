"""The tail of an endless log: follows its end, or holds still while it goes on; draws only what is visible."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from redis_dash.tui.look import Ground, Look
from redis_dash.tui.spans import Span, Spans, draw
from redis_dash.tui.text import Plain, plural
from redis_dash.tui.widgets.lines import Lines

WINDOW = 5000
"""How many of the latest entries a filter looks through."""
KEPT = 2000
"""How many entries a held view keeps for itself, so that a flood cannot wash them away while they are read."""

E = TypeVar("E")
Out = TypeVar("Out", covariant=True)


class Log(Protocol[Out]):
    """Entries by sequence number; the oldest ones leave."""

    @property
    def start(self) -> int:
        """The first sequence number that is still held."""

    @property
    def end(self) -> int:
        """One past the last."""

    def read(self, first: int, stop: int) -> Sequence[Out]:
        """Entries first..stop-1, as far as still held."""


class _Nothing:
    start = end = 0

    def read(self, first: int, stop: int) -> Sequence[E]:
        return ()


class Tail(Lines, Generic[E]):
    """The last screenful of a log.

    Args:
        paint: Makes the spans of one entry for a width.
        match: Does an entry contain the (casefolded) text?
    """

    DEFAULT_CSS = "Tail { height: 1fr; }"

    class Chosen(Message):
        """A line was clicked."""

    def __init__(
        self,
        paint: Callable[[E, int], Spans],
        match: Callable[[E, str], bool],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._paint, self._match = paint, match
        self._log: Log[E] = _Nothing()
        self._hold: int | None = None
        self._cursor: int | None = None
        self._kept_first = 0
        self._kept: Sequence[E] = ()
        self._needle = ""
        self._matches: deque[tuple[int, E]] = deque()
        self._scanned = 0
        self._cache: dict[tuple[int, bool], Strip] = {}
        self._shown: list[tuple[int, E] | int] = []
        self._drawn_end = -1

    @property
    def held(self) -> bool:
        """Does the view stand still?"""
        return self._hold is not None

    @property
    def new(self) -> int:
        """Entries that came since the view stands still."""
        return 0 if self._hold is None else max(0, self._log.end - self._hold)

    @property
    def needle(self) -> str:
        """The filter in force; empty for none."""
        return self._needle

    @property
    def matching(self) -> tuple[int, int]:
        """How many entries pass the filter, of how many that were looked through."""
        return len(self._matches), min(WINDOW, self._log.end - self._log.start)

    @property
    def entry(self) -> E | None:
        """The entry under the cursor, else the newest one in view."""
        rows = [row for row in self._shown if not isinstance(row, int)]
        chosen = [entry for number, entry in rows if number == self._cursor]
        return chosen[0] if chosen else rows[-1][1] if rows else None

    def follow(self, log: Log[E]) -> None:
        """Show this log; repaints only if it has moved."""
        if log is not self._log:
            self._log, self._scanned, self._drawn_end = log, log.start, -1
            self._matches.clear()
            self.forget()
            self.resume()
        if self._drawn_end != log.end and not (self.held and self._drawn_end >= 0):
            self.repaint()

    def hold(self) -> None:
        """Stand still, and keep what is in reach."""
        if self._hold is None:
            self._hold = self._log.end
            self._kept_first = max(self._log.start, self._log.end - KEPT)
            self._kept = self._log.read(self._kept_first, self._log.end)

    def resume(self) -> None:
        """Follow the end again."""
        self._hold = self._cursor = None
        self._kept = ()
        self.repaint()

    def end(self) -> None:
        """To the newest entry, and follow."""
        self.resume()

    def narrow(self, needle: str) -> None:
        """Show only entries that contain this text; empty shows all."""
        self._needle = needle.casefold()
        self._matches.clear()
        self._scanned = 0
        self._scan()
        self.repaint()

    def move(self, step: int) -> None:
        """Move the cursor by lines; the view stands still from then on."""
        self.hold()
        assert self._hold is not None
        if self._cursor is None:
            rows = self._before(self._hold, 1)
        elif step < 0:
            rows = self._before(self._cursor, -step)[:1]
        else:
            rows = self._after(self._cursor, step)[-1:]
        if rows:
            self._cursor = rows[0][0]
            self._reveal(self._cursor)
        self.repaint()

    def page(self, step: int) -> None:
        """Move the cursor by screenfuls."""
        if self._cursor is None:
            self.move(0)
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
                self._hold = rows[max(height, len(rows) + step) - 1][0] + 1
        else:
            rows = self._after(self._hold - 1, step)
            self._hold = rows[-1][0] + 1 if rows else self._log.end
            if self._hold >= self._log.end:
                self.resume()
        self.repaint()

    def _reveal(self, number: int) -> None:
        assert self._hold is not None
        height = max(1, self.outer_size.height)
        rows = self._before(self._hold, height)
        if number >= self._hold:
            self._hold = number + 1
        elif rows and number < rows[0][0]:
            self._hold = self._after(number - 1, height)[-1][0] + 1

    def _before(self, stop: int, limit: int) -> list[tuple[int, E]]:
        """The last entries below a sequence number, oldest first."""
        if self._needle:
            return [row for row in self._matches if row[0] < stop][-limit:] if limit else []
        return self._read(stop - limit, stop)

    def _after(self, number: int, limit: int) -> list[tuple[int, E]]:
        """The first entries above a sequence number."""
        if self._needle:
            return [row for row in self._matches if row[0] > number][:limit]
        first = max(number + 1, self._kept_first if self._kept else self._log.start)
        return self._read(first, first + limit)

    def _read(self, first: int, stop: int) -> list[tuple[int, E]]:
        """Entries from what is kept and from the log; those that neither has are missing."""
        begin = min(max(first, self._log.start), stop)
        rows: list[tuple[int, E]] = []
        if self._kept and first < begin:
            low = max(first, self._kept_first)
            kept = self._kept[low - self._kept_first : max(0, begin - self._kept_first)]
            rows = list(enumerate(kept, low))
        return rows + list(enumerate(self._log.read(begin, stop), begin))

    def _scan(self) -> None:
        """Look through what came since the last time; of a flood only the latest."""
        end = self._log.end
        first = max(self._scanned, end - WINDOW, self._log.start)
        for number, entry in enumerate(self._log.read(first, end), first):
            if self._match(entry, self._needle):
                self._matches.append((number, entry))
        self._scanned = end
        while self._matches and self._matches[0][0] < end - WINDOW:
            self._matches.popleft()

    def forget(self) -> None:
        """Drop the strips that were kept."""
        self._cache = {}

    def compose_strips(self, width: int, height: int, look: Look) -> list[Strip]:
        """The visible entries; a rule where some are missing."""
        if self._needle and not self.held:
            self._scan()
        stop = self._log.end if self._hold is None else self._hold
        self._drawn_end = self._log.end
        self._shown = self._with_rules(self._before(stop, height), stop - height, stop)[-height:]
        fresh: dict[tuple[int, bool], Strip] = {}
        strips: list[Strip] = []
        for row in self._shown:
            if isinstance(row, int):
                strips.append(draw(rule(Plain(f"{plural(row, 'line')} overwritten"), width), width, look))
                continue
            number, entry = row
            key = (number, number == self._cursor)
            strip = self._cache.get(key)
            if strip is None:
                ground: Ground = "cursor" if key[1] else "base"
                strip = draw(self._paint(entry, width), width, look, ground)
            fresh[key] = strip
            strips.append(strip)
        self._cache = fresh
        return strips

    def _with_rules(self, rows: Sequence[tuple[int, E]], first: int, stop: int) -> list[tuple[int, E] | int]:
        """Put the number of missing entries between rows that are not neighbours."""
        if self._needle or not self.held:
            return list(rows)
        shown: list[tuple[int, E] | int] = []
        expected = max(first, 0)
        for row in rows:
            if row[0] > expected:
                shown.append(row[0] - expected)
            shown.append(row)
            expected = row[0] + 1
        if stop > expected:
            shown.append(stop - expected)
        return shown

    def on_click(self, event: Click) -> None:
        """Put the cursor on the line that was clicked."""
        if event.y < len(self._shown):
            row = self._shown[event.y]
            if not isinstance(row, int):
                self.hold()
                self._cursor = row[0]
                self.repaint()
                self.post_message(self.Chosen())


def rule(text: Plain, width: int) -> list[Span]:
    """A line of our own across the stream."""
    return [(Plain("── "), "faint"), (text, "dim"), (Plain(" " + "─" * max(2, width - len(text) - 4)), "faint")]
