"""The shared scan on a real server: complete, estimated from the first slice on, throttled, fast when requested."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.core.certainty import Count
from redis_dash.core.errors import SourceError
from redis_dash.keyspace.scan import Keyspace, Reader
from redis_dash.keyspace.throttle import DEBT_S, FREE_SLICES
from tests.conftest import until

KEY_GROUPS = {"sessions": ("session:*",), "limits": ("ratelimit:*",), "others": ("a*", "b*")}


def fill(client: redis.Redis, sessions: int, limits: int) -> None:
    keys = {f"session:{number}": "x" for number in range(sessions)}
    client.mset(keys | {f"ratelimit:{number}": "1" for number in range(limits)})


async def count(keyspace: Keyspace, name: str = "sessions") -> Count:
    """The count that a source would report now."""
    return keyspace.counts.count(name, await keyspace.counts.info_after(time.monotonic()))


@pytest.fixture
def keyspace(deployment: Deployment) -> Keyspace:
    return Keyspace(deployment, KEY_GROUPS, budget=0.01, rest_s=0.01)


@contextlib.asynccontextmanager
async def at_work(keyspace: Keyspace) -> AsyncIterator[None]:
    task = asyncio.create_task(keyspace.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_pass_hands_every_key_to_whoever_asked_for_its_kind(keyspace: Keyspace, client: redis.Redis) -> None:
    fill(client, 3000, 2000)
    client.set("unasked", "x")
    seen: list[bytes] = []

    async def examine(keys: Sequence[bytes]) -> None:
        seen.extend(keys)

    keyspace.readers["limits"] = examine
    await keyspace.pass_over()
    assert set(seen) == {b"ratelimit:%d" % number for number in range(2000)}
    sizes = [await count(keyspace, name) for name in KEY_GROUPS]
    assert [(size.value, size.certainty) for size in sizes] == [(3000, "exact"), (2000, "exact"), (0, "exact")]
    assert keyspace.scan().last_done == 5001


async def test_after_the_first_slice_every_family_has_an_estimate(keyspace: Keyspace, client: redis.Redis) -> None:
    fill(client, 30_000, 10_000)
    await keyspace.counts.begin()
    async with contextlib.aclosing(keyspace.walk()) as walk:
        part = await anext(walk)
    keyspace._add(part)
    size = await count(keyspace)
    assert 0.02 < size.coverage < 0.05
    assert size.high is not None
    width = size.high - size.low
    assert width < 6000
    assert size.low - width < 30_000 < size.high + width  # the interval itself holds in 95 of 100 runs


async def test_keys_handed_out_twice_are_not_called_exact(
    keyspace: Keyspace, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server shrinks its hash table during the scan: two buckets become one, which is scanned again."""
    monkeypatch.setattr("redis_dash.keyspace.key_group.HELD", 50)
    fill(client, 60_000, 0)
    seen: Counter[bytes] = Counter()

    async def shrink(keys: Sequence[bytes]) -> None:
        seen.update(keys)
        if seen.total() > 30_000 and client.dbsize() == 60_000:
            client.delete(*(f"session:{number}" for number in range(57_000)))
            pipe = client.pipeline(transaction=False)
            for number in range(20_000):  # each command moves a bucket of the table that is being resized
                pipe.set(f"session:{number % 500 + 59_000}", "y")
            pipe.execute()

    keyspace.readers["sessions"] = shrink
    await keyspace.pass_over()
    size = await count(keyspace)
    assert size.certainty != "exact"
    assert size.holds(3000), size


