"""A pass under way as a random sample of the keyspace: hash order is random to names."""

from __future__ import annotations

import math
from collections import deque

import msgspec

from redis_dash.core.certainty import Count, estimated, unknown

SPREAD = 0.02
"""A part of the sample ends where the database has grown or shrunk by this share."""
PART_S = 5.0
"""And after so long."""
FRESH_S = 30.0
"""In a database that changes, parts older than this are left out once there is enough without them."""
ENOUGH = 20_000
PARTS = 200


class _Part(msgspec.Struct):
    """Slices that were taken from a database of about one size."""

    began_at: float
    size: int
    scanned: int = 0
    found: int = 0


class RecentSample:
    """Members of a family among the keys that were scanned: where the database changes, among those scanned lately."""

    def __init__(self) -> None:
        self.scanned = 0
        self.found = 0
        self.size = 0
        """Keys in the database, as of the latest slice; 0 where the server does not tell."""
        self.least = 0
        self.most = 0
        """Between these its size lay."""
        self._coverage = 0.0
        self._parts: deque[_Part] = deque(maxlen=PARTS)

    def add(self, found: int, scanned: int, size: int, coverage: float, now: float) -> None:
        """One slice; ``coverage`` is the share of the keyspace that has been passed over, this slice included."""
        self.least = size if not self.scanned else min(self.least, size)
        self.most = max(self.most, size)
        self.scanned += scanned
        self.found += found
        self.size, self._coverage = size, coverage
        part = self._parts[-1] if self._parts else None
        if part is None or abs(size - part.size) > SPREAD * size or now - part.began_at > PART_S:
            part = _Part(now, size)
            self._parts.append(part)
        part.scanned += scanned
        part.found += found

    def estimate(self) -> Count:
        """The family's size at 95 %."""
        coverage, size = min(0.999, self._coverage), self.size
        if not self.scanned:
            return unknown(size or None)
        if not size:
            return self._by_coverage(min(1.0, max(self._coverage, 1e-9)))
        if self.least == self.most:
            low, high = interval(self.found, min(self.scanned, size), size)
            return estimated(round(self.found / self.scanned * size), low, high, coverage)
        found, scanned, spread = self._recent(size)
        low, high = interval(found, min(scanned, size), max(size, scanned), whole=False)
        low, high = math.floor(low * (1 - spread)), math.ceil(high * (1 + spread))
        return estimated(round(found / scanned * size), low, high, coverage)

    def _by_coverage(self, coverage: float) -> Count:
        """Of the whole there are so many more as its share that was passed over is smaller."""
        spread = 2 * math.sqrt((self.found + 1) * (1 - coverage)) + 1 - coverage
        low = max(self.found, math.floor((self.found - spread) / coverage))
        high = math.ceil((self.found + spread) / coverage)
        return estimated(round(self.found / coverage), low, high, min(0.999, coverage))

    def _recent(self, size: int) -> tuple[int, int, float]:
        """Found, scanned, and how far the database's size was from what it is now, over the latest parts."""
        found = scanned = 0
        spread, latest = 0.0, self._parts[-1].began_at
        for part in reversed(self._parts):
            off = abs(part.size - size) / size
            if scanned and (off > 2 * SPREAD or (scanned >= ENOUGH and latest - part.began_at > FRESH_S)):
                break
            found, scanned, spread = found + part.found, scanned + part.scanned, max(spread, off)
        return found, max(1, scanned), min(spread, 1.0)


def interval(found: int, scanned: int, size: int, *, whole: bool = True) -> tuple[int, int]:
    """Wilson's 95 % interval for a share, narrowed by the finite population, in keys.

    Args:
        found: members among ``scanned`` keys, drawn without replacement from ``size``.
        whole: what was scanned is still there, so that only the rest is uncertain.
    """
    z2 = 1.96**2 * ((size - scanned) / max(1, size - 1) if whole else 1.0)
    share = found / scanned
    middle = (share + z2 / (2 * scanned)) / (1 + z2 / scanned)
    half = math.sqrt(z2 * (share * (1 - share) / scanned + z2 / (4 * scanned**2))) / (1 + z2 / scanned)
    low, high = math.floor((middle - half) * size), math.ceil((middle + half) * size)
    if not whole:
        return max(0, low), min(size, high)
    return max(found, low), min(found + size - scanned, high)
