"""Cache-aside: values from Redis, else from the database, and never an old one after an update.

Each row has a version. For a row that was changed lately Redis holds a *fence*: the lowest version that may be cached.
An update raises the fence above the present version and deletes the cached value, in one step. Only when Redis has
confirmed that does the row change, and only if it still has the version that the fence is for. So no reader, in any
process, can cache the old row any more. An update that is cut off half-way leaves a row that is not cached for a while.
An update that Redis refuses is refused. A Redis that forgets what it confirmed, as in a failover, may serve an old row.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from demo_server.patterns.single_flight import SingleFlight

log = logging.getLogger(__name__)

_FENCE_TTL = 60  # seconds, far longer than any query takes

# KEYS value, fence; ARGV version, fence ttl. A fence is never lowered: two updates may come in either order. The DEL
# comes first because a Redis without memory lets a script go on that has begun with one.
_RAISE_FENCE = """
redis.call('DEL', KEYS[1])
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[1]))
redis.call('SET', KEYS[2], string.format('%d', fence), 'EX', ARGV[2])
"""
# KEYS value, fence; ARGV version, value, ttl.
_FILL = """
if tonumber(redis.call('GET', KEYS[2]) or 0) <= tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""

Value = dict[str, Any]
Source = Literal["cache", "db"]
Load = Callable[[int], Awaitable[tuple[Value, int] | None]]  # row id -> row and version
Count = Callable[[str, int, int], None]  # prefix, hits, misses


class CacheAside:
    """A cache in front of one table. Reading works without Redis, only slower; changing does not."""

    def __init__(
        self, redis: Redis, load: Load, *, prefix: str, ttl: int = 300, count: Count = lambda cache, hits, misses: None
    ) -> None:
        """`load` reads a row of the database; `count` is told of each lookup."""
        self._redis = redis
        self._load = load
        self._prefix = prefix
        self._ttl = ttl  # seconds
        self._count = count
        self._raise_fence = redis.register_script(_RAISE_FENCE)
        self._fill = redis.register_script(_FILL)
        self._queries = SingleFlight[Value | None]()

    async def get(self, row_id: int) -> tuple[Value, Source] | None:
        """Return a row and where it came from, or None if it does not exist. A hit takes one round trip."""
        cached, redis_answered = await self._look_up(row_id)
        if cached is None and (earlier := self._queries.find(row_id)) is not None:
            # That query may have begun before an update that has ended since: only what it cached is for us.
            await asyncio.wait({earlier.task})
            cached, redis_answered = await self._look_up(row_id)
        if redis_answered:
            self._count(self._prefix, int(cached is not None), int(cached is None))
        if cached is not None:
            return cached, "cache"
        # A query that runs now has begun after this call.
        query = self._queries.find(row_id) or self._queries.start(row_id, self._query(row_id))
        row = await query.result()
        return None if row is None else (row, "db")

    async def update(self, row_id: int, write: Callable[[int], Awaitable[Value | None]]) -> Value | None:
        """Change a row with `write(version)`, which returns None if the row has another version by then.

        Returns the changed row, or None if it does not exist. Raises RedisError, and changes nothing, if Redis does not
        confirm that the old row is out of the cache.
        """
        changed = None
        while changed is None:  # again if another update was faster
            found = await self._load(row_id)
            if found is None:
                return None
            _, version = found
            await self._raise_fence(keys=self._keys(row_id), args=[version + 1, _FENCE_TTL])
            changed = await write(version)
        self._queries.close(row_id)  # a query under way may have read the old row: nobody waits for it any more
        return changed

    async def _query(self, row_id: int) -> Value | None:
        """Read the row from the database, and cache it unless a fence forbids it."""
        found = await self._load(row_id)
        if found is None:
            return None
        row, version = found
        try:
            await self._fill(keys=self._keys(row_id), args=[version, json.dumps(row), self._ttl])
        except RedisError as error:
            log.warning("%s %d was not cached: %s", self._prefix, row_id, error)
        return row

    async def _look_up(self, row_id: int) -> tuple[Value | None, bool]:
        """Return the cached row if there is one, and whether Redis answered."""
        try:
            value = await self._redis.get(f"{self._prefix}:{row_id}")
        except RedisError as error:
            log.warning("cache %s is bypassed: %s", self._prefix, error)
            return None, False
        try:
            return (None if value is None else json.loads(value)), True
        except ValueError:
            return None, True  # not written by this application

    def _keys(self, row_id: int) -> list[str]:
        """The value's key and the fence's: none to who scans for `{prefix}:*`, but in the same slot of a cluster."""
        return [f"{self._prefix}:{row_id}", f"fence:{{{self._prefix}:{row_id}}}"]
