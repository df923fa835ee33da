"""Hits and misses of each cache, counted beside the requests: no lookup waits for its count."""

import asyncio
import logging
from collections import Counter

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from demo_server.patterns.circuit_breaker import CircuitOpenError

log = logging.getLogger(__name__)

_INTERVAL = 0.1  # seconds between two flushes

Counts = Counter[tuple[str, str]]  # (cache, "hits" or "misses")


class CacheStats:
    """Adds lookups up in memory, and writes the sums to the hashes `{prefix}:{cache}` ten times a second."""

    def __init__(self, redis: Redis, *, prefix: str = "cache:stats") -> None:
        self._redis = redis
        self._prefix = prefix
        self._pending: Counts = Counter()
        self._refused = False
        self._flushing = asyncio.Lock()

    def count(self, cache: str, hits: int, misses: int) -> None:
        """Count lookups of one cache."""
        self._pending[cache, "hits"] += hits
        self._pending[cache, "misses"] += misses

    async def run(self) -> None:
        """Flush until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            await self.flush()

    async def flush(self) -> Counts:
        """Write what was counted so far; returns what Redis confirmed. What it refuses waits for the next flush."""
        async with self._flushing:
            counts, self._pending = +self._pending, Counter()
            if not counts:
                return counts
            try:
                return await self._write(counts)
            except CircuitOpenError:
                self._pending.update(counts)
                return Counter()
            except RedisError as error:
                # Redis may have counted them: a second attempt could count them twice.
                log.warning("%d lookups may not be counted: %s", counts.total(), error)
                return Counter()

    async def _write(self, counts: Counts) -> Counts:
        """Return what Redis confirmed. Raises RedisError if nobody can tell what it has counted."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for (cache, field), number in counts.items():
                pipe.hincrby(f"{self._prefix}:{cache}", field, number)
            results = await pipe.execute(raise_on_error=False)
        return self._confirmed(counts, results)

    def _confirmed(self, counts: Counts, results: list[object]) -> Counts:
        """Return the counts that Redis took, and keep those that it refused."""
        confirmed: Counts = Counter()
        refusal = None
        for (counter, number), result in zip(counts.items(), results, strict=True):
            if isinstance(result, RedisError) and not isinstance(result, ResponseError):
                raise result  # a node of a cluster is lost
            if isinstance(result, ResponseError):
                refusal = result
                self._pending[counter] += number
            else:
                confirmed[counter] = number
        if refusal is not None and not self._refused:
            log.warning("Redis refuses to count lookups; they are counted later: %s", refusal)
        self._refused = refusal is not None
        return confirmed
