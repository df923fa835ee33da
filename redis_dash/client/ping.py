"""The round trip of PING: from the moment when it is written to the moment when its answer is read.

Nothing is subtracted. A trip is not usable if this thread worked meanwhile, since the answer may have waited in the
socket, or if the PING waited behind other commands of ours.
"""

from __future__ import annotations

import time
from statistics import median

from redis_dash.client.connection import RoundTrip

TRIPS = 5
LONG_S = 0.02
"""One trip of this length is exact enough, and further ones would occupy the connection."""
BUSY_S = 0.0003
"""Work of this thread that a usable trip may include; an event loop that only waits works for 0.1 ms."""
BUSY_SHARE = 0.1
"""A longer trip may include more work, up to this share of it."""
KEPT_S = 5.0
"""If no trip is usable for this long, the shortest of the others is shown: the true round trip is not longer."""


class PingTimer:
    """Measures a few trips for each value."""

    def __init__(self) -> None:
        self._trips: list[RoundTrip] = []
        self._tried = 0
        self._shown_s: float | None = None
        self._at = 0.0

    def connected(self) -> None:
        """A connection was made: earlier trips do not apply to it."""
        self._shown_s = None

    def begin(self) -> None:
        """Begin the trips of the next value."""
        self._trips, self._tried = [], 0

    @property
    def wants_more(self) -> bool:
        """Whether more trips are needed."""
        return self._tried < 2 * TRIPS and sum(map(is_usable, self._trips)) < TRIPS and not self._is_slow

    @property
    def _is_slow(self) -> bool:
        return any(is_usable(round_trip) and round_trip.took_s > LONG_S for round_trip in self._trips)

    def add(self, round_trip: RoundTrip | None) -> None:
        """Add a trip; None if it waited behind other commands of ours."""
        self._tried += 1
        if round_trip is not None:
            self._trips.append(round_trip)

    def shown_ms(self) -> float | None:
        """The median of the usable trips; the previous value if there is none."""
        usable = [round_trip.took_s for round_trip in self._trips if is_usable(round_trip)]
        now = time.monotonic()
        if usable:
            self._shown_s, self._at = median(usable), now
        elif self._trips and (self._shown_s is None or now - self._at > KEPT_S):
            self._shown_s = min(round_trip.took_s for round_trip in self._trips)
        return None if self._shown_s is None else self._shown_s * 1000


def is_usable(round_trip: RoundTrip) -> bool:
    """Whether this thread only waited for the answer."""
    return round_trip.worked_s <= max(BUSY_S, BUSY_SHARE * round_trip.took_s)
