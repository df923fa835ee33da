"""Cache-aside: sources, and no old product after an update."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_aside import CacheAside
from demo_server.shop.database import Database
from demo_server.shop.products import Products
from tests.demo.conftest import Running
from tests.demo.waiting import until


async def test_database_first_then_cache_then_database_after_an_update(shop: Running, redis: Redis) -> None:
    first = (await shop.http.get("/products/7")).json()
    second = (await shop.http.get("/products/7")).json()

    assert first == {
        "id": 7,
        "name": "Quiet Water Bottle",
        "category": "travel",
        "price": first["price"],
        "source": "db",
    }
    assert second == first | {"source": "cache"}
    assert 0 < await redis.ttl(keys.product(7)) <= 300

    changed = await shop.http.put("/products/7", json={"price": 12.34})
    assert (changed.status_code, changed.json()["price"]) == (200, 12.34)
    assert await redis.exists(keys.product(7)) == 0
    assert (await shop.http.get("/products/7")).json() == first | {"price": 12.34, "source": "db"}


async def test_unknown_and_malformed_products(shop: Running, redis: Redis) -> None:
    unknown = await shop.http.get("/products/4711")
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "There is no product 4711"})
    assert (await shop.http.put("/products/4711", json={"price": 1})).status_code == 404
    for path in ("/products/x", "/products/0", "/products/-1", "/products/99999999999999999999"):
        assert (await shop.http.get(path)).status_code == 422, path
    bodies: list[Any] = [{}, {"price": 0}, {"price": "dear"}, {"name": ""}, [], None]
    for body in bodies:
        assert (await shop.http.put("/products/1", json=body)).status_code == 422, body
    assert await redis.keys("product:*") == []


async def test_lookups_are_counted_alike_here_and_there(shop: Running, redis: Redis) -> None:
    for product_id in (1, 1, 2, 4711):
        await shop.http.get(f"/products/{product_id}")
    assert (await shop.truth())["caches"] == {"llm": {"hits": 0, "misses": 0}, "product": {"hits": 1, "misses": 3}}
    assert await redis.hgetall(keys.cache_stats("product")) == {b"hits": b"1", b"misses": b"3"}


class Crowd:
    """Two hundred who look for a product at once; the database answers when all of them have looked into the cache."""

    def __init__(self, products: Products, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queries = 0
        self._looks = 0
        self._products = products
        look_up, read_row = CacheAside._look_up, Database.product

        async def note_look(*args: Any) -> Any:
            found = await look_up(*args)
            self._looks += 1
            return found

        async def read_row_late(*args: Any) -> Any:
            self.queries += 1
            # Those who find nothing, and somebody's query under way, look once more after that query.
            wanted = 200 if self.queries == 1 else 399
            await until(lambda: self._looks >= wanted)
            return await read_row(*args)

        monkeypatch.setattr(CacheAside, "_look_up", note_look)
        monkeypatch.setattr(Database, "product", read_row_late)

    async def look_for(self, product_id: int) -> list[Any]:
        return await asyncio.gather(*(self._products.get(product_id) for _ in range(200)))


async def test_cold_readers_ask_the_database_once(shop: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(shop.services.products, monkeypatch)
    found = await crowd.look_for(1)
    assert crowd.queries == 1
    assert sorted(source for _, source in found) == ["cache"] * 199 + ["db"]
    assert all(product == found[0][0] for product, _ in found)
    assert (await shop.truth())["caches"]["product"] == {"hits": 199, "misses": 1}


async def test_readers_of_what_is_not_cached_share_a_query_that_begins_after_they_came(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(shop.services.products, monkeypatch)
    assert set(await crowd.look_for(4711)) == {None}
    assert crowd.queries == 2
