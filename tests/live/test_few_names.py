"""Keys that differ only by a name are one kind also if they are few, as sets of each user."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis

from redis_dash.config import Config
from redis_dash.discover import discover
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_key_report import kinds

USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj")

Write = Callable[[redis.Redis, str], object]
WRITES: dict[str, Write] = {
    "set": lambda client, key: client.sadd(key, "x"),
    "hash": lambda client, key: client.hset(key, "x", "1"),
    "list": lambda client, key: client.rpush(key, "x"),
    "zset": lambda client, key: client.zadd(key, {"x": 1}),
}


async def listed(url: str) -> dict[str, int]:
    """What ``discover`` lists: names and counts."""
    text, _ = await discover(Config(url=url), as_json=True)
    return {kind["keys"]: kind["count"] for kind in json.loads(text)["kinds"]}


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("number", [8, 12])
async def test_collections_of_single_users_are_one_kind(
    kind: str, number: int, redis_url: str, client: redis.Redis
) -> None:
    for user in USERS[:number]:
        WRITES[kind](client, f"user_sessions:{user}")
    for name in ("config:feature-flags", "config:homepage", "lock:nightly-report"):
        client.set(name, "x")
    assert await listed(redis_url) == {
        "user_sessions:*": number,
        "config:feature-flags": 1,
        "config:homepage": 1,
        "lock:nightly-report": 1,
    }


async def test_few_keys_plain_values_and_different_types_stay_kinds_of_their_own(
    redis_url: str, client: redis.Redis
) -> None:
    for name in USERS[:7]:
        client.rpush(f"queue:{name}", "x")
    for name in USERS:
        client.set(f"config:{name}", "x")
        WRITES["set" if name < "d" else "hash"](client, f"app:{name}")
    assert set(await listed(redis_url)) == {
        *(f"queue:{name}" for name in USERS[:7]),
        *(f"config:{name}" for name in USERS),
        *(f"app:{name}" for name in USERS),
    }


async def test_keys_below_another_word_are_not_swallowed(redis_url: str, client: redis.Redis) -> None:
    for name in USERS:
        client.sadd(f"follows:{name}", "x")
    client.sadd("follows:recent:1700000001", "x")
    client.sadd("follows:recent:1700000002", "x")
    assert await listed(redis_url) == {"follows:recent:*": 2, **{f"follows:{name}": 1 for name in USERS}}


async def test_the_screen_joins_them_when_enough_have_come(redis_url: str, client: redis.Redis) -> None:
    client.mset({f"product:{number}": "x" for number in range(50)})
    for name in USERS[:4]:
        client.sadd(f"user_sessions:{name}", "x")
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1, budget=0.5))):
        await until(lambda: set(kinds(hub)) == {"product:*", *(f"user_sessions:{name}" for name in USERS[:4])})
        for name in USERS:
            client.sadd(f"user_sessions:{name}", "x")
        await until(lambda: set(kinds(hub)) == {"product:*", "user_sessions:*"})
        await until(lambda: kinds(hub)["user_sessions:*"].types == (("set", 12),))
        assert kinds(hub)["user_sessions:*"].count.holds(12)
