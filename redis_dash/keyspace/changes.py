"""What can have changed since a key group was counted: the evidence on which a count is based."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from redis_dash.core.certainty import Count
from redis_dash.keyspace.estimate import Range, interval


class Moved(NamedTuple):
    """How many keys of any group can have come and gone since a moment, at most; None if that is not known."""

    came: int | None
    went: int | None
    told: bool = False
    """Whether the server has named them: they are all in this group, and no others came or went."""
    grown: int = 0
    """By how many keys the database has grown since then; negative if it has shrunk."""

    @property
    def nothing(self) -> bool:
        """Whether the data did not change."""
        return self.came == 0 and self.went == 0


NOT_KNOWN = Moved(None, None)


class Expiry(NamedTuple):
    """Keys of the database that have a lifetime; those whose lifetime is over may still exist."""

    keys: int | None
    """None if it is not known."""
    average_s: float
    """Their average remaining lifetime; 0 if it is not known."""

    def lost(self, keys: int, seconds: float) -> int:
        """How many of ``keys`` may have expired within ``seconds`` without being deleted yet."""
        if not self.keys:
            return 0
        return min(keys, self.keys, math.ceil(min(keys, self.keys) * seconds / self.average_s)) if self.average_s else 0


class Basis(NamedTuple):
    """The pass on which a count is based."""

    began_at: float
    is_complete: bool


class Existing(NamedTuple):
    """How many keys of a group exist of those that are known by name, if the server has named every written key."""

    unwritten: Range
    """Of the keys that the pass has found, and that were not written since it began."""
    written: Range
    """Of the keys that were written since the pass began, whether or not the pass has found them."""
    named: int = 0
    """How many keys had been named when existence was checked."""


class Asked(NamedTuple):
    """A random sample of the counted keys, whose existence was checked just now."""

    number: int
    alive: int
    existing: Existing | None = None
    """None if the server has not named every key that was written since."""
    basis: Basis | None = None
    """The pass that had counted them. About the count of another pass they say nothing: it began later, or earlier."""


NONE_ASKED = Asked(0, 0)


class Since(NamedTuple):
    """What can have changed until now."""

    counted: Moved
    """Since the last complete pass began."""
    sampled: Moved
    """Since the latest slice of the running pass."""
    expiry: Expiry
    asked: Asked = NONE_ASKED
    arrived: int | None = 0
    """Keys that can have been created since the running pass began, at most; None if that is not known."""
    grown: int = 0
    """By how many keys the database has grown since the running pass began."""
    named: int = 0
    """How many keys the server has named that were written since the pass began, by now."""


def steady(before: int, left: int, came: int, grown: int) -> int:
    """The likely number of keys if ``left`` of ``before`` still exist, and at most ``came`` were created.

    Where keys come and go, about as many come as go: all the lost keys are replaced, except for those by which the
    whole database has shrunk.
    """
    return left + max(0, min(before - left + min(0, grown), came))


def still_there(count: Count, asked: Asked, *, is_all: bool = True) -> Count:
    """The count of keys that still exist, estimated from a random sample whose existence was checked.

    Args:
        is_all: whether all of them exist if all of the sample do: nothing else suggests that some are gone.
    """
    if (is_all and asked.alive == asked.number) or count.high is None or count.certainty == "unknown":
        return count
    whole = max(count.value, asked.number)
    low, high = interval(asked.alive, asked.number, whole)
    return msgspec.structs.replace(
        count,
        value=round(count.value * asked.alive / asked.number),
        low=math.floor(count.low * low / whole),
        high=math.ceil(count.high * high / whole),
    )
