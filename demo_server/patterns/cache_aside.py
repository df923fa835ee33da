"""Cache-aside by hand: products from Redis, else from the database, and never an old one after an update.

Each row of the database has a version. For a product that was changed lately Redis holds a *fence*: the lowest version
that may be cached. An update raises the fence above the present version and deletes the cached value, in one step. Only
when Redis has confirmed that does it change the row, and only if the row still has the version that the fence is for.
So no reader, in whatever process, can cache the old row any more, and an update that is cut off half-way leaves behind
nothing but a product that is not cached for a while. An update that Redis refuses is refused: somebody may still be
able to read there what we cannot delete. A Redis that itself forgets what it has confirmed, as in a failover, may
serve an old product until its TTL ends.
"""

import asyncio
import json
import logging
from typing import Any, Literal

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.events import Events
from demo_server.redis_client import RedisError, log_failure
from demo_server.shop.database import Database

log = logging.getLogger(__name__)

TTL = 300  # seconds
_FENCE_TTL = 60  # seconds, far longer than any query takes

# KEYS value, fence; ARGV version, fence ttl. A fence is never lowered: two updates may come in either order. A Redis
# without memory lets a script go on that has begun with a DEL.
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

Product = dict[str, Any]
Source = Literal["cache", "db"]


class Products:
    """The products, behind their cache. Reading works without Redis, only slower; changing does not."""

    def __init__(self, redis: Redis, database: Database, events: Events, stats: CacheStats) -> None:
        self._redis = redis
        self._database = database
        self._events = events
        self._stats = stats
        self._raise_fence = redis.register_script(_RAISE_FENCE)
        self._fill = redis.register_script(_FILL)
        self._queries: dict[int, asyncio.Task[Product | None]] = {}

    async def get(self, product_id: int) -> tuple[Product, Source] | None:
        """A product and where it came from, or None if it does not exist. One round trip on a hit."""
        cached, asked = await self._look_up(product_id)
        if cached is None and (earlier := self._queries.get(product_id)) is not None:
            # It may have begun before an update that is answered already: its row is not for us, only what it cached.
            await asyncio.wait({earlier})
            cached, asked = await self._look_up(product_id)
        if asked:
            self._stats.count(keys.PRODUCT, **{"misses" if cached is None else "hits": 1})
        if cached is not None:
            return cached, "cache"
        # A query that runs now has begun after we came.
        query = self._queries.get(product_id) or self._begin_query(product_id)
        product = await asyncio.shield(query)  # a caller who gives up must not take it away from the others
        return None if product is None else (product, "db")

    async def update(
        self, product_id: int, *, name: str | None = None, price_cents: int | None = None
    ) -> Product | None:
        """Change the given fields, publish `product.updated`; the product, or None if it does not exist.

        Raises RedisError, and has changed nothing, if Redis does not confirm that the old product is out of the cache.
        """
        product = None
        while product is None:  # again if somebody else has changed the row meanwhile
            found = await self._database.product(product_id)
            if found is None:
                return None
            _, version = found
            await self._raise_fence(keys=self._keys(product_id), args=[version + 1, _FENCE_TTL])
            product = await self._database.update_product(product_id, version, name=name, price_cents=price_cents)
        self._queries.pop(product_id, None)  # nobody needs to wait for a query that may have seen the old row
        await self._events.publish(
            keys.PRODUCTS, "product.updated", product_id=product_id, name=product["name"], price=product["price"]
        )
        return product

    def _begin_query(self, product_id: int) -> asyncio.Task[Product | None]:
        query = self._queries[product_id] = asyncio.create_task(self._query(product_id))

        def clear_away(task: asyncio.Task[Product | None]) -> None:
            if self._queries.get(product_id) is task:
                del self._queries[product_id]
            if not task.cancelled():
                task.exception()  # if every caller gave up, nobody else asks for it, and asyncio would complain

        query.add_done_callback(clear_away)
        return query

    async def _query(self, product_id: int) -> Product | None:
        """The product from the database, offered to the cache on the way."""
        found = await self._database.product(product_id)
        if found is None:
            return None
        product, version = found
        try:
            await self._fill(keys=self._keys(product_id), args=[version, json.dumps(product), TTL])
        except RedisError as error:
            log_failure(log, error, "product %d was not cached", product_id)
        return product

    async def _look_up(self, product_id: int) -> tuple[Product | None, bool]:
        """The cached product if there is one, and whether Redis could be asked at all."""
        try:
            value = await self._redis.get(keys.product(product_id))
        except RedisError as error:
            log_failure(log, error, "the product cache is bypassed")
            return None, False
        try:
            return (None if value is None else json.loads(value)), True
        except ValueError:
            return None, True  # not written by this application

    @staticmethod
    def _keys(product_id: int) -> list[str]:
        return [keys.product(product_id), keys.product_fence(product_id)]
