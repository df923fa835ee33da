"""How far a count can be trusted; used by sources, frames, screen and exports."""

from __future__ import annotations

from typing import Literal

import msgspec

from redis_dash.core.databases import Database

Certainty = Literal["exact", "counted", "estimated", "at_least", "unknown"]
"""``exact``: true when the reading was taken; nothing can have changed since it was counted.

``counted``: true when it was counted; the number may have changed since.
``estimated``: extrapolated from a part of the keyspace. ``at_least``: a lower bound. ``unknown``: nothing is known.
"""


class Count(msgspec.Struct, frozen=True):
    """A number with bounds. The truth lies from ``low`` to ``high``: for certain, or at 95 % for an estimate."""

    value: int
    low: int
    high: int | None
    """None if no upper bound is known."""
    certainty: Certainty
    at: float = 0.0
    """When it was counted, in Unix epoch seconds; 0 if it was not counted yet."""
    coverage: float = 1.0
    """Share of the keyspace that was counted, 0..1."""

    def holds(self, truth: int) -> bool:
        """Whether ``truth`` lies within the bounds."""
        if self.certainty == "unknown":
            return True
        return self.low <= truth and (self.high is None or truth <= self.high)

    @property
    def bounds(self) -> tuple[int, int, int | None]:
        """Value, lower and upper bound."""
        return self.value, self.low, self.high

    def at_lowest(self, low: int) -> Count:
        """The same count with a lower bound that is known for certain."""
        high = None if self.high is None else max(self.high, low)
        return msgspec.structs.replace(self, value=max(self.value, low), low=max(self.low, low), high=high)


class Scope(msgspec.Struct, frozen=True):
    """Which keys were searched for, and among how many."""

    patterns: tuple[str, ...]
    keys: int
    """Keys in the database, as far as known: if the server does not tell, those that the latest complete pass found."""
    others: int = 0
    """Keys that match and have another type."""
    recognised: bool = False
    """Whether keys of known frameworks were searched for, too."""
    ignored: tuple[str, ...] = ()
    """Patterns of keys that match, too, and are ignored as the user wants it."""
    elsewhere: tuple[Database, ...] = ()
    """Other databases of the server that hold keys, as far as known."""
    unrecognised: tuple[str, ...] = ()
    """Patterns of the largest kinds of keys that nothing shows, and that may be what is searched for."""
    is_part: bool = False
    """Whether only a part of a cluster is seen, so that there may be more keys."""


def exact(value: int, at: float = 0.0) -> Count:
    """A count that cannot have changed since it was counted."""
    return Count(value, value, value, "exact", at)


def counted(value: int, low: int, high: int | None, at: float) -> Count:
    """A count of the moment ``at``; the present number lies between ``low`` and ``high``."""
    return Count(value, max(0, min(low, value)), None if high is None else max(high, value), "counted", at)


def estimated(value: int, low: int, high: int, coverage: float) -> Count:
    """An estimate from a share of the keyspace, with its 95 % interval."""
    return Count(min(max(value, low), high), low, high, "estimated", coverage=coverage)


def at_least(value: int, high: int | None = None, at: float = 0.0, coverage: float = 1.0) -> Count:
    """A lower bound: this many were seen, there may be more."""
    return Count(value, value, high, "at_least", at, coverage)


def unknown(high: int | None = None) -> Count:
    """A count of which nothing is known yet."""
    return Count(0, 0, high, "unknown", coverage=0.0)


def weakest(counts: list[Count]) -> Count | None:
    """The count that can be trusted least, for values that are shown together."""
    order: tuple[Certainty, ...] = ("unknown", "estimated", "at_least", "counted", "exact")
    return min(counts, key=lambda count: (order.index(count.certainty), count.coverage, count.at), default=None)
