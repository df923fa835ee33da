"""Updates of products that are cut off or refused half-way: nothing old is left behind, in no process."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from demo_server.shop.database import Database
from tests.demo.conftest import Running, run_app
from tests.demo.refusal import READ_ONLY, tell
from tests.demo.waiting import until


async def product(shop: Running, number: int) -> dict[str, Any]:
    found: dict[str, Any] = (await shop.http.get(f"/products/{number}")).json()
    return found


async def price_of(shop: Running, number: int) -> float:
    return float((await product(shop, number))["price"])


async def test_without_redis_products_are_read_but_not_changed(own_server: EmbeddedServer) -> None:
    """Whoever still reaches the cache would go on reading the old price there."""
    async with run_app(Settings(redis_url=own_server.url, database_latency=0.001)) as shop:
        price = (await shop.http.get("/products/3")).json()["price"]
        own_server.stop()
        assert (await shop.http.get("/products/3")).json() | {"source": ""} == await product(shop, 3) | {"source": ""}
        refused = await shop.http.put("/products/3", json={"price": 5})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert await price_of(shop, 3) == price
        own_server.start()

        async def is_taken() -> bool:
            return (await shop.http.put("/products/3", json={"price": 5})).status_code == 200

        await until(is_taken)
        assert await price_of(shop, 3) == 5


async def test_a_change_that_the_cache_cannot_be_told_is_refused_everywhere(settings: Settings, control: Redis) -> None:
    async with run_app(settings) as shop, run_app(settings) as other:
        price = await price_of(shop, 1)
        assert (await product(other, 1))["source"] == "cache"
        await tell(control, READ_ONLY.begin)
        assert (await shop.http.put("/products/1", json={"price": 5})).status_code == 503
        assert await price_of(shop, 1) == await price_of(other, 1) == price
    async with run_app(settings) as restarted:
        assert await price_of(restarted, 1) == price
        await tell(control, READ_ONLY.end)
        assert (await restarted.http.put("/products/1", json={"price": 5})).status_code == 200
        assert await price_of(restarted, 1) == 5


@pytest.mark.parametrize("when", ["before the row is changed", "after the row is changed"])
async def test_a_redis_that_refuses_in_the_middle_of_a_change_leaves_nothing_old_behind(
    settings: Settings, control: Redis, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """And somebody reads in between."""
    change_row = Database.update_product

    async with run_app(settings) as shop, run_app(settings) as other:

        async def change_row_and_refuse(*args: Any, **changes: Any) -> dict[str, Any] | None:
            if when == "after the row is changed":
                changed = await change_row(*args, **changes)
            await price_of(shop, 1)
            await price_of(other, 1)
            await tell(control, READ_ONLY.begin)
            return changed if when == "after the row is changed" else await change_row(*args, **changes)

        await price_of(shop, 1)
        monkeypatch.setattr(Database, "update_product", change_row_and_refuse)
        assert (await shop.http.put("/products/1", json={"price": 77})).status_code == 200
        assert await price_of(shop, 1) == await price_of(other, 1) == 77
    async with run_app(settings) as restarted:
        assert await price_of(restarted, 1) == 77
        await tell(control, READ_ONLY.end)
        assert await price_of(restarted, 1) == 77
        assert await product(restarted, 1) == await product(restarted, 1) | {"price": 77, "source": "cache"}


async def test_a_change_that_is_cut_off_leaves_nothing_old_behind(
    settings: Settings, control: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by kill -9 after the row was changed: nothing that comes later is done."""
    change_row = Database.update_product
    changed = asyncio.Event()

    async def change_row_and_die(*args: Any, **changes: Any) -> None:
        await change_row(*args, **changes)
        changed.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Database, "update_product", change_row_and_die)
    async with run_app(settings) as shop, run_app(settings) as other:
        await price_of(other, 1)
        change = asyncio.create_task(shop.services.products.update(1, price_cents=7700))
        await changed.wait()
        assert await price_of(other, 1) == 77
        change.cancel()
        await asyncio.wait({change})
        assert await price_of(other, 1) == 77


async def test_a_change_that_is_made_again_has_the_whole_time_of_its_fence(settings: Settings, control: Redis) -> None:
    """One was cut off before, and what it left is about to expire."""
    await control.set(keys.product_fence(1), 2, ex=5)
    async with run_app(settings) as shop:
        assert (await shop.http.put("/products/1", json={"price": 5})).status_code == 200
    assert await control.get(keys.product_fence(1)) == b"2"
    assert await control.ttl(keys.product_fence(1)) > 50


async def test_two_changes_at_once_both_count(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one finds that the row is not what it was, and is made anew."""
    change_row = Database.update_product
    overtaken = False
    async with run_app(settings) as shop, run_app(settings) as other:

        async def change_row_late(*args: Any, **changes: Any) -> dict[str, Any] | None:
            nonlocal overtaken
            if not overtaken:
                overtaken = True
                assert (await other.http.put("/products/1", json={"name": "Overtaker"})).status_code == 200
                assert (await product(other, 1))["name"] == "Overtaker"
            return await change_row(*args, **changes)

        monkeypatch.setattr(Database, "update_product", change_row_late)
        assert (await shop.http.put("/products/1", json={"price": 77})).json()["name"] == "Overtaker"
        for app in (shop, other):
            found = await product(app, 1)
            assert (found["name"], found["price"]) == ("Overtaker", 77)
