"""Cache-aside by hand: products from Redis, else from the database, and never an old one after an update.

A read that misses takes out a *lease*, a random token in a short-lived key, before it asks the database. It may fill
the cache only while that lease is still the one in Redis. An update first changes the database, then deletes value and
lease in one step. So a read that asked the database before the update finds its lease gone, and a read that got a lease
after it asks a database that already knows the update. A lease that expired, or that Redis lost, only costs a filling.
"""

import json
import logging
import secrets
from typing import Any, Literal

from redis.asyncio import Redis

from demo_server import keys
from demo_server.database import Database
from demo_server.events import Events
from demo_server.store import RedisError
from demo_server.truth import Truth

log = logging.getLogger(__name__)

TTL = 300  # seconds
_LEASE_TTL = 10  # seconds, far longer than a query takes

# KEYS value, stats, lease; ARGV new token, lease ttl. -> {value, ''} or {false, token}. Readers share a standing lease.
_READ = """
local value = redis.call('GET', KEYS[1])
if value then
  redis.call('HINCRBY', KEYS[2], 'hits', 1)
  return {value, ''}
end
redis.call('HINCRBY', KEYS[2], 'misses', 1)
local token = redis.call('GET', KEYS[3])
if not token then
  token = ARGV[1]
  redis.call('SET', KEYS[3], token, 'EX', ARGV[2])
end
return {false, token}
"""
# KEYS value, lease; ARGV token, value, ttl. -> 1 if it was stored.
_FILL = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""

Source = Literal["cache", "db"]


class Products:
    """The products, behind their cache. Works without Redis, only slower."""

    def __init__(self, redis: Redis, database: Database, events: Events, truth: Truth) -> None:
        self._redis = redis
        self._database = database
        self._events = events
        self._truth = truth
        self._read = redis.register_script(_READ)
        self._fill = redis.register_script(_FILL)
        # Products whose deletion from Redis is not confirmed yet, because Redis was down after an update.
        self._suspect: set[int] = set()

    async def get(self, product_id: int) -> tuple[dict[str, Any], Source] | None:
        """A product and where it came from, or None if it does not exist. One round trip on a hit."""
        if product_id in self._suspect:
            await self._invalidate(product_id)
        cached, lease = await self._look_up(product_id)
        if cached is not None:
            return cached, "cache"
        product = await self._database.product(product_id)
        if product is None:
            return None
        if lease:
            await self._offer(product_id, product, lease)
        return product, "db"

    async def update(
        self, product_id: int, *, name: str | None = None, price_cents: int | None = None
    ) -> dict[str, Any] | None:
        """Change the given fields, publish `product.updated`; the product, or None if it does not exist."""
        self._suspect.add(product_id)  # from here on, even if this task is cancelled half-way
        product = await self._database.update_product(product_id, name=name, price_cents=price_cents)
        await self._invalidate(product_id)
        if product is not None:
            await self._events.publish(
                keys.PRODUCTS, "product.updated", product_id=product_id, name=product["name"], price=product["price"]
            )
        return product

    async def _look_up(self, product_id: int) -> tuple[dict[str, Any] | None, bytes | None]:
        """The cached product, or the lease to fill it with; neither while Redis is down or holds something odd."""
        stats = keys.cache_stats(keys.PRODUCT)
        try:
            value, lease = await self._read(
                keys=[keys.product(product_id), stats, keys.product_lease(product_id)],
                args=[secrets.token_hex(16), _LEASE_TTL],
            )
        except RedisError as error:
            log.warning("the product cache is bypassed: %s", error)
            return None, None
        if value is None:
            self._truth.looked_up(keys.PRODUCT, misses=1)
            return None, lease
        self._truth.looked_up(keys.PRODUCT, hits=1)
        try:
            product: dict[str, Any] = json.loads(value)
        except ValueError:
            return None, None  # not written by this application
        return product, None

    async def _offer(self, product_id: int, product: dict[str, Any], lease: bytes) -> None:
        try:
            await self._fill(
                keys=[keys.product(product_id), keys.product_lease(product_id)], args=[lease, json.dumps(product), TTL]
            )
        except RedisError as error:
            log.warning("product %d was not cached: %s", product_id, error)

    async def _invalidate(self, product_id: int) -> None:
        try:
            await self._redis.delete(keys.product(product_id), keys.product_lease(product_id))
        except RedisError as error:
            log.warning("product %d may be old in the cache, to be deleted on its next use: %s", product_id, error)
        else:
            self._suspect.discard(product_id)
