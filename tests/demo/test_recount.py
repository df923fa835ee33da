"""The truth after a loss: Redis begins anew, or leaves a command without an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from demo_server import keys
from demo_server.patterns.cluster_client import open_cluster
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from demo_server.truth.counts import Truth
from demo_server.truth.recount import Recount
from tests.demo.conftest import RunApp, Running, run_app
from tests.demo.waiting import until

NOBODY = {"hits": 0, "misses": 0}


async def use(shop: Running) -> None:
    for name in ("priya", "raj"):
        shop.http.cookies.clear()
        await shop.http.post("/login", json={"email": f"{name}@example.com", "password": "demo"})
        await shop.http.post("/scores", json={"player": name, "score": 5})
    for _ in range(2):
        await shop.http.get("/products/1")


async def test_after_a_restart_it_is_what_the_new_server_holds(own_server: EmbeddedServer, tmp_path: Path) -> None:
    settings = Settings(redis_url=own_server.url, database_latency=0.001, database=tmp_path / "shop.sqlite3")
    async with run_app(settings) as shop:
        await use(shop)
        before = await shop.truth()
        assert (before["sessions"], before["leaderboard"]["players"]) == (2, 2)
        assert before["caches"]["product"] == {"hits": 1, "misses": 1}
        own_server.stop()
        assert (await shop.truth())["exact_since"] is None
        own_server.start()

        async def exact() -> bool:
            return (await shop.truth())["exact_since"] is not None

        await until(exact)
        after = await shop.truth()
        assert after["exact_since"] > before["exact_since"]
        assert (after["sessions"], after["leaderboard"]) == (0, {"players": 0, "top": []})
        assert after["caches"] == {"llm": NOBODY, "product": NOBODY}
        assert after["channels"] == before["channels"]
        await use(shop)
        assert (await shop.truth())["sessions"] == 2


class Cut:
    """Loses the answers to some commands of a client, after Redis has executed them or before."""

    def __init__(self, redis: Redis, *, executed: bool) -> None:
        self._redis, self._executed = redis, executed
        self._run: Callable[..., Awaitable[Any]] = redis.execute_command

    async def __call__(self, *command: Any, **options: Any) -> Any:
        if command[0] in ("SET", "EVALSHA", "GETDEL", "ZADD", "PUBLISH"):
            if self._executed:
                await self._run(*command, **options)
            raise RedisConnectionError("the answer is lost")
        return await self._run(*command, **options)


@pytest.mark.parametrize("executed", [True, False])
async def test_a_command_without_an_answer_counts_if_redis_has_executed_it(
    start_app: RunApp, redis: Redis, executed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_app() as shop:
        await use(shop)
        client = shop.services.redis
        with monkeypatch.context() as patch:
            patch.setattr(client, "execute_command", Cut(client, executed=executed))
            for _ in range(3):
                shop.http.cookies.clear()
                assert (await shop.http.post("/login", json={"email": "mei@example.com", "password": "demo"})).is_error
                assert (await shop.http.post("/scores", json={"player": "mei", "score": 7})).is_error
            await shop.services.events.publish(keys.ORDERS, "order.created")
        truth = await shop.truth()
        assert truth["exact_since"] is not None
        assert truth["sessions"] == len(await redis.keys("session:*")) == (5 if executed else 2)
        assert truth["leaderboard"]["players"] == await redis.zcard(keys.LEADERBOARD) == (3 if executed else 2)
        used = await redis.zcard(keys.rate_limit("127.0.0.1"))
        assert truth["rate_limits"]["127.0.0.1"]["used"] == used == (12 if executed else 6)
        assert (truth["channels"]["orders"], truth["unconfirmed"]["orders"]) == (0, 1)


async def test_what_happens_beside_a_recount_is_counted_once(start_app: RunApp, redis: Redis) -> None:
    async with start_app(rate_limit=100_000) as shop:
        await use(shop)

        async def doubt_often() -> None:
            for _ in range(30):
                shop.services.truth.doubt("for this test")
                await shop.services.recount.check()

        async def play() -> None:
            for number in range(60):
                await shop.http.post("/scores", json={"player": f"player{number}", "score": number})
                await shop.http.post("/login", json={"email": "mei@example.com", "password": "demo"})
                await shop.http.get(f"/products/{number + 1}")

        await asyncio.gather(doubt_often(), play(), play())
        truth = await shop.truth()
        assert truth["leaderboard"]["players"] == await redis.zcard(keys.LEADERBOARD)
        assert truth["sessions"] == len(await redis.keys("session:*"))
        assert truth["rate_limits"]["127.0.0.1"]["used"] == await redis.zcard(keys.rate_limit("127.0.0.1")) == 366
        stats = await redis.hgetall(keys.cache_stats("product"))
        assert truth["caches"]["product"] == {name: int(stats[name.encode()]) for name in ("hits", "misses")}


async def test_it_is_in_doubt_while_no_node_tells_who_holds_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last primary has become a replica, and then no node can be reached."""
    cluster, truth = open_cluster("redis+cluster://127.0.0.1:1"), Truth(60)
    monkeypatch.setattr(cluster, "ping", AsyncMock(return_value=True))
    monkeypatch.setattr(cluster, "info", AsyncMock(return_value={"127.0.0.1:1": {"role": "slave"}}))
    await Recount(cluster, truth).check()
    assert truth.is_doubtful
