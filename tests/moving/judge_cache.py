"""Cache: the application's lookups and hit rates, as the server and as the application count them, and cached keys."""

from __future__ import annotations

from redis_dash.model import CacheFrame, CacheGroup
from tests.moving.bench import Bench
from tests.moving.caches import Cache
from tests.moving.observer import Seen
from tests.moving.timeline import Timeline, Values


class CacheJudge:
    """The server's figures are those of the INFO that was looked at."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._before: Seen | None = None
        """The last one that told an interval of its own."""
        self._shown: tuple[int, int] = (0, 0)
        self._missing: dict[str, tuple[int, int]] = {}
        """Of each figure, how many lookups are left out."""
        self._beginnings: dict[str, int] = {}
        """And how often the server had begun to count when that was found out."""

    def judge(self, seen: Seen) -> None:
        """One frame."""
        frame = seen.reading.frame
        assert isinstance(frame, CacheFrame)
        lookups = self._bench.world.lookups
        self._since_start("cache: hits", frame.hits, lookups.hits, seen)
        self._since_start("cache: misses", frame.misses, lookups.misses, seen)
        self._interval(frame, seen)
        for group in frame.groups:
            cache = next(cache for cache in self._bench.world.caches if cache.name == group.name)
            self._bench.count(f"cache {group.name}", group.keys, seen, cache.truth.count)
            self._group(group, cache, seen)

    def _since_start(self, what: str, shown: int, timeline: Timeline, seen: Seen) -> None:
        """What was looked up between CONFIG RESETSTAT and the first INFO after it may be left out for good."""
        truth = timeline.values(*seen.info)
        before = [begin for begin in self._bench.world.lookups.beginnings if begin[0].end < seen.info.begin]
        if len(before) != self._beginnings.get(what, 0):
            self._beginnings[what], by_command = len(before), before[-1][1]
            self._missing[what] = (max(0, truth.low - shown), max(0, truth.high - shown)) if by_command else (0, 0)
        least, most = self._missing.get(what, (0, 0))
        right = truth.low - most <= shown <= truth.high - least
        told = f"shown {shown}, truth {truth}, of which {least}..{most} were left out at the latest reset"
        self._bench.check(what, right, seen, told, timeline)

    def _interval(self, frame: CacheFrame, seen: Seen) -> None:
        """Between two INFOs; one that is too close to the other tells no interval of its own."""
        shown, before = (frame.interval_hits, frame.interval_misses), self._before
        lookups, apart_s = self._bench.world.lookups, self._bench.world.refresh_s / 2
        if before is not None and seen.info.begin - before.info.end < apart_s and shown == self._shown:
            return
        if before is not None:
            for what, value, timeline in zip(("hits", "misses"), shown, (lookups.hits, lookups.misses), strict=True):
                then, now = timeline.values(*before.info), timeline.values(*seen.info)
                told = f"shown {value}, truth {then} -> {now}"
                right = _gained(then, now, value) or (self._was_cut(before, seen) and 0 <= value <= now.high - then.low)
                self._bench.check(f"cache: {what} of the interval", right, seen, told, timeline)
        self._before, self._shown = seen, shown

    def _was_cut(self, before: Seen, seen: Seen) -> bool:
        """Were connections lost between the two, and with them the knowledge of who looked things up?"""
        beginnings = self._bench.world.lookups.beginnings
        return any(before.info.begin <= span.end and span.begin <= seen.info.end for span, _ in beginnings)

    def _group(self, group: CacheGroup, cache: Cache, seen: Seen) -> None:
        hits, misses = cache.hits.values(*seen.span), cache.misses.values(*seen.span)
        told = f"{group.name}: shown {group.hits}, {group.misses}, truth {hits}, {misses}"
        right = hits.has(group.hits or 0) and misses.has(group.misses or 0)
        self._bench.check("cache group: counters", right, seen, told, cache.hits)


def _gained(then: Values, now: Values, shown: int) -> bool:
    if now.low < then.high:  # it may have begun anew
        return shown == 0 or now.low <= shown <= now.high or now.low - then.high <= shown <= now.high - then.low
    return now.low - then.high <= shown <= now.high - then.low