async def test_a_database_that_stands_still_is_counted_exactly_however_large(
    keyspace: Keyspace, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.key_group.HELD", 50)
    fill(client, 20_000, 0)
    await keyspace.pass_over()
    size = await count(keyspace)
    assert (size.value, size.certainty) == (20_000, "exact")
    async with contextlib.aclosing(keyspace.walk()) as walk:
        await anext(walk)
        client.set("session:new", "x")
    monkeypatch.setattr(keyspace, "_hold_back", lambda: asyncio.to_thread(client.set, "session:newer", "x"))
    await keyspace.pass_over()
    size = await count(keyspace)
    assert (size.certainty, size.holds(20_002)) == ("counted", True)


async def test_the_budget_holds_and_a_hurry_does_not_wait_for_it(
    deployment: Deployment, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.throttle.FIRST_COUNT", 100)
    keyspace = Keyspace(deployment, KEY_GROUPS, budget=0.0001, rest_s=0.01)
    fill(client, 30_000, 0)
    async with at_work(keyspace):
        await until(lambda: keyspace.done > 1000)
        slow = keyspace.done
        assert slow < 30_000
        keyspace.set_full_speed(on=True)
        await until(lambda: keyspace.passes == 1)
        assert not keyspace.full_speed
        assert (await count(keyspace)).value == 30_000


async def test_the_scan_goes_on_while_our_other_commands_take_the_whole_budget(
    deployment: Deployment, client: redis.Redis
) -> None:
    keyspace = Keyspace(deployment, KEY_GROUPS, budget=0.01, rest_s=0.01)
    began = time.monotonic()
    keyspace.besides = lambda: 0.02 * (time.monotonic() - began)
    fill(client, 60_000, 0)
    async with at_work(keyspace):
        await until(lambda: keyspace.done > 1000 * FREE_SLICES)
        done = keyspace.done
        await until(lambda: keyspace.done > done + 4000)


async def test_what_is_asked_about_scanned_keys_is_spent_by_the_scan(
    deployment: Deployment, client: redis.Redis
) -> None:
    """Otherwise, while other commands take the whole budget, each slice would take more than its part."""
    fill(client, 20_000, 0)
    keyspace = Keyspace(deployment, KEY_GROUPS, budget=1.0, rest_s=0.01)

    async def ask(keys: Sequence[bytes]) -> None:
        await deployment.pipeline([(b"STRLEN", key) for key in keys for _ in range(10)])

    await deployment.pipeline([(b"STRLEN", b"key")] * 1000)
    spent = []
    every: tuple[dict[str, Reader], ...] = ({}, {}, {"sessions": ask})
    for readers in every:
        await deployment.price()
        before, keyspace.readers = keyspace._scan_spent_s, readers
        await keyspace.pass_over()
        spent.append(keyspace._scan_spent_s - before)
    _, alone, with_reader = spent
    assert with_reader - alone > 0.5 * client.info("commandstats")["cmdstat_strlen"]["usec"] / 1e6


async def test_a_long_pause_for_the_budget_is_reported_with_its_end(
    deployment: Deployment, client: redis.Redis
) -> None:
    keyspace = Keyspace(deployment, KEY_GROUPS, budget=0.0001, rest_s=0.01)
    fill(client, 60_000, 0)
    async with at_work(keyspace):
        await until(lambda: keyspace.scan().resumes_at is not None)
        done, resumes_at = keyspace.done, keyspace.scan().resumes_at
        assert resumes_at is not None
        assert 0 < resumes_at - time.time() <= DEBT_S
        await until(lambda: keyspace.done > done)
        keyspace.set_full_speed(on=True)
        await until(lambda: keyspace.full_speed and keyspace.scan().resumes_at is None)


async def test_a_hurry_can_be_stopped(deployment: Deployment, client: redis.Redis) -> None:
    keyspace = Keyspace(deployment, KEY_GROUPS, budget=0.0001, rest_s=0.01)
    fill(client, 60_000, 0)
    passes: list[int] = []

    async def stop(keys: Sequence[bytes]) -> None:
        if keyspace.full_speed:
            keyspace.set_full_speed(on=False)
            passes.append(keyspace.passes)

    keyspace.readers["sessions"] = stop
    async with at_work(keyspace):
        keyspace.set_full_speed(on=True)
        await until(lambda: passes != [])
    assert passes == [0]
    assert keyspace.done < 60_000


async def test_a_walk_of_its_own_does_not_disturb_the_pass(keyspace: Keyspace, client: redis.Redis) -> None:
    fill(client, 5000, 0)
    await keyspace.pass_over()
    found = 0
    async with contextlib.aclosing(keyspace.walk()) as walk:
        async for part in walk:
            found += len(part.keys["sessions"])
    assert found == 5000
    assert (await count(keyspace)).value == 5000
    assert keyspace.passes == 1


@pytest.mark.own_errors(2)
async def test_a_readers_bug_is_reported_and_the_scan_goes_on(
    keyspace: Keyspace, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.scan.RETRY_S", 0.01)
    calls: list[int] = []

    async def broken(keys: Sequence[bytes]) -> None:
        calls.append(len(keys))
        if len(calls) < 3:
            raise ZeroDivisionError(keyspace.trouble)

    keyspace.readers["sessions"] = broken
    fill(client, 10, 0)
    async with at_work(keyspace):
        await until(lambda: keyspace.passes > 0)
    assert len(calls) >= 3


async def test_no_right_to_scan_is_reported(make_poor: Callable[..., Deployment]) -> None:
    keyspace = Keyspace(make_poor("-scan"), KEY_GROUPS, budget=0.01, rest_s=0.01)
    async with at_work(keyspace):
        with pytest.raises(SourceError, match=r"not allowed to run SCAN"):
            await keyspace.begun()
