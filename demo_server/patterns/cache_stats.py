"""How often each cache was hit, counted beside the requests: no read waits for a count, nor fails with it."""

import asyncio
import logging
from collections import Counter

from redis.asyncio import Redis

from demo_server import keys
from demo_server.redis_client import CircuitOpenError, RedisError, log_failure
from demo_server.truth.counts import Truth

log = logging.getLogger(__name__)

_INTERVAL = 0.1  # seconds between two flushes


class CacheStats:
    """Adds up lookups in memory and brings the sums to `cache:stats:{prefix}` a little later."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        self._redis = redis
        self._truth = truth
        self._pending: Counter[tuple[str, str]] = Counter()  # (prefix, "hits" or "misses")
        self._refused = False
        self._flushing = asyncio.Lock()

    def count(self, prefix: str, *, hits: int = 0, misses: int = 0) -> None:
        """Count lookups of one cache."""
        self._pending[prefix, "hits"] += hits
        self._pending[prefix, "misses"] += misses

    async def run(self) -> None:
        """Flush now and then, until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            await self.flush()

    async def flush(self) -> None:
        """Bring to Redis all that was counted so far. What Redis refuses is kept for the next time."""
        async with self._flushing:
            await self._flush()

    async def _flush(self) -> None:
        counts, self._pending = +self._pending, Counter()
        if not counts:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for (prefix, field), number in counts.items():
                    pipe.hincrby(keys.cache_stats(prefix), field, number)
                results = await pipe.execute(raise_on_error=False)
        except CircuitOpenError:
            self._pending.update(counts)
        except RedisError as error:
            # They may have been counted: trying again could count them twice.
            log_failure(log, error, "%d lookups were perhaps not counted", counts.total())
        else:
            self._settle(counts, results)

    def _settle(self, counts: Counter[tuple[str, str]], results: list[object]) -> None:
        refusal = None
        for ((prefix, field), number), result in zip(counts.items(), results, strict=True):
            if isinstance(result, RedisError):
                refusal = result
                self._pending[prefix, field] += number
            else:
                self._truth.looked_up(prefix, **{field: number})
        if refusal is not None and not self._refused:
            log.warning("lookups are not counted for now: %s", refusal)
        self._refused = refusal is not None
