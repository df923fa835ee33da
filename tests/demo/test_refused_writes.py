"""Redis answers but takes no writes: what only reads goes on as before, and what must write says why it cannot."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from demo_server.shop.user_sessions import COOKIE
from tests.demo.conftest import Running, run_app
from tests.demo.refusal import OUT_OF_MEMORY, READ_ONLY, Refusal, tell
from tests.demo.waiting import until

PRIYA = {"email": "priya@example.com", "password": "demo"}
TEXT = {"text": "Redis is fast. Caches are fun."}


@pytest.fixture(params=[OUT_OF_MEMORY, READ_ONLY], ids=lambda refusal: refusal.name)
async def refusal(request: pytest.FixtureRequest, own_server: EmbeddedServer, control: Redis) -> Refusal:
    """Redis holds a session, a summary and a product from before, and takes no writes any more."""
    async with run_app(Settings(redis_url=own_server.url, llm_seconds=0.01, database_latency=0.001)) as before:
        await control.set("session", (await before.http.post("/login", json=PRIYA)).cookies[COOKIE])
        await before.http.get("/summarize", params=TEXT)
        await before.http.get("/products/1")
    refusal: Refusal = request.param
    await tell(control, refusal.begin)
    return refusal


@pytest.fixture
async def shop(own_server: EmbeddedServer, refusal: Refusal, control: Redis) -> AsyncIterator[Running]:
    """An application that would have to compute a summary for an hour."""
    async with run_app(Settings(redis_url=own_server.url, llm_seconds=3600, database_latency=0.001)) as shop:
        shop.http.cookies.set(COOKIE, bytes(await control.get("session") or b"").decode())  # type: ignore[arg-type]
        yield shop


async def test_what_is_cached_is_read(shop: Running) -> None:
    async with asyncio.timeout(10):
        assert (await shop.http.get("/summarize", params=TEXT)).json() == {"summary": "Redis is fast.", "words": 6}
    assert (await shop.http.get("/products/1")).json()["source"] == "cache"
    assert (await shop.http.get("/products/2")).json()["source"] == "db"
    assert (await shop.http.get("/leaderboard")).status_code == 200


async def test_who_is_signed_in_stays_so(shop: Running) -> None:
    profile = await shop.http.get("/profile")
    assert (profile.status_code, profile.json()["email"]) == (200, "priya@example.com")


async def test_what_must_write_says_why_it_cannot(shop: Running, refusal: Refusal) -> None:
    for method, path, body in (
        ("POST", "/login", PRIYA),
        ("POST", "/scores", {"player": "ann", "score": 1}),
        ("GET", "/views/home", None),
        *((("PUT", "/products/1", {"price": 5}),) if refusal is READ_ONLY else ()),
    ):
        answer = await shop.http.request(method, path, json=body)
        assert answer.status_code == 503, path
        assert answer.json()["detail"].startswith(refusal.reason), path
    assert (await shop.http.get("/healthz")).json()["redis"] == "up"


async def test_a_product_can_be_changed_without_memory(
    own_server: EmbeddedServer, control: Redis, tmp_path: Path
) -> None:
    """Deleting the old one needs none."""
    settings = Settings(redis_url=own_server.url, database_latency=0.001, database=tmp_path / "shop.sqlite3")
    async with run_app(settings) as shop, run_app(settings) as other:
        await shop.http.get("/products/1")
        assert (await other.http.get("/products/1")).json()["source"] == "cache"
        await tell(control, OUT_OF_MEMORY.begin)
        assert (await shop.http.put("/products/1", json={"price": 5})).status_code == 200
        assert (await other.http.get("/products/1")).json()["price"] == 5
        assert await control.exists(keys.product_fence(1)) == 1


async def test_lookups_are_counted_when_writes_are_taken_again(shop: Running, refusal: Refusal, control: Redis) -> None:
    stats = keys.cache_stats(keys.PRODUCT)
    before = {name: int(number) for name, number in (await control.hgetall(stats)).items()}
    for _ in range(3):
        await shop.http.get("/products/1")
    assert (await shop.truth())["caches"]["product"] == {"hits": 0, "misses": 0}
    assert {name: int(number) for name, number in (await control.hgetall(stats)).items()} == before

    await tell(control, refusal.end)

    async def counted() -> bool:
        return bool((await shop.truth())["caches"]["product"]["hits"] == 3)

    await until(counted)
    assert int(await control.hget(stats, "hits") or 0) == before.get(b"hits", 0) + 3


async def test_a_session_is_renewed_when_it_can_be(shop: Running, refusal: Refusal, control: Redis) -> None:
    (key,) = [name async for name in control.scan_iter(match="session:*")]
    assert json.loads(await control.get(key) or b"")["email"] == "priya@example.com"
    await tell(control, refusal.end)
    await control.expire(key, 100)
    await tell(control, refusal.begin)
    assert (await shop.http.get("/profile")).status_code == 200
    await tell(control, refusal.end)
    assert (await shop.http.get("/profile")).status_code == 200
    assert await control.ttl(key) > 86_000
