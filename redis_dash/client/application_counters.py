"""The server's counters without our own share of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from redis_dash.client.info import whole
from redis_dash.client.own_lookups import OwnLookups

_ONLY_GROW = ("keyspace_hits", "keyspace_misses", "total_commands_processed", "total_connections_received")


class ApplicationCounters:
    """Hits and misses of everybody else.

    That the server's counters were reset is seen at the next INFO. Whatever we looked up meanwhile was counted before
    the reset or after it, nobody knows: then all that was counted until this INFO is left out. The same goes for
    lookups whose replies were lost.
    """

    def __init__(self, own: OwnLookups) -> None:
        self.hits = self.misses = 0
        self.began = 0
        """Between two of the same number the figures can be compared."""
        self.since: float | None = None
        """When the server's counters were reset, as seen by us; None if they were not since we came."""
        self._own = own
        self._run: str | None = None
        self._before = dict.fromkeys(_ONLY_GROW, 0)
        self._own_before = (0, 0)
        self._own_at_connect = (0, 0)
        self._dropped = (0, 0)
        """Of the server's lookups: those that are neither told as the application's nor as ours."""

    def connected(self) -> None:
        """A new connection, perhaps to another server."""
        self._own_at_connect = self._own.hits, self._own.misses

    def take(self, values: Mapping[str, str]) -> None:
        """An INFO; our own lookups stand as they did when the server answered."""
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
            self.began += 1  # what came since the INFO before is not known: no interval is told
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
