"""Cache-aside: sources, and no old product after an update."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.database import Database
from demo_server.embedded import EmbeddedServer
from demo_server.settings import Settings
from tests.demo.conftest import RunApp, Running, run_app
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


@pytest.mark.parametrize("cached_meanwhile", [False, True])
async def test_a_read_that_began_before_an_update_leaves_nothing_old_behind(
    shop: Running, monkeypatch: pytest.MonkeyPatch, cached_meanwhile: bool
) -> None:
    """The race, step by step: the read has the old row in its hands while the update runs from its start to its end."""
    has_old_row, go_on = asyncio.Event(), asyncio.Event()
    read_row = Database.product

    async def read_slowly(self: Database, product_id: int) -> dict[str, Any] | None:
        row = await read_row(self, product_id)
        if not has_old_row.is_set():
            has_old_row.set()
            await go_on.wait()
        return row

    monkeypatch.setattr(Database, "product", read_slowly)
    slow_read = asyncio.create_task(shop.http.get("/products/1"))
    await has_old_row.wait()
    await shop.http.put("/products/1", json={"price": 77})
    if cached_meanwhile:  # by somebody who has a lease of their own
        assert (await shop.http.get("/products/1")).json()["price"] == 77
    go_on.set()

    assert (await slow_read).json()["price"] != 77  # it began before the update and may say so
    assert (await shop.http.get("/products/1")).json()["price"] == 77


async def test_a_thousand_racing_updates_leave_nothing_old_behind(start_app: RunApp, redis: Redis) -> None:
    async with start_app(database_latency=0.004) as running:
        products = running.services.products
        old: list[tuple[float, float]] = []

        async def check(product_id: int, price: float) -> None:
            found = await products.get(product_id)
            assert found is not None
            if found[0]["price"] != price:
                old.append((found[0]["price"], price))

        async def race(product_id: int) -> None:
            for round_number in range(50):
                # Evicted, so that the reads go to the database; those that began before the update may end after it.
                await redis.delete(keys.product(product_id))
                readers = []
                for _ in range(4):
                    readers.append(asyncio.create_task(products.get(product_id)))
                    await asyncio.sleep(0.001)
                cents = product_id * 100_000 + round_number
                await products.update(product_id, price_cents=cents)
                if round_number % 2:
                    await check(product_id, cents / 100)
                await asyncio.gather(*readers)
                await check(product_id, cents / 100)

        await asyncio.gather(*(race(product_id) for product_id in range(1, 21)))
        assert old == []
        counts = (await running.truth())["caches"]["product"]
        assert counts["hits"] > 0  # else the cache was not in the race
        assert counts["misses"] > 1000


async def test_products_are_served_without_redis_and_never_old_after_it_is_back(own_server: EmbeddedServer) -> None:
    async with run_app(Settings(redis_url=own_server.url, database_latency=0.001)) as shop:
        assert (await shop.http.get("/products/3")).json()["source"] == "db"
        assert (await shop.http.get("/products/3")).json()["source"] == "cache"
        own_server.stop()
        assert (await shop.http.put("/products/3", json={"price": 5})).status_code == 200
        assert (await shop.http.get("/products/3")).json()["price"] == 5
        own_server.start()
        # What a Redis that was only out of reach would still hold.
        leftover = Redis.from_url(own_server.url)
        await leftover.set(keys.product(3), '{"id": 3, "name": "old", "category": "old", "price": 1.0}')
        await leftover.aclose()

        async def comes_from_cache() -> bool:
            answer = (await shop.http.get("/products/3")).json()
            assert answer["price"] == 5
            return bool(answer["source"] == "cache")

        await until(comes_from_cache)
