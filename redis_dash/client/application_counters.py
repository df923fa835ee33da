"""The server's counters without our own share of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from redis_dash.client.info import whole
from redis_dash.client.own_lookups import OwnLookups

_ONLY_GROW = ("keyspace_hits", "keyspace_misses", "total_commands_processed", "total_connections_received")


class ApplicationCounters:
    """The hits and misses of all other clients.

    A reset of the server's counters shows in the next INFO. If we looked up keys since the INFO before, it is unknown
    which of these lookups the reset removed: all lookups that the server counted until this INFO are then left out.
    The same applies to lookups whose replies were lost.
    """

    def __init__(self, own: OwnLookups) -> None:
        self.hits = self.misses = 0
        self.began = 0
        """Two INFOs can be compared if this number is the same in both."""
        self.since: float | None = None
        """When we observed that the server's counters were reset; None if they were not reset since we connected."""
        self._own = own
        self._run: str | None = None
        self._before = dict.fromkeys(_ONLY_GROW, 0)
        self._own_before = (0, 0)
        self._own_at_connect = (0, 0)
        self._dropped = (0, 0)
        """Lookups of the server that count neither as the application's nor as ours."""

    def connected(self) -> None:
        """A connection was made, perhaps to another server."""
        self._own_at_connect = self._own.hits, self._own.misses

    def take(self, values: Mapping[str, str]) -> None:
        """Read an INFO; ``OwnLookups`` holds the count at the moment of the server's reply."""
        own, now = self._own, {name: whole(values, name) for name in _ONLY_GROW}
        hits, misses = now["keyspace_hits"], now["keyspace_misses"]
        if values.get("run_id", "") != self._run:
            own.hits -= self._own_at_connect[0]
            own.misses -= self._own_at_connect[1]
            self._begin((0, 0), None)
        elif any(now[name] < self._before[name] for name in _ONLY_GROW):
            straddling = (own.hits, own.misses) != self._own_before or own.unsure
            own.hits = own.misses = 0
            self._begin((hits, misses) if straddling else (0, 0), time.time())
        elif own.unsure:
            self.began += 1  # the lookups since the previous INFO are unknown, so no interval is shown
            self._dropped = hits - own.hits - self.hits, misses - own.misses - self.misses
        own.unsure = False
        self.hits = max(0, hits - own.hits - self._dropped[0])
        self.misses = max(0, misses - own.misses - self._dropped[1])
        self._run, self._before = values.get("run_id", ""), now
        self._own_before = own.hits, own.misses

    def _begin(self, dropped: tuple[int, int], since: float | None) -> None:
        self.began += 1
        self.since = since
        self._dropped = dropped
        self._own_at_connect = (0, 0)
