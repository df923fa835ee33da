"""The events topic: what is told of channels, and what is not heard at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from redis_dash.sources import events as events_source
from redis_dash.sources.base import Context
from redis_dash.sources.events import NAME_BYTES, EventsSource
from redis_dash.subscriber import CHANNELS_KEPT, Subscriber
from tests.conftest import until, until_async
from tests.live.test_snapshot import taken

MakeContext = Callable[..., Context]
ID = "k3J9xQpLz7-f00dfeed"


@contextlib.asynccontextmanager
async def at_work(*tasks: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def connect(subscriber: Subscriber) -> None:
    """As if it had been; nothing is sent."""
    subscriber.tried.set()
    subscriber.connected = True


async def test_keyspace_notifications_show_no_session_id(redis_url: str, client: redis.Redis) -> None:
    client.config_set("notify-keyspace-events", "KEA")
    try:
        taking = asyncio.create_task(taken(redis_url, seconds=0.5))
        await until(lambda: client.pubsub_numpat() > 0)
        while not taking.done():
            client.set(f"session:{ID}", json.dumps({"email": "ann@example.com"}))
            await asyncio.sleep(0.05)
        document, _, talk = await taking
    finally:
        client.config_set("notify-keyspace-events", "")
    channels = {channel["channel"] for channel in document["topics"]["events"]["frame"]["channels"]}
    assert "__keyspace@0__:session:k3J9…" in channels
    assert ID not in json.dumps(document) + talk
    assert ID[4:] not in json.dumps(document) + talk


async def test_sharded_channels_are_told(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_source, "SHARDS_EVERY_S", 0.02)
    context = make_context()
    source = EventsSource(context)
    async with at_work(asyncio.create_task(context.subscriber.run()), asyncio.create_task(source.run())):
        await until(lambda: context.subscriber.connected)
        assert (await source.read()).status == "ok"
        listener = client.pubsub()  # type: ignore[no-untyped-call]
        listener.ssubscribe("orders", "payments")
        await until_async(lambda: _status_is(source, "reduced"))
        sample = await source.read()
        assert sample.note == "2 sharded channels are not listened to (SPUBLISH)"
        assert sample.frame.shard_channels == 2
        client.execute_command("SPUBLISH", "orders", "x")  # type: ignore[no-untyped-call]
        listener.close()
        await until_async(lambda: _status_is(source, "ok"))
        assert sample.frame.received == 0


async def _status_is(source: EventsSource, status: str) -> bool:
    return (await source.read()).status == status


async def test_a_channel_that_was_put_together_and_comes_again_has_no_negative_rate(make_context: MakeContext) -> None:
    context = make_context()
    source, subscriber = EventsSource(context), context.subscriber
    connect(subscriber)
    subscriber.count([b"seldom"] * 5)
    await source.read()
    subscriber.count([name for number in range(2 * CHANNELS_KEPT) for name in [b"%d" % number] * 6])
    assert b"seldom" not in subscriber.counts
    subscriber.counts.clear()
    subscriber.other = subscriber.received
    subscriber.count([b"seldom"])
    frame = (await source.read()).frame
    assert [(channel.channel, channel.count) for channel in frame.channels] == [("seldom", 1)]
    assert frame.channels[0].rate == 0
    assert frame.other + 1 == frame.received


async def test_a_long_name_is_told_by_its_beginning(make_context: MakeContext) -> None:
    context = make_context()
    connect(context.subscriber)
    context.subscriber.count([b"n" * 900_000, b"session:" + b"s" * 900_000])
    told = [channel.channel for channel in (await EventsSource(context).read()).frame.channels]
    assert sorted(told) == ["n" * NAME_BYTES + "…", "session:ssss…"]
