"""What is counted of the cache that decorated functions use outside of any application."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.response_cache import ResponseCache, current_cache
from demo_server.truth.counts import Truth


@dataclass(frozen=True)
class Counted:
    """What was counted of the cache that the decorated functions use."""

    redis: Redis
    stats: CacheStats
    truth: Truth

    async def lookups(self) -> dict[str, int]:
        """Brought to Redis, and the same there and in the truth."""
        await self.stats.flush()
        found = await self.redis.hgetall(keys.cache_stats("cache"))
        told: dict[str, int] = self.truth.snapshot()["caches"]["cache"]
        assert told == {"hits": int(found.get(b"hits", 0)), "misses": int(found.get(b"misses", 0))}
        return told


@contextlib.contextmanager
def counting(redis: Redis) -> Iterator[Counted]:
    truth = Truth(60, caches=("cache",))
    stats = CacheStats(redis, truth)
    token = current_cache.set(ResponseCache(redis, stats))
    try:
        yield Counted(redis, stats, truth)
    finally:
        current_cache.reset(token)
