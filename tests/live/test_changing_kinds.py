"""Kinds of keys that come and go while the screen lists them."""

from __future__ import annotations

import asyncio

import pytest
import redis

from redis_dash.config import Config
from redis_dash.core.commands import FullPass
from redis_dash.hub import Hub
from redis_dash.keyspace import learning
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_key_report import kinds, sign_in


def recognised_kinds(hub: Hub) -> dict[str, int]:
    return {name: kind.count.value for name, kind in kinds(hub).items() if kind.recognised}


@pytest.mark.parametrize("others", [100, 20_000])
async def test_kinds_of_which_no_key_is_left_are_not_listed(
    others: int, redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that came while it runs are known by the names of single keys, too."""
    monkeypatch.setattr(learning, "LEAST_S", 0.5)
    monkeypatch.setattr(learning, "REST", 0.0)
    client.mset({f"product:{number}": "x" for number in range(others)})
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1, budget=0.5))):
        await until(lambda: hub.passes > 1)
        for number in range(20):
            sign_in(client, number)
            client.set(f"rl:203.0.113.{number}", 3, px=600_000)
        await until(lambda: recognised_kinds(hub) == {"sess:*": 20, "rl:*": 20})
        for pattern in ("sess:*", "rl:*"):
            client.delete(*client.keys(pattern))
        await until(lambda: set(kinds(hub)) == {"product:*"})
        for _ in range(3):
            passes = hub.passes
            hub.ask(FullPass(on=True))
            await until(lambda passes=passes: hub.passes > passes)  # type: ignore[misc]
            assert set(kinds(hub)) == {"product:*"}
        frame = hub.keys().frame
    assert frame is not None
    assert frame.keys == others


async def test_a_kind_that_is_one_name_is_there_or_not(redis_url: str, client: redis.Redis) -> None:
    """In a database that changes the other kinds have intervals."""
    client.mset({f"product:{number}": "x" for number in range(25_000)})
    client.rpush("audit", "x")
    client.mset(dict.fromkeys(("import:state", "deploy:last", "menu", "feature:flags"), "x"))
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):
        await until(lambda: "audit" in kinds(hub))
        frame = hub.keys().frame
        assert frame is not None
        assert frame.keys == client.dbsize(), "not the sum of estimates"
        for number in range(200):
            client.set(f"product:{25_000 + number}", "x")
            audit = kinds(hub).get("audit")
            assert audit is None or (audit.count.value, audit.count.high) in ((0, 1), (1, 1), (0, 0))
            await asyncio.sleep(0)


async def test_memory_is_that_of_the_keys_that_exist(redis_url: str, client: redis.Redis) -> None:
    """Sessions come and go: those that were measured and are gone do not count."""

    def write(begin: int) -> None:
        for number in range(begin, begin + 50):
            sign_in(client, number)

    client.mset({f"product:{number}": "x" for number in range(100)})
    write(0)
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):

        def memory() -> int | None:
            kind = kinds(hub).get("sess:*")
            return kind.memory.value if kind and kind.memory and kind.measured >= 50 else None

        await until(lambda: memory() is not None)
        for begin in (50, 100, 150):
            client.delete(*client.keys("sess:*"))
            write(begin)
            hub.ask(FullPass(on=True))
            passes = hub.passes
            await until(lambda passes=passes: hub.passes > passes + 1)  # type: ignore[misc]
            truth = sum(client.memory_usage(key) or 0 for key in client.keys("sess:*"))
            await until(lambda truth=truth: memory() == truth)  # type: ignore[misc]
