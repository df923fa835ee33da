"""Finds the latest entries of a log that contain a text. Of a large log only the last entries are searched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from redis_dash.tui.widgets.scrollback import Log, Scrollback

WINDOW = 5000
"""How many entries are searched before a position, and after it."""
E = TypeVar("E")


class Filter(Generic[E]):
    """Finds entries.

    Args:
        match: Whether an entry contains the (casefolded) text.
    """

    def __init__(self, match: Callable[[E, str], bool]) -> None:
        self.filter_text = ""
        """The text, casefolded; empty for no filter: then nothing is found."""
        self.searched = 0
        """How many entries were searched."""
        self.searched_after = 0
        """How many of them come after the position."""
        self.place = 0
        """The position that the search is centred on, or has reached."""
        self._match = match
        self._found: deque[tuple[int, E]] = deque()

    def __len__(self) -> int:
        """How many entries were found."""
        return len(self._found)

    def clear(self) -> None:
        """Forget the results."""
        self._found.clear()
        self.searched = self.searched_after = self.place = 0

    def search_around(self, scrollback: Scrollback[E], place: int) -> None:
        """Search again before and after a position, in a view that stands still."""
        self.clear()
        self.place = place
        if not self.filter_text:
            return
        rows = scrollback.before(place, WINDOW)
        onward = scrollback.after(place - 1, min(WINDOW, scrollback.ceiling - place))
        self.searched, self.searched_after = len(rows) + len(onward), len(onward)
        self._found.extend(row for row in rows + onward if self._match(row[1], self.filter_text))

    def search_new(self, log: Log[E]) -> None:
        """Search the entries that are new since the last call."""
        first = max(self.place, log.end - WINDOW, log.start)
        for number, entry in enumerate(log.read(first, log.end), first):
            if self._match(entry, self.filter_text):
                self._found.append((number, entry))
        self.place = log.end
        self.searched = min(WINDOW, log.end - log.start)
        while self._found and self._found[0][0] < log.end - self.searched:
            self._found.popleft()

    def before(self, stop: int, limit: int) -> list[tuple[int, E]]:
        """The last results below a sequence number, oldest first."""
        return [row for row in self._found if row[0] < stop][-limit:] if limit else []

    def after(self, number: int, limit: int) -> list[tuple[int, E]]:
        """The first results above a sequence number."""
        return [row for row in self._found if row[0] > number][:limit]
