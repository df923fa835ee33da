"""`ResponseCache.cached` across processes: one computes, the others wait, and nobody waits for the dead."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.redis_client import close_client, open_client
from demo_server.patterns.response_cache import ResponseCache
from demo_server.process.embedded import EmbeddedServer
from demo_server.shop.summarizer import build_summarizer
from tests.demo.counting import Counted
from tests.demo.waiting import until

STAMPEDE = Path(__file__).with_name("stampede.py")
HOLDER = Path(__file__).with_name("lock_holder.py")


async def names(redis: Redis, pattern: str) -> list[Any]:
    return list(await redis.keys(pattern))


async def test_two_processes_compute_once(redis: Redis, embedded_server: EmbeddedServer) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(STAMPEDE), embedded_server.url, "100", stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    reports = [json.loads(stdout) for stdout, _ in outputs]

    assert [process.returncode for process in processes] == [0, 0]
    assert sum(report["runs"] for report in reports) == 1
    assert [report["answers"] for report in reports] == [100, 100]
    told = [report["truth"] for report in reports]
    assert {name: sum(counts[name] for counts in told) for name in ("hits", "misses")} == {"hits": 199, "misses": 1}
    assert await redis.hgetall(keys.cache_stats("cache")) == {b"hits": b"199", b"misses": b"1"}


async def test_the_lock_does_not_look_like_an_entry_and_goes_with_the_computation(
    redis: Redis, counted: Counted
) -> None:
    meanwhile: list[Any] = []

    @counted.cache.cached()
    async def look_around() -> int:
        meanwhile.extend(await redis.keys("*"))
        return 1

    await look_around()
    assert [key[:12] for key in meanwhile] == [b"lock:{cache:"]
    assert await redis.keys("lock:*") == []


async def test_a_lock_is_kept_for_as_long_as_it_takes(redis: Redis, counted: Counted) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    @counted.cache.cached(lock_ttl=0.2)
    async def slow() -> int:
        began.set()
        await go_on.wait()
        return 42

    call = asyncio.create_task(slow())
    await began.wait()
    (lock,) = await names(redis, "lock:*")
    token = await redis.get(lock)
    began_at = await server_time(redis)

    async def would_have_expired_twice() -> bool:
        assert await redis.get(lock) == token
        return await server_time(redis) > began_at + 0.4

    await until(would_have_expired_twice)
    go_on.set()
    assert await call == 42
    assert await names(redis, "lock:*") == []


async def server_time(redis: Redis) -> float:
    seconds, microseconds = await redis.time()
    return float(seconds + microseconds / 1e6)


async def test_a_killed_lock_holder_delays_the_others_by_no_more_than_the_lock(
    redis: Redis, embedded_server: EmbeddedServer, counted: Counted
) -> None:
    holder = await asyncio.create_subprocess_exec(sys.executable, str(HOLDER), embedded_server.url)

    async def holds() -> bool:
        return bool(await names(redis, "lock:{llm:*"))

    await until(holds, within=10)
    holder.send_signal(signal.SIGKILL)
    await holder.wait()
    (lock,) = await names(redis, "lock:{llm:*")
    assert await redis.pttl(lock) <= 2000

    assert (await build_summarizer(counted.cache, 0.01)("Hello. You."))["summary"] == "Hello."
    await counted.stats.flush()
    assert await redis.hgetall(keys.cache_stats("llm")) == {b"misses": b"1"}


async def test_a_value_that_redis_refuses_keeps_no_lock(own_server: EmbeddedServer) -> None:
    client = open_client(own_server.url)

    @ResponseCache(client).cached()
    async def fill_the_memory() -> int:
        await client.config_set("maxmemory", 1)
        return 7

    assert await fill_the_memory() == 7
    assert await client.keys("*:*") == []
    await close_client(client)
