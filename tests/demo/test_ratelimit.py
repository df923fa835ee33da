"""The rate limiter, by the server's clock."""

import asyncio
import json
import math
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from tests.demo.conftest import RunApp, Running, run_app
from tests.demo.waiting import until

ME = "198.51.100.1"
FROM_ME = {"X-Forwarded-For": ME}


async def accepted_requests(redis: Redis) -> list[Any]:
    """Member and score of each."""
    return list(await redis.zrange(keys.rate_limit(ME), 0, -1, withscores=True))


async def test_exactly_the_limit_is_accepted_of_a_crowd(shop: Running, redis: Redis) -> None:
    answers = await asyncio.gather(*(shop.http.get("/", headers=FROM_ME) for _ in range(300)))

    assert sorted(answer.status_code for answer in answers) == [200] * 100 + [429] * 200
    members = await accepted_requests(redis)
    assert len(members) == 100
    assert 0 < await redis.ttl(keys.rate_limit(ME)) <= 60
    assert (await shop.truth())["rate_limits"] == {ME: {"used": 100, "accepted": 100, "refused": 200}}
    server_seconds, microseconds = await redis.time()
    now = server_seconds + microseconds / 1e6
    assert all(now - 10 < float(score) <= now for _, score in members)
    assert (await shop.http.get("/", headers={"X-Forwarded-For": "198.51.100.2"})).status_code == 200


async def test_headers_on_every_limited_answer(start_app: RunApp) -> None:
    async with start_app(rate_limit=3) as shop:
        answers = [await shop.http.get(path, headers=FROM_ME) for path in ("/", "/nothing", "/products/x", "/")]
    assert [answer.status_code for answer in answers] == [200, 404, 422, 429]
    assert [answer.headers["x-ratelimit-limit"] for answer in answers] == ["3"] * 4
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert all(1 <= int(answer.headers["x-ratelimit-reset"]) <= 60 for answer in answers)
    assert ["retry-after" in answer.headers for answer in answers] == [False, False, False, True]
    assert all(answer.headers["server-timing"].startswith("app;dur=") for answer in answers)
    assert answers[-1].json()["retry_after"] == int(answers[-1].headers["retry-after"])


async def test_retry_after_is_right_and_refusals_do_not_extend_it(start_app: RunApp, redis: Redis) -> None:
    async with start_app(rate_limit=2) as shop:
        for _ in range(2):
            await shop.http.get("/", headers=FROM_ME)
        # As if the first request had been 57.5 s ago: it leaves the window in 2.5 s.
        (first, _), _ = await accepted_requests(redis)
        seconds, microseconds = await redis.time()
        long_ago = seconds + microseconds / 1e6 - 57.5
        await redis.zadd(keys.rate_limit(ME), {first: long_ago})

        for _ in range(5):
            refused = await shop.http.get("/", headers=FROM_ME)
            assert refused.status_code == 429
            seconds, microseconds = await redis.time()
            left = long_ago + 60 - (seconds + microseconds / 1e6)
            assert int(refused.headers["retry-after"]) in {math.ceil(left), math.ceil(left + 0.05)}
        assert await redis.zcard(keys.rate_limit(ME)) == 2

        # As if the time had passed.
        await redis.zadd(keys.rate_limit(ME), {first: long_ago - 3})
        assert (await shop.http.get("/", headers=FROM_ME)).status_code == 200
        assert (await shop.http.get("/", headers=FROM_ME)).status_code == 429


async def test_after_retry_after_one_more_is_accepted(start_app: RunApp) -> None:
    async with start_app(rate_limit=2, rate_window=1) as shop:
        answers = [await shop.http.get("/", headers=FROM_ME) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert (await shop.truth())["rate_limits"][ME]["used"] == 2

        async def accepted() -> bool:
            return (await shop.http.get("/", headers=FROM_ME)).status_code == 200

        await until(accepted, within=int(answers[-1].headers["retry-after"]) + 0.5)


async def test_truth_and_health_are_exempt(start_app: RunApp) -> None:
    async with start_app(rate_limit=1) as shop:
        for _ in range(5):
            for path in ("/truth", "/healthz"):
                answer = await shop.http.get(path, headers=FROM_ME)
                assert answer.status_code == 200
                assert "x-ratelimit-limit" not in answer.headers
                assert "server-timing" in answer.headers
        assert (await shop.truth())["rate_limits"] == {}


async def test_a_block_is_told_once(start_app: RunApp, redis: Redis) -> None:
    pubsub = redis.pubsub()
    await pubsub.subscribe(keys.SECURITY)
    await pubsub.get_message(timeout=1)
    async with start_app(rate_limit=5) as shop:
        for _ in range(20):
            await shop.http.get("/", headers=FROM_ME)
        assert (await shop.truth())["channels"]["security"] == 1
        message = await pubsub.get_message(timeout=1)
        assert message is not None
        event = json.loads(message["data"])
        assert (event["type"], event["ip"]) == ("client.blocked", ME)
        assert set(event) == {"type", "ip", "retry_after", "at"}
        # Freed, and blocked again: that is a new block.
        await redis.delete(keys.rate_limit(ME))
        for _ in range(7):
            await shop.http.get("/", headers=FROM_ME)
        assert (await shop.truth())["channels"]["security"] == 2
    await pubsub.aclose()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),  # the client wrote the left part
        ("127.0.0.1", "198.51.100.7, 127.0.0.2", "198.51.100.7"),  # two trusted proxies
        ("127.0.0.1", "127.0.0.3", "127.0.0.3"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7, garbage", "127.0.0.1"),
        ("127.0.0.1", "*\r\nx", "127.0.0.1"),
        ("127.0.0.1", "fe80::1%anything", "127.0.0.1"),
        ("127.0.0.1", "2001:DB8:0::0001", "2001:db8::/64"),
        ("127.0.0.1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("::1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not a trusted proxy
    ],
)
async def test_whom_a_request_counts_for(
    start_app: RunApp, redis: Redis, peer: str, forwarded: str, counted: str
) -> None:
    async with start_app(peer=peer) as shop:
        await shop.http.get("/", headers={"X-Forwarded-For": forwarded.encode("latin-1").decode("latin-1")})
    assert await redis.keys("ratelimit:*") == [keys.rate_limit(counted).encode()]


async def test_all_addresses_of_one_ipv6_network_share_a_limit(start_app: RunApp) -> None:
    async with start_app(rate_limit=3) as shop:
        statuses = [
            (await shop.http.get("/", headers={"X-Forwarded-For": f"2001:db8:0:{network}::{host:x}"})).status_code
            for network, host in ((1, 1), (1, 2), (1, 0xFFFF), (1, 3), (2, 1))
        ]
        assert statuses == [200, 200, 200, 429, 200]
        assert (await shop.truth())["rate_limits"] == {
            "2001:db8:0:1::/64": {"used": 3, "accepted": 3, "refused": 1},
            "2001:db8:0:2::/64": {"used": 1, "accepted": 1, "refused": 0},
        }


async def test_nobody_is_limited_while_redis_is_down(own_server: EmbeddedServer) -> None:
    async with run_app(Settings(redis_url=own_server.url, rate_limit=2)) as shop:
        own_server.stop()
        answers = [await shop.http.get("/", headers=FROM_ME) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5
        assert all("x-ratelimit-limit" not in answer.headers for answer in answers)
        own_server.start()

        async def is_limited_again() -> bool:
            return (await shop.http.get("/", headers=FROM_ME)).status_code == 429

        await until(is_limited_again)
