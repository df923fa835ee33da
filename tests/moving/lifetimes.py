"""The true number of a key group's keys over time, and the lifetime of each key."""

from __future__ import annotations

import heapq
import time

from tests.moving.history import History
from tests.moving.pool import Pool
from tests.moving.timeline import Span, Timeline, around

SETTLED_S = 0.05
"""A lifetime that ended this long ago has ended for the server, too."""
SAFE_S = 0.3
"""A key that expires sooner is not used: it may be gone before the command arrives."""
Deadline = float | None
"""Unix epoch seconds; None: never."""


class Lifetimes:
    """Receives every creation, renewal and deletion; computes by itself when a key expires."""

    def __init__(self) -> None:
        self.count = Timeline()
        self.keys: Pool[str] = Pool()
        self.deadlines: dict[str, Deadline] = {}
        """The deadlines of the existing keys."""
        self._there: dict[str, Timeline] = {}
        self._histories: dict[str, History[Deadline]] = {}
        self._ends: list[tuple[float, str]] = []
        self.expired: list[tuple[float, str]] = []
        """Keys that have expired since the last ``advance``, for other objects that follow them."""

    # -- for the application -----------------------------------------------------------------------------------------

    def created(self, key: str, deadline: Deadline, span: Span) -> None:
        """Note a new key."""
        self.count.step(span, 1)
        self.keys.add(key)
        self._there.setdefault(key, Timeline()).step(span, 1)
        self.lasts(key, deadline, span)

    def written(self, key: str, deadline: Deadline, span: Span) -> None:
        """Note a write, whether or not the key existed; a key that had expired is new."""
        until = self.deadlines.get(key, 0.0)
        if until is not None and key in self.deadlines and until <= span.end:
            self.expire_now(key)
        if key in self.deadlines:
            self.lasts(key, deadline, span)
        else:
            self.created(key, deadline, span)

    def lasts(self, key: str, deadline: Deadline, span: Span) -> None:
        """Note a new deadline."""
        self.deadlines[key] = deadline
        self._histories.setdefault(key, History()).record(span, deadline)
        if deadline is not None:
            heapq.heappush(self._ends, (deadline, key))

    def renamed(self, key: str, new: str, span: Span) -> None:
        """Note a new name; the lifetime is the same."""
        deadline = self.deadlines.pop(key)
        self.keys.discard(key)
        self._there[key].step(span, -1)
        self.keys.add(new)
        self._there.setdefault(new, Timeline()).step(span, 1)
        self.lasts(new, deadline, span)

    def deleted(self, key: str, span: Span) -> None:
        """Note that a command deleted the key."""
        self._gone(key, span, by_clock=False)

    def wiped(self, span: Span) -> None:
        """All keys are deleted at one moment; keys that expired at that time may have gone before."""
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
        """Note the keys that have expired."""
        self.expired = []
        while self._ends and self._ends[0][0] < now - SETTLED_S:
            deadline, key = heapq.heappop(self._ends)
            if self.deadlines.get(key) == deadline:
                self._gone(key, around(deadline), by_clock=True)
                self.expired.append((deadline, key))

    def expire_now(self, key: str) -> float:
        """Note that a reply shows the key expired; returns when its lifetime ended."""
        deadline = self.deadlines[key]
        assert deadline is not None
        self._gone(key, around(deadline), by_clock=True)
        return deadline

    def is_safe(self, key: str) -> bool:
        """Whether the key will still exist when a command arrives that is sent now."""
        deadline = self.deadlines.get(key, 0.0)
        return deadline is None or deadline > time.time() + SAFE_S

    def _gone(self, key: str, span: Span, *, by_clock: bool) -> None:
        self.count.step(span, -1, by_clock=by_clock)
        self._there[key].step(span, -1, by_clock=by_clock)
        self.keys.discard(key)
        del self.deadlines[key]

    # -- for the judge -----------------------------------------------------------------------------------------------

    def was_there(self, key: str, begin: float, end: float) -> bool:
        """Whether the key can have existed at some moment of the interval."""
        there = self._there.get(key)
        return there is not None and there.values(begin, end).high > 0

    def was_there_throughout(self, key: str, begin: float, end: float) -> bool:
        """Whether the key existed during the whole interval."""
        there = self._there.get(key)
        return there is not None and there.values(begin, end).low > 0

    def deadlines_of(self, key: str, begin: float, end: float) -> list[Deadline]:
        """The deadlines that are possible during the interval."""
        history = self._histories.get(key)
        return history.values(begin, end) if history is not None else []

    def all_keys(self) -> list[str]:
        """All keys that ever existed."""
        return list(self._there)
