"""The server's counters without our own share of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from redis_dash.client.info import Calls, whole
from redis_dash.client.own_lookups import OwnLookups

_ONLY_GROW = ("keyspace_hits", "keyspace_misses", "total_commands_processed", "total_connections_received")


class ApplicationCounters:
    """The hits and misses of all other clients.

    A reset of the server's counters shows in the next INFO: a counter is lower than before, or a command was called
    less often, or the application would have looked up less. If we looked up keys since the INFO before, it is unknown
    which of these lookups the reset removed: all lookups that the server counted until this INFO are then left out. The
    same applies to lookups whose replies were lost.
    """

    def __init__(self, own: OwnLookups) -> None:
        self.hits = self.misses = 0
        self.began = 0
        """Two INFOs can be compared if this number is the same in both."""
        self.since: float | None = None
        """When we observed that the server's counters were reset; None if they were not reset since we connected."""
        self.is_first = False
        """Whether no lookup of earlier dashboards can be in ``hits`` and ``misses``."""
        self._own = own
        self._run: str | None = None
        self._before = dict.fromkeys(_ONLY_GROW, 0)
        self._calls_before: Calls = {}
        self._own_before = (0, 0)
        self._own_at_connect = (0, 0)
        self._dropped = (0, 0)
        """Lookups of the server that count neither as the application's nor as ours."""
        self._left_before = (0, 0)

    def connected(self) -> None:
        """A connection was made, perhaps to another server."""
        self._own_at_connect = self._own.hits, self._own.misses

    def take(self, values: Mapping[str, str], calls: Calls, *, is_first: bool = False) -> None:
        """Read an INFO; ``OwnLookups`` holds the count at the moment of the server's reply.

        Args:
            calls: of each command at the same moment; empty if the server does not tell.
            is_first: whether no redis-dash has looked up keys before since the server's counters began.
        """
        own, now = self._own, {name: whole(values, name) for name in _ONLY_GROW}
        hits, misses = now["keyspace_hits"], now["keyspace_misses"]
        if values.get("run_id", "") != self._run:
            own.hits -= self._own_at_connect[0]
            own.misses -= self._own_at_connect[1]
            self._begin((0, 0), None)
            self.is_first = is_first
        elif self._is_reset(now, calls, tells_lookups="keyspace_hits" in values):
            straddling = (own.hits, own.misses) != self._own_before or own.unsure
            own.hits = own.misses = 0
            self._begin((hits, misses) if straddling else (0, 0), time.time())
            self.is_first = True
        elif own.unsure:
            self.began += 1  # the lookups since the previous INFO are unknown, so no interval is shown
            self._dropped = hits - own.hits - self.hits, misses - own.misses - self.misses
        own.unsure, own.unsettled = False, 0
        self._left_before = hits, misses = self._left(now)
        self.hits, self.misses = max(0, hits), max(0, misses)
        self._run, self._before, self._calls_before = values.get("run_id", ""), now, calls
        self._own_before = own.hits, own.misses

    def _is_reset(self, now: Mapping[str, int], calls: Calls, *, tells_lookups: bool) -> bool:
        """Whether a counter is lower than before. Soon after a start or a reset all may be higher again at once."""
        if any(now[name] < self._before[name] for name in _ONLY_GROW):
            return True
        if calls and any(calls.get(name, (0, 0))[0] < before for name, (before, _) in self._calls_before.items()):
            return True  # such as CLIENT SETNAME, which runs once on a connection
        if not tells_lookups:
            return False
        hits, misses = self._left(now)
        least_hits, least_misses = (before - self._own.unsettled for before in self._left_before)
        return hits < least_hits or misses < least_misses

    def _left(self, now: Mapping[str, int]) -> tuple[int, int]:
        """What is left of the server's hits and misses without ours: below 0 if a lookup of ours was not counted."""
        own, dropped = self._own, self._dropped
        return now["keyspace_hits"] - own.hits - dropped[0], now["keyspace_misses"] - own.misses - dropped[1]

    def _begin(self, dropped: tuple[int, int], since: float | None) -> None:
        self.began += 1
        self.since = since
        self._dropped = dropped
        self._own_at_connect = (0, 0)
