"""The cost of watching, beside an application that runs the same commands on much larger values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config
from redis_dash.core.resp import Command
from redis_dash.hub import Hub
from redis_dash.keyspace.scan import Keyspace
from tests.conftest import until
from tests.live.conftest import running

FIELDS = 2000
"""Fields of the application's hash: reading it takes a hundred times as long as reading ours."""


@pytest.fixture
def busy(client: redis.Redis) -> Callable[[], None]:
    """Returns a function that reads large hashes, as an application would."""
    client.hset("large", mapping={f"field{number}": "x" * 20 for number in range(FIELDS)})
    client.hset("small", "field", "x")

    def read() -> None:
        pipe = client.pipeline(transaction=False)
        for _ in range(50):
            pipe.hgetall("large")
        pipe.execute()

    return read


SMALL: list[Command] = [(b"HGETALL", b"small")] * 20


async def test_ours_are_not_priced_by_what_the_applications_take(
    deployment: Deployment, client: redis.Redis, busy: Callable[[], None]
) -> None:
    await deployment.price()
    for _ in range(3):
        busy()
        await deployment.pipeline(SMALL)
        await deployment.price()
    stats = client.info("commandstats")["cmdstat_hgetall"]
    usec = deployment.nodes[0].cost.usec(b"HGETALL")
    assert usec is not None
    assert usec < stats["usec_per_call"] / 10
    lookups = client.info("stats")
    application = 3 * 50
    assert (lookups["keyspace_hits"] - application, lookups["keyspace_misses"]) == (
        deployment.nodes[0].own.hits,
        deployment.nodes[0].own.misses,
    )


async def test_a_sample_returns_what_was_asked_for(deployment: Deployment, client: redis.Redis) -> None:
    client.set("a", "1")
    client.rpush("list", "x")
    commands: list[Command] = [(b"GET", b"a"), (b"GET", b"none"), (b"GET", b"list"), *[(b"PTTL", b"a")] * 150]
    plain = await deployment.pipeline(commands)
    await deployment.price()
    client.get("a")
    await deployment.pipeline(commands[:1])
    deployment.nodes[0].cost._sample_at[b"GETRANGE"] = 0.0
    sampled = await deployment.pipeline(commands)
    assert deployment.nodes[0].cost._samples
    assert list(map(str, sampled)) == list(map(str, plain))


@pytest.mark.parametrize("without", ["-multi", "-hgetall"])
async def test_where_a_transaction_is_refused_the_commands_run_as_they_are(
    make_poor: Callable[..., Deployment], client: redis.Redis, busy: Callable[[], None], without: str
) -> None:
    poor = make_poor(without)
    await poor.price()
    busy()
    await poor.pipeline(SMALL)
    await poor.price()
    poor.nodes[0].cost._sample_at[b"HGETALL"] = 0.0
    poor.nodes[0].refused.connected()  # so that what is refused is sent again now
    replies = await poor.pipeline(SMALL)
    assert len(replies) == len(SMALL)
    assert replies[0] == [b"field", b"x"] or "no permissions" in str(replies[0])
    assert not poor.nodes[0].cost.wants(SMALL)
    busy()
    await poor.price()
    assert not poor.nodes[0].cost.wants(SMALL)


async def test_messages_that_the_server_delivers_to_us_cost_it_something(redis_url: str, client: redis.Redis) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=0.1))) as hub:
        await until(lambda: hub.subscribed)
        before = hub.deployment.watching_cost()
        for _ in range(2000):
            client.publish("orders", "x" * 100)
        await until(lambda: hub.received == 2000)
        await hub.deployment.info(max_age_s=-1)
        after = hub.deployment.watching_cost()
    assert 0.5 < after.messages_ms - before.messages_ms < 100
    assert after.server_ms - before.server_ms >= after.messages_ms - before.messages_ms - 1e-9
    assert after.commands > before.commands


async def test_the_scan_is_priced_apart_from_other_scans(deployment: Deployment, client: redis.Redis) -> None:
    client.mset({f"key:{number}": "x" for number in range(20_000)})
    keyspace = Keyspace(deployment, {"all": ("key:*",)}, budget=1.0, rest_s=0.01)
    task = asyncio.create_task(keyspace.run())
    try:
        await until(lambda: keyspace.passes > 0)
        pipe = client.pipeline(transaction=False)
        for _ in range(3000):
            pipe.scan(count=1)
        pipe.execute()
        await deployment.price()
        await until(lambda: b"SCAN" in deployment.nodes[0].cost._samples)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    usec = deployment.nodes[0].cost.usec(b"SCAN")
    assert usec is not None
    assert usec > 3 * client.info("commandstats")["cmdstat_scan"]["usec_per_call"]
