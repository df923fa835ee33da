"""Keys of one kind: how many there are, as the passes over the keyspace tell it, and their names while they are few."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

HELD = 20_000
"""Keys of one kind that are held by name; of those beyond, only the number is."""
ENOUGH = 2000
"""Keys that a running pass must have seen before it may contradict the one before."""
LONG_PASS_S = 5.0
"""Longer than this, and keys that come and go make a count doubtful."""


class Estimate(NamedTuple):
    """How many keys a family has."""

    keys: int
    low: int
    high: int
    coverage: float
    """Share of the keyspace that it was taken from, 0..1."""
    counted_at: float = 0.0
    """When the pass ended that it was counted in; 0 where it is estimated from a pass under way."""
    may_repeat: bool = False
    """Counted while keys came, went or were moved: some may have been counted twice, or missed."""


class Family:
    """The keys of one kind, as the latest passes saw them.

    SCAN may hand out a key twice while the server resizes its table. Keys that are held by name count once; beyond
    that, a count is certain only if the database stood still meanwhile.
    """

    def __init__(self) -> None:
        self._complete: dict[bytes, None] = {}
        self._counted: Estimate | None = None
        self._found: dict[bytes, None] = {}
        self._beyond = 0
        self._scanned = 0
        self._size = 0

    def begin(self, size: int) -> None:
        """A pass over a keyspace of ``size`` keys begins."""
        self._found, self._beyond, self._scanned, self._size = {}, 0, 0, size

    def add(self, keys: Sequence[bytes], scanned: int) -> None:
        """What one slice of ``scanned`` keys held."""
        self._scanned += scanned
        if not keys:
            return
        if self._beyond or len(self._found) + len(keys) > 2 * HELD:
            self._beyond += len(keys)
        else:
            self._found.update(dict.fromkeys(keys))
            if len(self._found) > HELD:
                self._beyond = len(self._found) - HELD
                self._found = dict.fromkeys(list(self._found)[:HELD])

    def end(self, *, still: bool, took_s: float) -> None:
        """The pass is complete; ``still`` if the database held the same number of keys all the time, each seen once."""
        count = len(self._found) + self._beyond
        doubtful = not still and (self._beyond > 0 or took_s > LONG_PASS_S)
        self._counted = Estimate(count, count, count, 1.0, time.time(), doubtful)
        self._complete = self._found
        self.begin(self._size)

    def discard(self, key: bytes) -> None:
        """A reader found the key gone."""
        counted = key in self._complete
        self._found.pop(key, None)
        self._complete.pop(key, None)
        if counted and self._counted is not None:
            fewer = self._counted.keys - 1
            self._counted = self._counted._replace(keys=fewer, low=fewer, high=fewer)

    @property
    def keys(self) -> list[bytes]:
        """Those held by name: of the last complete pass, then those that the running one found beyond them."""
        return list(self._complete | self._found)

    def estimate(self) -> Estimate:
        """Counted in the last complete pass, unless the running one contradicts it; else an estimate at 95 %."""
        if self._counted is None:
            return self._running()
        if self._scanned >= ENOUGH:
            running = self._running()
            margin = (running.high - running.low) / 2  # twice the interval: it is looked at many times a pass
            if not running.low - margin <= self._counted.keys <= running.high + margin:
                return running
        return self._counted

    def _running(self) -> Estimate:
        found, scanned = len(self._found) + self._beyond, self._scanned
        if scanned == 0:
            return Estimate(0, 0, max(self._size, 0), 0.0)
        size = max(self._size, scanned)
        low, high = interval(found, scanned, size)
        return Estimate(round(found / scanned * size), low, high, min(0.999, scanned / size))


def interval(found: int, scanned: int, size: int) -> tuple[int, int]:
    """Wilson's 95 % interval for a share, narrowed by the finite population, in keys.

    Args:
        found: members among ``scanned`` keys, drawn without replacement from ``size``.
    """
    z2 = 1.96**2 * (size - scanned) / max(1, size - 1)
    share = found / scanned
    middle = (share + z2 / (2 * scanned)) / (1 + z2 / scanned)
    half = math.sqrt(z2 * (share * (1 - share) / scanned + z2 / (4 * scanned**2))) / (1 + z2 / scanned)
    unseen = size - scanned
    low = max(found, math.floor((middle - half) * size))
    high = min(found + unseen, math.ceil((middle + half) * size))
    return low, high
