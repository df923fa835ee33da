"""A response cache outside of any application, and what is counted of it."""

from dataclasses import dataclass

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.response_cache import ResponseCache
from demo_server.truth.counted import CountedCacheStats
from demo_server.truth.counts import Truth


@dataclass(frozen=True)
class Counted:
    """A cache and its counts."""

    redis: Redis
    cache: ResponseCache
    stats: CountedCacheStats
    truth: Truth

    async def lookups(self) -> dict[str, int]:
        """Flush and return the counts, which are the same in Redis and in the truth."""
        await self.stats.flush()
        found = await self.redis.hgetall(keys.cache_stats("cache"))
        told: dict[str, int] = self.truth.snapshot()["caches"]["cache"]
        assert told == {"hits": int(found.get(b"hits", 0)), "misses": int(found.get(b"misses", 0))}
        return told


def counting(redis: Redis) -> Counted:
    truth = Truth(60, caches=("cache",))
    stats = CountedCacheStats(redis, truth)
    return Counted(redis, ResponseCache(redis, stats.count), stats, truth)
