"""Estimates from a running pass, which is a random sample of the keyspace: hash order does not depend on names."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from redis_dash.core.certainty import Count, estimated, unknown

SPREAD = 0.02
"""A part of the sample ends when the database has grown or shrunk by this share."""
JUMP, JUMP_KEYS = 0.005, 500
"""If the database grows or shrinks by more than this share, or by more keys, between two slices, all these keys may be
in one group: the sample begins anew.
"""
PART_S = 5.0
"""A part of the sample ends after this time at the latest."""
FRESH_S = 30.0
"""In a database that changes, older parts are left out as soon as the others are enough."""
ENOUGH = 20_000
PARTS = 200


class Range(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class _Part(msgspec.Struct):
    """Slices that were scanned while the database had about the same size."""

    began_at: float
    size: int
    scanned: int = 0
    found: int = 0


class RecentSample:
    """How many of the scanned keys are in a group; if the database changes, only the recently scanned keys count."""

    def __init__(self) -> None:
        self.scanned = 0
        self.found = 0
        self.size = 0
        """Keys in the database, as of the latest slice; 0 if the server does not say."""
        self.least = 0
        self.most = 0
        """The smallest and the largest size of the database during the pass."""
        self._jump = 0
        """By how many keys the database grew or shrank just before the latest slice, if it was a jump."""
        self._coverage = 0.0
        self._parts: deque[_Part] = deque(maxlen=PARTS)

    @property
    def coverage(self) -> float:
        """Share of the keyspace that has been scanned; less than 1."""
        return min(0.999, self._coverage)

    def add(self, found: int, scanned: int, size: int, coverage: float, now: float) -> None:
        """Add one slice; ``coverage`` is the share of the keyspace that has been scanned, including this slice."""
        step = abs(size - self.size) if self.scanned else 0
        self._jump = step if step > min(JUMP * size, JUMP_KEYS) else 0
        if self._jump:
            self._parts.clear()
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
        """The group's size with its 95 % interval."""
        coverage, size = self.coverage, self.size
        if not self.scanned:
            return unknown(size or None)
        if not size:
            return self._by_coverage(min(1.0, max(self._coverage, 1e-9)))
        if self.least == self.most:
            low, high = interval(*_within(self.found, self.scanned, size), size)
            return estimated(round(self.found / self.scanned * size), low, high, coverage)
        recent = self._recent(size)
        return estimated(round(recent.value), math.floor(recent.low), math.ceil(recent.high), coverage)

    def of_all(self, part: Range) -> Range:
        """How many keys have some property, if ``part`` of those have it that the whole pass has found so far.

        The property must not depend on when a key was scanned: such as to exist now, not written since the pass began.
        """
        size = max(1, self.size or round(self.scanned / max(self._coverage, 1e-9)))
        scanned = max(1, min(self.scanned, size))
        part = Range(*(min(one, scanned) for one in part))  # a quotient times its divisor can be rounded up
        low, _ = interval(math.floor(part.low), scanned, size)
        _, high = interval(math.ceil(part.high), scanned, size)
        spread = min(1.0, (self.most - self.least) / size)  # so uncertain is the share that has been scanned
        return Range(
            part.value * size / scanned,
            part.low + max(0.0, low - part.low) * (1 - spread),
            part.high + max(0.0, high - part.high) * (1 + spread),
        )

    def _by_coverage(self, coverage: float) -> Count:
        """The estimate if the database's size is unknown: found keys divided by the scanned share."""
        spread = 2 * math.sqrt((self.found + 1) * (1 - coverage)) + 1 - coverage
        low = max(self.found, math.floor((self.found - spread) / coverage))
        high = math.ceil((self.found + spread) / coverage)
        return estimated(round(self.found / coverage), low, high, min(0.999, coverage))

    def _recent(self, size: int) -> Range:
        """The estimate from the latest parts: from so many that the interval is as narrow as possible.

        All keys by which the database has grown or shrunk since a part may be in this group.
        """
        found = scanned = 0
        least = most = size
        best: Range | None = None
        for part in reversed(self._parts):
            if scanned >= ENOUGH and self._parts[-1].began_at - part.began_at > FRESH_S:
                break
            found, scanned = found + part.found, scanned + part.scanned
            least, most = min(least, part.size), max(most, part.size)
            if not scanned:
                continue
            low, high = interval(*_within(found, scanned, size), size, whole=False)
            low, high = max(0, low - max(self._jump, most - size)), min(size, high + max(self._jump, size - least))
            if best is None or high - low < best.high - best.low:
                best = Range(found / scanned * size, low, high)
        return best or Range(0.0, 0, size)


def _within(found: int, scanned: int, size: int) -> tuple[int, int]:
    """The sample scaled down to ``size`` keys: SCAN returned some keys twice, or keys were deleted since."""
    return (found, scanned) if scanned <= size else (round(found * size / scanned), size)


def share_of(members: int, sample: int, whole: int) -> Range:
    """How many of ``whole`` are members, if so many of a random sample are; half of them without a sample."""
    if not sample:
        return Range(whole / 2, 0, whole)
    low, high = interval(members, sample, whole)
    return Range(whole * members / sample, low, high)


def part_of(whole: Count, members: int, others: int, unsure: int = 0) -> Count:
    """How many of ``whole`` are members, if a random sample of them has so many members and others.

    Args:
        unsure: further ones of the sample, of which that is not known.
    """
    sampled = members + others + unsure
    size = max(1, whole.value)
    sample = min(sampled, size)  # some of the sample may be gone
    least, most = (share_of(round(one * sample / sampled), sample, size) for one in (members, members + unsure))
    high = size if whole.high is None else whole.high
    low, top = math.floor(whole.low * least.low / size), math.ceil(high * most.high / size)
    return estimated(round(whole.value * members / sampled), low, top, min(0.999, whole.coverage))


def total(ranges: Sequence[Range]) -> Range:
    """The sum of numbers whose errors are independent."""
    value = sum(one.value for one in ranges)
    below = math.sqrt(sum((one.value - one.low) ** 2 for one in ranges))
    above = math.sqrt(sum((one.high - one.value) ** 2 for one in ranges))
    return Range(value, max(0.0, value - below), value + above)


def interval(found: int, scanned: int, size: int, *, whole: bool = True) -> tuple[int, int]:
    """Wilson's 95 % interval for a share, in keys, with the finite population correction.

    Args:
        found: members among ``scanned`` keys, drawn without replacement from ``size``.
        whole: the scanned keys still exist, so that only the others are uncertain.
    """
    z2 = 1.96**2 * ((size - scanned) / max(1, size - 1) if whole else 1.0)
    share = found / scanned
    middle = (share + z2 / (2 * scanned)) / (1 + z2 / scanned)
    half = math.sqrt(z2 * (share * (1 - share) / scanned + z2 / (4 * scanned**2))) / (1 + z2 / scanned)
    low, high = math.floor((middle - half) * size), math.ceil((middle + half) * size)
    if not whole:
        return max(0, low), min(size, high)
    return max(found, low), min(found + size - scanned, high)


def most_events(expected: float) -> int:
    """So many events at most, at 95 %, if so many are expected."""
    return math.ceil(expected + 2 * math.sqrt(expected) + 1)
