"""The readable part of a log that drops its oldest entries, while a view stands still in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

KEPT = 2000
"""How many entries a halted view keeps for itself, so that they stay readable while the log drops them."""

E = TypeVar("E")
Out = TypeVar("Out", covariant=True)


class Log(Protocol[Out]):
    """Entries by sequence number; the oldest ones are dropped."""

    @property
    def start(self) -> int:
        """The first sequence number that is still held."""

    @property
    def end(self) -> int:
        """One past the last."""

    def read(self, first: int, stop: int) -> Sequence[Out]:
        """Entries first..stop-1, as far as still held."""


class Scrollback(Generic[E]):
    """A log and the entries of it that are kept aside; reads only the requested entries."""

    def __init__(self, log: Log[E]) -> None:
        self.log = log
        self.floor = 0
        """The oldest entry that existed when the view was halted."""
        self.ceiling = 0
        """One past the latest."""
        self._first = 0
        self._kept: Sequence[E] = ()

    @property
    def new(self) -> int:
        """How many entries came since the view was halted."""
        return max(0, self.log.end - self.ceiling)

    @property
    def lost(self) -> int:
        """Entries that existed when the view was halted, or came since, and are neither in the log nor kept aside."""
        kept = max(0, min(self._stop, self.log.start) - self._first) if self._kept else 0
        return max(0, self.log.start - self.floor - kept)

    @property
    def oldest(self) -> int:
        """The first entry that can be read."""
        return min(self._first, self.log.start) if self._kept else self.log.start

    @property
    def _stop(self) -> int:
        return self._first + len(self._kept)

    def halt(self, stop: int) -> None:
        """Halt the view below a sequence number."""
        self.floor, self.ceiling = self.log.start, stop

    def release(self) -> None:
        """Release the halted view."""
        self._kept = ()

    def guard(self, first: int, stop: int) -> None:
        """Keep aside the entries around these, without dropping any that the log has already lost."""
        first = max(first, self.log.start)
        if self._kept and (self._first < self.log.start or (self._first <= first and stop <= self._stop)):
            return
        top = min(self.log.end, stop + KEPT // 2)
        self._first = max(self.log.start, top - KEPT)
        self._kept = self.log.read(self._first, top)

    def before(self, stop: int, limit: int) -> list[tuple[int, E]]:
        """The last entries below a sequence number, oldest first."""
        begin = min(max(stop - limit, self.log.start), stop)
        rows = list(enumerate(self.log.read(begin, stop), begin)) if begin < stop else []
        top = min(stop, self._stop, self.log.start)
        low = max(self._first, top - (limit - len(rows)))
        return self._put_by(low, top) + rows

    def after(self, number: int, limit: int) -> list[tuple[int, E]]:
        """The first entries above a sequence number."""
        low = max(number + 1, self._first)
        rows = self._put_by(low, min(low + limit, self._stop, self.log.start))
        begin = max(number + 1, self.log.start)
        stop = begin + limit - len(rows)
        return rows + list(enumerate(self.log.read(begin, stop), begin))

    def _put_by(self, first: int, stop: int) -> list[tuple[int, E]]:
        if first >= stop:
            return []
        return list(enumerate(self._kept[first - self._first : stop - self._first], first))
