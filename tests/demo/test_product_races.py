"""Reads and updates of products that overtake each other: no old product after an update."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.settings import Settings
from demo_server.shop.database import Database
from tests.demo.conftest import RunApp, Running, run_app
from tests.demo.waiting import until


@pytest.mark.parametrize("cached_meanwhile", [False, True])
async def test_a_read_that_began_before_an_update_leaves_nothing_old_behind(
    shop: Running, monkeypatch: pytest.MonkeyPatch, cached_meanwhile: bool
) -> None:
    """The race, step by step: the read has the old row in its hands while the update runs from its start to its end."""
    has_old_row, go_on = asyncio.Event(), asyncio.Event()
    read_row = Database.product

    async def read_slowly(self: Database, product_id: int) -> tuple[dict[str, Any], int] | None:
        row = await read_row(self, product_id)
        if not has_old_row.is_set():
            has_old_row.set()
            await go_on.wait()
        return row

    monkeypatch.setattr(Database, "product", read_slowly)
    slow_read = asyncio.create_task(shop.http.get("/products/1"))
    await has_old_row.wait()
    await shop.http.put("/products/1", json={"price": 77})
    if cached_meanwhile:
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


async def test_who_comes_after_a_change_elsewhere_does_not_get_what_was_asked_for_before(
    settings: Settings, control: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_old_row, go_on = asyncio.Event(), asyncio.Event()
    read_row = Database.product

    async with run_app(settings) as shop, run_app(settings) as other:

        async def read_slowly(self: Database, product_id: int) -> tuple[dict[str, Any], int] | None:
            row = await read_row(self, product_id)
            if self is shop.services.database and not has_old_row.is_set():
                has_old_row.set()
                await go_on.wait()
            return row

        async def lookups() -> int:
            return int((await control.info("commandstats"))["cmdstat_get"]["calls"])

        monkeypatch.setattr(Database, "product", read_slowly)
        early = asyncio.create_task(shop.services.products.get(1))
        await has_old_row.wait()
        assert (await other.http.put("/products/1", json={"price": 77})).status_code == 200
        before = await lookups()
        late = asyncio.create_task(shop.services.products.get(1))

        async def looked() -> bool:
            return await lookups() > before

        await until(looked)
        go_on.set()
        early_found, late_found = await early, await late
    assert early_found is not None
    assert early_found[0]["price"] != 77  # it began before the change and may say so
    assert late_found is not None
    assert late_found[0]["price"] == 77
