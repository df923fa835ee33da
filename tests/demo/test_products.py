"""Cache-aside: sources, and no old product after an update."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.database import Database
from demo_server.embedded import EmbeddedServer
from demo_server.products import Products
from demo_server.settings import Settings
from tests.demo.conftest import RunApp, Running, run_app
from tests.demo.refusal import READ_ONLY, tell
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


@pytest.fixture
def settings(own_server: EmbeddedServer, tmp_path: Path) -> Settings:
    """A database that outlives the application, and several applications can share."""
    return Settings(redis_url=own_server.url, database_latency=0.001, database=tmp_path / "shop.sqlite3")


async def product(shop: Running, number: int) -> dict[str, Any]:
    found: dict[str, Any] = (await shop.http.get(f"/products/{number}")).json()
    return found


async def price_of(shop: Running, number: int) -> float:
    return float((await product(shop, number))["price"])


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


class Crowd:
    """Two hundred who look for a product at once; the database answers when all of them have looked into the cache."""

    def __init__(self, products: Products, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queries = 0
        self._looks = 0
        self._products = products
        look_up, read_row = Products._look_up, Database.product

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

        monkeypatch.setattr(Products, "_look_up", note_look)
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
