"""How long a PING takes, as it is: from the moment when it is written to the moment when its answer is read.

Nothing is taken off. A trip during which this thread was busy with something else says nothing about the server, for
the answer may have waited for us; neither does one that waited behind other commands of ours.
"""

from __future__ import annotations

import time
from statistics import median

from redis_dash.client.connection import RoundTrip

TRIPS = 5
LONG_S = 0.02
"""After such a trip the others are spared: it is told exactly enough, and somebody else wants the connection."""
BUSY_S = 0.0003
"""An event loop that only waits for the answer works for 0.1 ms meanwhile."""
BUSY_SHARE = 0.1
"""More work than that does not matter to a trip of which it is so small a part."""
KEPT_S = 5.0
"""If no trip is usable for so long, the best of the others is told: the truth is no more than that."""


class PingTimer:
    """Takes a few trips for each figure."""

    def __init__(self) -> None:
        self._trips: list[RoundTrip] = []
        self._tried = 0
        self._shown_s: float | None = None
        self._at = 0.0

    def connected(self) -> None:
        """Another connection: what was measured before is not this one's."""
        self._shown_s = None

    def begin(self) -> None:
        """Take the next figure's trips."""
        self._trips, self._tried = [], 0

    @property
    def wants_more(self) -> bool:
        """Are they too few?"""
        return self._tried < 2 * TRIPS and sum(map(is_usable, self._trips)) < TRIPS and not self._is_slow

    @property
    def _is_slow(self) -> bool:
        return any(is_usable(round_trip) and round_trip.took_s > LONG_S for round_trip in self._trips)

    def add(self, round_trip: RoundTrip | None) -> None:
        """A trip; None where it waited behind other commands of ours."""
        self._tried += 1
        if round_trip is not None:
            self._trips.append(round_trip)

    def shown_ms(self) -> float | None:
        """The median of these trips; where none was usable, what was shown before."""
        usable = [round_trip.took_s for round_trip in self._trips if is_usable(round_trip)]
        now = time.monotonic()
        if usable:
            self._shown_s, self._at = median(usable), now
        elif self._trips and (self._shown_s is None or now - self._at > KEPT_S):
            self._shown_s = min(round_trip.took_s for round_trip in self._trips)
        return None if self._shown_s is None else self._shown_s * 1000


def is_usable(round_trip: RoundTrip) -> bool:
    """Did we only wait for the answer?"""
    return round_trip.worked_s <= max(BUSY_S, BUSY_SHARE * round_trip.took_s)
