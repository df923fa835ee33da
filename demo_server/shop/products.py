"""The products, read through their cache."""

from typing import Any

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_aside import CacheAside, Source
from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.events import Events
from demo_server.shop.database import Database

Product = dict[str, Any]


class Products:
    """Reads and changes products. Reading works without Redis, only slower; changing does not."""

    def __init__(self, redis: Redis, database: Database, events: Events, stats: CacheStats) -> None:
        self._database = database
        self._events = events
        self._cache = CacheAside(redis, self._load, prefix=keys.PRODUCT, count=stats.count)

    async def get(self, product_id: int) -> tuple[Product, Source] | None:
        """Return a product and where it came from, or None if it does not exist."""
        return await self._cache.get(product_id)

    async def update(
        self, product_id: int, *, name: str | None = None, price_cents: int | None = None
    ) -> Product | None:
        """Change the given fields and publish `product.updated`; returns the product, or None if it does not exist.

        Raises RedisError, and changes nothing, if Redis does not confirm that the old product is out of the cache.
        """

        async def write(version: int) -> Product | None:
            return await self._database.update_product(product_id, version, name=name, price_cents=price_cents)

        product = await self._cache.update(product_id, write)
        if product is not None:
            await self._events.publish(
                keys.PRODUCTS, "product.updated", product_id=product_id, name=product["name"], price=product["price"]
            )
        return product

    async def _load(self, product_id: int) -> tuple[Product, int] | None:
        return await self._database.product(product_id)
