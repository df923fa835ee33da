"""Is the cache earning its keep? The frame."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count
from redis_dash.core.frames.base import Frame, exported_count


class CacheGroup(msgspec.Struct, frozen=True):
    """One of the application's caches, by its own counters where it keeps them."""

    name: str
    keys: Count
    hits: int | None
    """None where the application keeps no counter."""
    misses: int | None
    hit_rate: float | None
    """Since the counters' start, 0..1."""
    interval_hit_rate: float | None = None
    interval_lookups: int | None = None
    """As in ``CacheFrame``."""


class CacheFrame(Frame, frozen=True):
    """Is the cache earning its keep? The server's counters, with our own lookups taken off."""

    hits: int
    misses: int
    hit_rate: float | None
    """Since the server's counters began, 0..1."""
    interval_hits: int | None
    interval_misses: int | None
    interval_hit_rate: float | None
    """Over the last seconds; None before the second poll or where the counters began anew; no rate without lookups."""
    own_hits: int
    own_misses: int
    history: tuple[float | None, ...]
    """Interval hit rates, oldest first, one for each poll."""
    groups: tuple[CacheGroup, ...]
    dashboards: int | None = 1
    """That watch this server, this one included: the lookups of the others are in these figures. None: not known."""
    since: float | None = None
    """When we saw the server's counters reset; None if they count from its start, or from before we came."""

    def exported(self) -> dict[str, object]:
        """Each cache's keys with their bounds."""
        groups = [{**msgspec.to_builtins(group), **exported_count("keys", group.keys)} for group in self.groups]
        return {**msgspec.to_builtins(self), "groups": groups}
