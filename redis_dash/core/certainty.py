"""How far a count can be trusted: one notion for sources, frames, screen and exports."""

from __future__ import annotations

from typing import Literal

import msgspec

Certainty = Literal["exact", "counted", "estimated", "at_least", "unknown"]
"""``exact``: equal to the truth when the reading was taken; nothing can have changed since it was counted.

``counted``: counted at a moment, and things have changed since, or can have.
``estimated``: taken from a part of the keyspace. ``at_least``: there may be more. ``unknown``: nothing is known.
"""


class Count(msgspec.Struct, frozen=True):
    """How many there are; ``low`` and ``high`` hold the truth as of the reading, at 95 % where it is no proof."""

    value: int
    low: int
    high: int | None
    """None where no bound is known."""
    certainty: Certainty
    at: float = 0.0
    """When it was counted, in Unix epoch seconds; 0 where it was not counted yet."""
    coverage: float = 1.0
    """Share of the keyspace that it was taken from, 0..1."""

    def holds(self, truth: int) -> bool:
        """Is what it says true of this number?"""
        if self.certainty == "unknown":
            return True
        return self.low <= truth and (self.high is None or truth <= self.high)

    def at_lowest(self, low: int) -> Count:
        """The same, where at least so many are known for certain."""
        high = None if self.high is None else max(self.high, low)
        return msgspec.structs.replace(self, value=max(self.value, low), low=max(self.low, low), high=high)


class Scope(msgspec.Struct, frozen=True):
    """What was looked for, and among how many keys."""

    patterns: tuple[str, ...]
    keys: int
    """In the database, as far as known."""
    others: int = 0
    """Keys that match, and are of another type."""


def exact(value: int, at: float = 0.0) -> Count:
    """Nothing can have changed since it was counted."""
    return Count(value, value, value, "exact", at)


def counted(value: int, low: int, high: int | None, at: float) -> Count:
    """Counted at ``at``; the truth by now lies between ``low`` and ``high``."""
    return Count(value, max(0, min(low, value)), None if high is None else max(high, value), "counted", at)


def estimated(value: int, low: int, high: int, coverage: float) -> Count:
    """Taken from a share of the keyspace, at 95 %."""
    return Count(min(max(value, low), high), low, high, "estimated", coverage=coverage)


def at_least(value: int, high: int | None = None, at: float = 0.0, coverage: float = 1.0) -> Count:
    """So many were seen; there may be more."""
    return Count(value, value, high, "at_least", at, coverage)


def unknown(high: int | None = None) -> Count:
    """Nothing was looked at yet."""
    return Count(0, 0, high, "unknown", coverage=0.0)


def weakest(counts: list[Count]) -> Count | None:
    """The one that can be trusted least, for figures that are told together."""
    order: tuple[Certainty, ...] = ("unknown", "estimated", "at_least", "counted", "exact")
    return min(counts, key=lambda count: (order.index(count.certainty), count.coverage, count.at), default=None)
