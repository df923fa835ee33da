"""How many keys of a group can have come or gone since a pass, from the changes between earlier passes."""

from __future__ import annotations

import math
from typing import NamedTuple

from redis_dash.keyspace.estimate import most_events

USUAL = 1.5
"""Changes at more than this multiple of the earlier rate are a burst."""


class Rate(NamedTuple):
    """Changes between the beginnings of the last two passes, in keys per second."""

    keys: float
    """Of this group; at least one key in that time."""
    all_keys: float | None
    """Of any group, at most; None if it is not known."""


class CompletePass(NamedTuple):
    """What a complete pass has found of one key group."""

    keys: int
    low: int
    high: int
    began_at: float
    ended_at: float
    scanned: int
    """Keys of any group."""
    sure: bool
    """Whether each key was seen once, in a database that did not change."""
    all_held: bool
    """Whether the names of all its keys are held."""


def drift(most: int | None, rate: Rate | None, seconds: float, *, told: bool) -> int | None:
    """How many keys can have changed within this time: at 95 %, or at most; None if nothing tells it.

    Args:
        most: as many of any group changed at most, by the server's counters; None if it is not known.
        rate: None if there is no earlier pass to compare with.
        told: whether the server has named these keys: then they are of this group.
    """
    if rate is None or (told and most is not None):
        return most
    upper = most_events(rate.keys * seconds)
    if most is None:
        return upper
    unusual = 0 if rate.all_keys is None else max(0, math.ceil(most - USUAL * rate.all_keys * seconds))
    return min(most, upper + unusual)  # in a burst each key may be in this group


def early_rate(new: int, coverage: float, windows_s: tuple[float, float]) -> Rate:
    """The rate at which keys come, at most, from a part of a pass that has found ``new`` keys which the last had not.

    Args:
        coverage: the share of the keyspace that this part has scanned, above 0.
        windows_s: the time between the two passes at the first and at the latest place of the part.
    """
    return Rate(most_events(new) / coverage / max(0.01, sum(windows_s) / 2), None)
