"""Keys of one kind: how many there are, as the passes over the keyspace tell it, and their names while they are few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.certainty import Count, counted, exact, unknown
from redis_dash.sample import RecentSample

HELD = 20_000
"""Keys of one kind that are held by name; of those beyond, only the number is."""
ENOUGH = 2000
"""Keys that a running pass must have seen before it may contradict the one before."""
GROWTH = 0.05
"""If the database grew or shrank by more than this share in a pass, its latest part tells more than its sum."""


class Moved(NamedTuple):
    """How many keys of any kind can have come and gone since a moment, at most; None where that is not known."""

    came: int | None
    went: int | None

    @property
    def nothing(self) -> bool:
        """The data did not change."""
        return self.came == 0 and self.went == 0


class _Pass(NamedTuple):
    """A complete pass."""

    keys: int
    low: int
    high: int
    began_at: float
    ended_at: float
    sure: bool
    """Each key was seen once, in a database that stood still."""


class _Churn(NamedTuple):
    """Keys a second that came and went between the last two passes; each at least one in that time."""

    came: float
    went: float


class Family:
    """The keys of one kind, as the latest passes saw them. Times are Unix epoch seconds."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Another data set: nothing is known of it."""
        self._complete: dict[bytes, None] = {}
        self._last: _Pass | None = None
        self._churn: _Churn | None = None
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """A pass over the keyspace begins."""
        self._found: dict[bytes, None] = {}
        self._beyond = 0
        self._began_at = now
        self._sample = RecentSample()

    def add(self, keys: Sequence[bytes], scanned: int, size: int, coverage: float, now: float) -> None:
        """What one slice of ``scanned`` keys held, in a database of ``size``."""
        self._sample.add(len(keys), scanned, size, coverage, now)
        if not keys:
            return
        if self._beyond or len(self._found) + len(keys) > 2 * HELD:
            self._beyond += len(keys)
        else:
            self._found.update(dict.fromkeys(keys))
            if len(self._found) > HELD:
                self._beyond = len(self._found) - HELD
                self._found = dict.fromkeys(list(self._found)[:HELD])

    def end(self, *, still: bool, now: float) -> None:
        """The pass is complete; ``still`` if the database held the same number of keys all the time, each seen once."""
        sample, count = self._sample, len(self._found) + self._beyond
        low = high = count
        if self._beyond and not still and sample.most:  # keys may have been handed out twice, or moved past the cursor
            low = math.floor(count * min(1.0, sample.least / max(1, sample.scanned)))
            high = math.ceil(count * max(1.0, sample.most / max(1, sample.scanned)))
        if sample.most - sample.least > GROWTH * max(1, sample.size):
            recent = sample.estimate()
            count, low, high = recent.value, min(low, recent.low), max(high, recent.high or 0)
        ended = _Pass(count, low, high, self._began_at, now, still)
        self._churn = self._churn_until(ended)
        self._last, self._complete = ended, self._found
        self.begin(now)

    def _churn_until(self, ended: _Pass) -> _Churn | None:
        last = self._last
        if last is None:
            return None
        seconds = max(0.01, ended.ended_at - last.ended_at)
        if self._beyond or last.keys > len(self._complete):  # the names of all are not known
            came, went = max(0, ended.keys - last.keys), max(0, last.keys - ended.keys)
        else:
            came = sum(key not in self._complete for key in self._found)
            went = sum(key not in self._found for key in self._complete)
        return _Churn((came + 1) / seconds, (went + 1) / seconds)

    def discard(self, key: bytes) -> None:
        """A reader found the key gone: it is no longer held by name. What was counted stays what was counted."""
        self._found.pop(key, None)
        self._complete.pop(key, None)

    @property
    def keys(self) -> list[bytes]:
        """Those held by name: of the last complete pass, then those that the running one found beyond them."""
        return list(self._complete | self._found)

    @property
    def counted_at(self) -> float:
        """When the last complete pass ended; 0 while there is none."""
        return self._last.ended_at if self._last else 0.0

    @property
    def counted_since(self) -> float:
        """When the last complete pass began; without end while there is none."""
        return self._last.began_at if self._last else math.inf

    @property
    def seen(self) -> int:
        """Keys that the last complete pass counted, or that the running one has found if those are more."""
        return max(self._last.keys if self._last else 0, len(self._found) + self._beyond)

    # -- how many there are ------------------------------------------------------------------------------------------

    def count(self, now: float, moved: Moved, *, silent_expiry: bool) -> Count:
        """How many there are, and how far that can be trusted.

        Args:
            moved: what can have come and gone since the last complete pass began.
            silent_expiry: keys may have expired that the server has not deleted yet.
        """
        last, running = self._last, self._running()
        if last is None:
            return running
        if last.sure and moved.nothing and not silent_expiry:
            return exact(last.keys, last.ended_at)
        complete = counted(
            last.keys, last.low - self.gone(now, moved), last.high + self.come(now, moved), last.ended_at
        )
        return running if self._is_better(running, complete) else complete

    def come(self, now: float, moved: Moved) -> int:
        """Keys that can have come since the last complete pass passed over their place: at 95 %, or at most."""
        return self._drift(now, moved.came, -1 if self._churn is None else self._churn.came)

    def gone(self, now: float, moved: Moved) -> int:
        """Keys that can have gone since the last complete pass saw them: at 95 %, or at most."""
        return self._drift(now, moved.went, -1 if self._churn is None else self._churn.went)

    def _drift(self, now: float, most: int | None, per_s: float) -> int:
        if self._last is None:
            return 0
        if per_s < 0:  # no pass before the last one to compare it with
            return self._sample.size if most is None else most
        expected = per_s * max(0.0, now - self._last.began_at)
        upper = math.ceil(expected + 2 * math.sqrt(expected) + 1)
        return upper if most is None else min(most, upper)

    def _is_better(self, running: Count, complete: Count) -> bool:
        """Does the running pass contradict the complete one, or know more closely by now?"""
        if self._sample.scanned < ENOUGH or running.high is None or complete.high is None:
            return False
        margin = (running.high - running.low) / 2  # twice the interval: it is looked at many times a pass
        if complete.high < running.low - margin or complete.low > running.high + margin:
            return True
        return running.high - running.low < (complete.high - complete.low) / 2

    def _running(self) -> Count:
        return self._sample.estimate() if self._sample.scanned or self._sample.size == 0 else unknown(self._sample.size)
