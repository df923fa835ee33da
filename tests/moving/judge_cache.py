"""Judges caches: hit rates by the server's and the application's counters, and the number of cached keys."""

from __future__ import annotations

from redis_dash.core.frames.cache import CacheFrame, CacheGroup
from tests.moving.bench import Bench
from tests.moving.caches import Cache
from tests.moving.judge_lookups import LookupsJudge
from tests.moving.observer import Seen


class CacheJudge:
    """Judges each cache's own counters, which are read in the same poll."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._lookups = LookupsJudge(bench)

    def judge(self, seen: Seen) -> None:
        """Judge one frame."""
        frame = seen.reading.frame
        assert isinstance(frame, CacheFrame)
        self._lookups.judge(frame, seen)
        for group in frame.groups:
            cache = next(cache for cache in self._bench.world.caches if cache.name == group.name)
            self._bench.count(f"cache {group.name}", group.keys, seen, cache.truth.count)
            self._group(group, cache, seen)

    def _group(self, group: CacheGroup, cache: Cache, seen: Seen) -> None:
        hits, misses = cache.hits.values(*seen.span), cache.misses.values(*seen.span)
        message = f"{group.name}: shown {group.hits}, {group.misses}, truth {hits}, {misses}"
        right = hits.has(group.hits or 0) and misses.has(group.misses or 0)
        self._bench.check("cache group: counters", right, seen, message, cache.hits)
