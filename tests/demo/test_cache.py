"""`ResponseCache.cached`: keys, values, counting, and one computation however many ask."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server.patterns.redis_client import close_client, open_client
from demo_server.process.embedded import EmbeddedServer
from tests.demo.counting import Counted, counting
from tests.demo.waiting import until


async def test_calls_that_bind_alike_share_an_entry(redis: Redis, counted: Counted) -> None:
    ran: list[tuple[Any, ...]] = []

    @counted.cache.cached(ttl=30)
    async def area(width: int, height: int = 2, *, unit: str = "m") -> str:
        ran.append((width, height, unit))
        return f"{width * height} {unit}²"

    answers = [await area(3), await area(3, 2), await area(height=2, width=3), await area(3, unit="m")]

    assert answers == ["6 m²"] * 4
    assert ran == [(3, 2, "m")]
    assert await area(3, 4) == "12 m²"
    entries = [key async for key in redis.scan_iter(match="cache:*") if not key.startswith(b"cache:stats:")]
    assert len(entries) == 2
    assert {await redis.ttl(entry) for entry in entries} <= {29, 30}


async def test_different_functions_and_types_do_not_share(redis: Redis, counted: Counted) -> None:
    @counted.cache.cached()
    async def one(value: object) -> object:
        return ["one", value]

    @counted.cache.cached()
    async def other(value: object) -> object:
        return ["other", value]

    assert await one(1) == ["one", 1]
    assert await other(1) == ["other", 1]
    assert await one("1") == ["one", "1"]
    assert await one(True) == ["one", True]
    assert await counted.lookups() == {"hits": 0, "misses": 4}


@pytest.mark.parametrize("value", [None, 0, "", False, [], {}])
async def test_falsy_results_are_cached(redis: Redis, counted: Counted, value: object) -> None:
    runs = 0

    @counted.cache.cached()
    async def nothing() -> object:
        nonlocal runs
        runs += 1
        return value

    assert await nothing() == value
    assert await nothing() == value
    assert runs == 1


async def test_a_result_that_json_cannot_hold_names_function_and_type(redis: Redis, counted: Counted) -> None:
    @counted.cache.cached()
    async def unholdable() -> object:
        return {1, 2}

    with pytest.raises(TypeError, match=r"unholdable returned a set that JSON cannot hold"):
        await unholdable()
    assert await redis.keys("lock:*") == []
    assert await counted.lookups() == {"hits": 0, "misses": 1}


async def test_an_argument_without_a_json_form_is_refused_by_name(redis: Redis, counted: Counted) -> None:
    @counted.cache.cached()
    async def describe(thing: object) -> str:
        return str(thing)

    with pytest.raises(TypeError, match=r"describe cannot be cached: its argument 'thing' is a object"):
        await describe(object())
    with pytest.raises(TypeError, match="argument 'thing'"):
        await describe({1: "a"})  # JSON would write the key as "1"


async def test_first_and_later_callers_get_the_same_shape(redis: Redis, counted: Counted) -> None:
    @counted.cache.cached()
    async def pair() -> object:
        return (1, 2)

    assert [await pair(), await pair()] == [[1, 2], [1, 2]]


async def test_two_hundred_at_once_compute_once_and_are_counted_alike(redis: Redis, counted: Counted) -> None:
    runs = 0
    began = asyncio.Event()
    go_on = asyncio.Event()

    @counted.cache.cached()
    async def slow(text: str) -> str:
        nonlocal runs
        runs += 1
        began.set()
        await go_on.wait()
        return text.upper()

    calls = [asyncio.create_task(slow("x")) for _ in range(200)]
    await began.wait()
    go_on.set()

    assert set(await asyncio.gather(*calls)) == {"X"}
    assert runs == 1
    assert await counted.lookups() == {"hits": 199, "misses": 1}
    assert await slow("x") == "X"
    assert await counted.lookups() == {"hits": 200, "misses": 1}


async def test_a_failure_reaches_everybody_and_is_not_cached(redis: Redis, counted: Counted) -> None:
    luck = asyncio.Event()
    began, go_on = asyncio.Event(), asyncio.Event()

    @counted.cache.cached()
    async def fails_first() -> str:
        began.set()
        await go_on.wait()
        if not luck.is_set():
            raise RuntimeError("no luck")
        return "fine"

    first = asyncio.create_task(fails_first())
    await began.wait()
    # With a computation under way the others join it before they do anything else.
    others = [asyncio.create_task(fails_first()) for _ in range(4)]
    await asyncio.sleep(0)
    go_on.set()
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [RuntimeError] * 5
    luck.set()
    assert await fails_first() == "fine"
    assert await counted.lookups() == {"hits": 0, "misses": 2}
    assert await redis.keys("lock:*") == []


async def test_a_caller_who_gives_up_does_not_spoil_it_for_the_others(redis: Redis, counted: Counted) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    @counted.cache.cached()
    async def slow() -> str:
        began.set()
        await go_on.wait()
        return "done"

    first = asyncio.create_task(slow())
    await began.wait()
    second = asyncio.create_task(slow())
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()

    assert await second == "done"


async def test_without_redis_the_function_still_answers_and_nothing_is_counted(own_server: EmbeddedServer) -> None:
    client = open_client(own_server.url)
    counted = counting(client)

    @counted.cache.cached()
    async def answer() -> int:
        return 7

    own_server.stop()
    assert await answer() == 7
    await counted.stats.flush()
    assert counted.truth.snapshot()["caches"]["cache"] == {"hits": 0, "misses": 0}
    own_server.start()

    async def is_cached_again() -> bool:
        await answer()
        return (await counted.lookups())["hits"] > 0

    await until(is_cached_again)
    await close_client(client)


async def test_a_hit_is_one_command_that_reads(redis: Redis, counted: Counted) -> None:
    @counted.cache.cached()
    async def answer() -> int:
        return 7

    await answer()
    await redis.config_resetstat()
    await answer()
    sent = {name.removeprefix("cmdstat_"): facts["calls"] for name, facts in (await redis.info("commandstats")).items()}
    assert {name: calls for name, calls in sent.items() if not name.startswith("config")} == {"get": 1}
