"""The estimates of the first readings, which begin when the first slice of the scan has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis

from redis_dash.sources.base import Context, Source
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.live.tracking import listening

MakeContext = Callable[..., Context]
OF_TOPIC, OTHERS = 400, 4000


@pytest.mark.parametrize(
    ("make_source", "group", "key"),
    [(SessionsSource, "sessions", "session:{:032x}"), (RateLimitsSource, "limits", "ratelimit:10.0.{}")],
)
async def test_keys_that_are_found_and_not_yet_examined_are_counted(
    make_context: MakeContext,
    client: redis.Redis,
    make_source: Callable[[Context], Source[Any]],
    group: str,
    key: str,
) -> None:
    """The reading begins while the sources still ask for the lifetimes of what the second slice has found."""
    client.mset({f"product:{number}": "x" for number in range(OTHERS)})
    client.mset({key.format(number): 5 for number in range(OF_TOPIC)})
    context = make_context(budget=0.001)
    source = make_source(context)
    context.keyspace.counts.tracking = context.tracking
    async with listening(context.tracking, group):
        entered, slices = asyncio.Event(), list[int]()

        async def examine(keys: Sequence[bytes]) -> None:
            slices.append(len(keys))
            if len(slices) > 1:
                entered.set()
                await asyncio.Event().wait()

        context.keyspace.readers[group] = examine
        scan = asyncio.create_task(context.keyspace.pass_over())
        await entered.wait()
        count = (await source.read()).count
        scan.cancel()
        await asyncio.gather(scan, return_exceptions=True)
    assert count is not None
    assert count.certainty == "estimated"
    assert OF_TOPIC / 2 < count.value < 2 * OF_TOPIC, count  # five standard deviations


@pytest.mark.parametrize("full_speed", [False, True])
async def test_all_readers_have_processed_a_slice_before_the_first_readings_begin(
    make_context: MakeContext, client: redis.Redis, *, full_speed: bool
) -> None:
    """They would list nothing otherwise, and the next ones come a second later."""
    client.mset({f"session:{number:032x}": "{}" for number in range(10)})
    client.mset({f"ratelimit:{number}": 1 for number in range(10)})
    context = make_context()
    keyspace = context.keyspace
    processed: list[str] = []
    for group in ("sessions", "limits"):

        async def process(keys: Sequence[bytes], group: str = group) -> None:
            await context.deployment.pipeline([(b"PING",)] * 3)
            processed.append(group)

        keyspace.readers[group] = process
    keyspace.set_full_speed(full_speed)
    scan = asyncio.create_task(keyspace.pass_over())
    await keyspace.begun()
    assert sorted(processed) == ["limits", "sessions"]
    await scan
