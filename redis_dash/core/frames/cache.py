"""The cache frame: hits, misses and hit rates."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count
from redis_dash.core.frames.base import Frame, exported_count

ENOUGH_LOOKUPS = 20
"""A rate of fewer lookups says little: three misses in a row are no alarm."""
FALL_IS_NEWS_S = 300.0
"""So long a hit rate that has fallen is marked; a rate that stays lower is the usual one then."""


class CacheGroup(msgspec.Struct, frozen=True):
    """One cache of the application, with the application's counters if it has any."""

    name: str
    keys: Count
    hits: int | None
    """None if the application keeps no counter."""
    misses: int | None
    hit_rate: float | None
    """Since the counters' start, 0..1."""
    interval_hit_rate: float | None = None
    interval_lookups: int | None = None
    """As in ``CacheFrame``."""
    has_fallen: bool | None = None
    """Whether the interval's rate is far below that of all lookups before it fell, and that is not long ago."""


class CacheFrame(Frame, frozen=True):
    """The server's counters without our own lookups."""

    hits: int | None
    """None if the server does not report it, as ``misses``."""
    misses: int | None
    hit_rate: float | None
    """Since the server's counters began, 0..1."""
    interval_hits: int | None
    interval_misses: int | None
    interval_hit_rate: float | None
    """Over the last seconds; None before the second poll or after the counters restarted; no rate without lookups."""
    own_hits: int
    own_misses: int
    history: tuple[float | None, ...]
    """Interval hit rates, oldest first, one for each poll."""
    groups: tuple[CacheGroup, ...]
    dashboards: int | None = 1
    """Dashboards on this server, including this one: the lookups of the others are in these values. None: unknown."""
    usual_hit_rate: float | None = None
    """The median of the interval hit rates before this one, without those of a fall, those that hold lookups of other
    dashboards, as far as they are known, and those of fewer than ``ENOUGH_LOOKUPS``; None if they are too few."""
    has_fallen: bool | None = None
    """Whether the rate has fallen far below the usual one not long ago, and most of the fall is left. None if that
    cannot be said: without a usual rate, in an interval with few lookups, or while another dashboard watches."""
    interval_s: float | None = None
    """The length of the interval."""
    had_others: bool = False
    """Whether another dashboard was seen since the counters began: its lookups are in ``hits`` and ``misses``."""
    earlier_dashboards: bool | None = None
    """False if no dashboard has looked up keys before this one since the counters began; None if that is not known."""
    since: float | None = None
    """When we observed a reset of the server's counters; None if there was none of all nodes since we connected."""
    reset_in_part: float | None = None
    """When we observed the latest reset of some of several nodes: ``hits`` and ``misses`` hold what was before, too."""
    partial: str = ""
    """What of a cluster is not seen, in words; empty if all is. All values are those of the nodes that are seen."""

    def exported(self) -> dict[str, object]:
        """Each cache's keys with their bounds; without a word on other dashboards where none could be seen."""
        groups = [{**msgspec.to_builtins(group), **exported_count("keys", group.keys)} for group in self.groups]
        had_others = self.had_others or (None if self.dashboards is None else False)
        return {**msgspec.to_builtins(self), "groups": groups, "had_others": had_others}
