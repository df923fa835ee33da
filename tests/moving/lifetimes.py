"""Which keys of one kind are there, and until when: the truth of their number and of each one's lifetime."""

from __future__ import annotations

import heapq
import time

from tests.moving.history import History
from tests.moving.pool import Pool
from tests.moving.timeline import Span, Timeline, around

SETTLED_S = 0.05
"""A lifetime that was over for so long is over for the server, too."""
SAFE_S = 0.3
"""What ends sooner is not touched: it may be gone before the command arrives."""
Deadline = float | None
"""Unix epoch seconds; None: never."""


class Lifetimes:
    """Told of every creation, renewal and deletion; finds out by itself when a key expires."""

    def __init__(self) -> None:
        self.count = Timeline()
        self.keys: Pool[str] = Pool()
        self.deadlines: dict[str, Deadline] = {}
        """Of the keys that are there."""
        self._there: dict[str, Timeline] = {}
        self._histories: dict[str, History[Deadline]] = {}
        self._ends: list[tuple[float, str]] = []
        self.expired: list[tuple[float, str]] = []
        """Since the last ``advance``: the others who keep a truth of them look here."""

    # -- what the application does -----------------------------------------------------------------------------------

    def created(self, key: str, deadline: Deadline, span: Span) -> None:
        """The key is new."""
        self.count.step(span, 1)
        self.keys.add(key)
        self._there.setdefault(key, Timeline()).step(span, 1)
        self.lasts(key, deadline, span)

    def written(self, key: str, deadline: Deadline, span: Span) -> None:
        """It was written, whether or not it was there; what had expired before is new."""
        until = self.deadlines.get(key, 0.0)
        if until is not None and key in self.deadlines and until <= span.end:
            self.expire_now(key)
        if key in self.deadlines:
            self.lasts(key, deadline, span)
        else:
            self.created(key, deadline, span)

    def lasts(self, key: str, deadline: Deadline, span: Span) -> None:
        """It lives until then."""
        self.deadlines[key] = deadline
        self._histories.setdefault(key, History()).record(span, deadline)
        if deadline is not None:
            heapq.heappush(self._ends, (deadline, key))

    def renamed(self, key: str, new: str, span: Span) -> None:
        """It has another name, and the same lifetime."""
        deadline = self.deadlines.pop(key)
        self.keys.discard(key)
        self._there[key].step(span, -1)
        self.keys.add(new)
        self._there.setdefault(new, Timeline()).step(span, 1)
        self.lasts(new, deadline, span)

    def deleted(self, key: str, span: Span) -> None:
        """It is gone, by a command."""
        self._gone(key, span, by_clock=False)

    def wiped(self, span: Span) -> None:
        """All are gone, at one moment; what expired at the time may have gone before it."""
        self.advance(span.begin + SETTLED_S)
        expiring = [key for key, until in self.deadlines.items() if until is not None and until < span.end + SETTLED_S]
        for key in expiring:
            self._gone(key, span, by_clock=True)
        self.count.step(span, -len(self.deadlines))
        for key in self.deadlines:
            self._there[key].step(span, -1)
        self.deadlines.clear()
        self.keys.clear()
        self._ends.clear()

    def advance(self, now: float) -> None:
        """Notice which have expired."""
        self.expired = []
        while self._ends and self._ends[0][0] < now - SETTLED_S:
            deadline, key = heapq.heappop(self._ends)
            if self.deadlines.get(key) == deadline:
                self._gone(key, around(deadline), by_clock=True)
                self.expired.append((deadline, key))

    def expire_now(self, key: str) -> float:
        """A reply tells that its lifetime is over; returns when it was."""
        deadline = self.deadlines[key]
        assert deadline is not None
        self._gone(key, around(deadline), by_clock=True)
        return deadline

    def is_safe(self, key: str) -> bool:
        """Will it still be there when a command arrives that is sent now?"""
        deadline = self.deadlines.get(key, 0.0)
        return deadline is None or deadline > time.time() + SAFE_S

    def _gone(self, key: str, span: Span, *, by_clock: bool) -> None:
        self.count.step(span, -1, by_clock=by_clock)
        self._there[key].step(span, -1, by_clock=by_clock)
        self.keys.discard(key)
        del self.deadlines[key]

    # -- what the judge asks -----------------------------------------------------------------------------------------

    def was_there(self, key: str, begin: float, end: float) -> bool:
        """Was it there at some moment of the interval?"""
        there = self._there.get(key)
        return there is not None and there.values(begin, end).high > 0

    def was_there_throughout(self, key: str, begin: float, end: float) -> bool:
        """Was it there at every moment of the interval?"""
        there = self._there.get(key)
        return there is not None and there.values(begin, end).low > 0

    def deadlines_of(self, key: str, begin: float, end: float) -> list[Deadline]:
        """Those that it can have had during the interval."""
        history = self._histories.get(key)
        return history.values(begin, end) if history is not None else []

    def all_keys(self) -> list[str]:
        """Every key that ever was."""
        return list(self._there)
