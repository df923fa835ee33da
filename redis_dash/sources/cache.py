"""Is the cache earning its keep? The server's hit counters without our own lookups, and the application's own."""

from __future__ import annotations

from collections import deque

from redis_dash.certainty import Count, weakest
from redis_dash.info import Info
from redis_dash.model import CacheFrame, CacheGroup
from redis_dash.ownreads import ReplyError
from redis_dash.sources.base import Context, Sample, sample, text
from redis_dash.subscriber import DASHBOARDS

HISTORY = 240
"""Polls remembered."""


def family(name: str) -> str:
    """The scan's name for one cache's keys."""
    return f"cache {name}"


class CacheSource:
    """Interval figures lie between the last two polls."""

    topic = "cache"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._caches = context.config.caches
        self._before: Info | None = None
        self._shortest_s = context.config.refresh_s / 2
        """Two reads closer together than this tell no interval of their own."""
        self._interval = (0, 0)
        self._interval_known = False
        self._history: deque[float | None] = deque(maxlen=HISTORY)
        self._counters: dict[str, tuple[int, int]] = {}
        self._gained: dict[str, tuple[int, int] | None] = {}

    async def read(self) -> Sample[CacheFrame]:
        """The application's counters in one pipeline, then INFO."""
        dashboards, counters = await self._dashboards(), await self._read_counters()
        census = self._context.keyspace.census
        asked = {name: await census.ask_some(family(name)) for name in counters}
        info = await self._context.deployment.info(max_age_s=0.0)
        hits, misses = info.application
        fresh = self._before is None or info.at - self._before.at >= self._shortest_s
        interval_hits, interval_misses = self._since_last(info) if fresh else self._interval
        keys = {name: census.count(family(name), info, some) for name, some in asked.items()}
        groups = tuple(self._group(name, keys[name], found, fresh) for name, found in counters.items())
        frame = CacheFrame(
            hits=hits,
            misses=misses,
            hit_rate=rate(hits, misses),
            interval_hits=interval_hits,
            interval_misses=interval_misses,
            interval_hit_rate=rate(interval_hits, interval_misses),
            own_hits=info.own_hits,
            own_misses=info.own_misses,
            history=tuple(self._history),
            groups=groups,
            interval_known=self._interval_known,
            dashboards=dashboards,
        )
        count = weakest([group.keys for group in groups])
        others = dashboards - 1
        who = "another dashboard watches" if others == 1 else f"{others} other dashboards watch"
        note = f"{who} this server: its lookups are in the hit rate" if others > 0 else ""
        return sample(frame, count, self._context.scope([cache.keys for cache in self._caches]), [note])

    async def _dashboards(self) -> int:
        """How many watch this server, as far as they could tell each other."""
        (reply,) = await self._context.deployment.pipeline([(b"PUBSUB", b"NUMSUB", DASHBOARDS)])
        number = reply[1] if isinstance(reply, list) and len(reply) == 2 else 0
        announced = self._context.subscriber.announced
        return 1 + max(0, number - announced) if isinstance(number, int) and announced is not None else 1

    def _since_last(self, info: Info) -> tuple[int, int]:
        before, self._before = self._before, info
        if before is None:
            return self._interval
        then, now = before.application, info.application
        self._interval_known = info.began == before.began
        if not self._interval_known:
            self._interval = (0, 0)  # the server's counters began anew: a restart, or CONFIG RESETSTAT
        else:
            self._interval = (now[0] - then[0], now[1] - then[1])
        self._history.append(rate(*self._interval))
        return self._interval

    async def _read_counters(self) -> dict[str, tuple[int, int] | None]:
        replies = await self._context.deployment.pipeline(
            [(b"HGETALL", cache.stats_key.encode()) for cache in self._caches]
        )
        return {
            cache.name: None if isinstance(reply, ReplyError) else _counters(reply)
            for cache, reply in zip(self._caches, replies, strict=True)
        }

    def _group(self, name: str, keys: Count, counters: tuple[int, int] | None, fresh: bool) -> CacheGroup:
        if counters is None:
            return CacheGroup(name, keys, None, None, None)
        if fresh:
            before = self._counters.get(name)
            hits, misses = (0, 0) if before is None else (counters[0] - before[0], counters[1] - before[1])
            began_anew = before is None or min(hits, misses) < 0
            self._gained[name] = None if began_anew else (hits, misses)
            self._counters[name] = counters
        gained = self._gained.get(name)
        if gained is None:
            return CacheGroup(name, keys, *counters, rate(*counters))
        return CacheGroup(name, keys, *counters, rate(*counters), rate(*gained), sum(gained))


def rate(hits: int, misses: int) -> float | None:
    """Hits over lookups; None without lookups."""
    return hits / (hits + misses) if hits + misses else None


def _counters(reply: object) -> tuple[int, int] | None:
    if not isinstance(reply, list) or not reply:
        return None
    fields = {text(name): value for name, value in zip(reply[::2], reply[1::2], strict=False)}
    try:
        return int(fields.get("hits", 0)), int(fields.get("misses", 0))
    except ValueError:
        return None
