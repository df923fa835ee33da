"""Which of the latest entries of a log contain a text; of a flood only the last ones are looked through."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from redis_dash.tui.widgets.scrollback import Log, Scrollback

WINDOW = 5000
"""How many entries are looked through, before a place and behind it."""
E = TypeVar("E")


class Filter(Generic[E]):
    """Finds entries.

    Args:
        match: Does an entry contain the (casefolded) text?
    """

    def __init__(self, match: Callable[[E, str], bool]) -> None:
        self.needle = ""
        """The text, casefolded; empty for none: then nothing is found."""
        self.searched = 0
        """Entries that were looked through."""
        self.searched_on = 0
        """So many of them lie behind the place."""
        self.place = 0
        """Where it was looked around, or up to."""
        self._match = match
        self._found: deque[tuple[int, E]] = deque()

    def __len__(self) -> int:
        """How many were found."""
        return len(self._found)

    def clear(self) -> None:
        """Forget what was found."""
        self._found.clear()
        self.searched = self.searched_on = self.place = 0

    def look_around(self, scrollback: Scrollback[E], place: int) -> None:
        """Look anew through what lies before a place in a view that stands still, and behind it."""
        self.clear()
        self.place = place
        if not self.needle:
            return
        rows = scrollback.before(place, WINDOW)
        onward = scrollback.after(place - 1, min(WINDOW, scrollback.ceiling - place))
        self.searched, self.searched_on = len(rows) + len(onward), len(onward)
        self._found.extend(row for row in rows + onward if self._match(row[1], self.needle))

    def look_on(self, log: Log[E]) -> None:
        """Look through what came since the last time."""
        first = max(self.place, log.end - WINDOW, log.start)
        for number, entry in enumerate(log.read(first, log.end), first):
            if self._match(entry, self.needle):
                self._found.append((number, entry))
        self.place = log.end
        self.searched = min(WINDOW, log.end - log.start)
        while self._found and self._found[0][0] < log.end - self.searched:
            self._found.popleft()

    def before(self, stop: int, limit: int) -> list[tuple[int, E]]:
        """The last ones found below a sequence number, oldest first."""
        return [row for row in self._found if row[0] < stop][-limit:] if limit else []

    def after(self, number: int, limit: int) -> list[tuple[int, E]]:
        """The first ones found above a sequence number."""
        return [row for row in self._found if row[0] > number][:limit]
