"""The events topic: counts of channels, and channels that are not received."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace

import pytest
import redis

from redis_dash.core.commands import CountAfresh
from redis_dash.pubsub.subscriber import CHANNELS_KEPT, Subscriber
from redis_dash.sources import events as events_source
from redis_dash.sources.base import Context
from redis_dash.sources.events import CHANNELS_SHOWN, NAME_BYTES, EventsSource
from redis_dash.streams.reader import StreamReader
from tests.conftest import until, until_async
from tests.live.test_snapshot import taken
from tests.live.versions import needs

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


def counting(context: Context) -> tuple[EventsSource, Subscriber]:
    """A source whose subscriber seems connected and counts the messages that a test adds."""
    subscriber = context.subscriber
    subscriber.connected = True
    subscriber.tried.set()
    return EventsSource(context), subscriber


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


async def test_sharded_channels_are_reported(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(client, 7, what="sharded channels")
    monkeypatch.setattr(events_source, "SHARDS_EVERY_S", 0.02)
    context = make_context()
    source = EventsSource(context)
    async with at_work(asyncio.create_task(context.subscriber.run()), asyncio.create_task(source.run())):
        await until(lambda: context.subscriber.connected)
        assert (await source.read()).note == ""
        listener = client.pubsub()  # type: ignore[no-untyped-call]
        listener.ssubscribe("orders", "payments")
        await until_async(lambda: _has_note(source, True))
        sample = await source.read()
        assert sample.status == "ok"
        assert sample.note == "2 sharded channels are not received (SPUBLISH)"
        assert sample.frame.shard_channels == 2
        client.execute_command("SPUBLISH", "orders", "x")  # type: ignore[no-untyped-call]
        listener.close()
        await until_async(lambda: _has_note(source, False))
        assert sample.frame.received == 0


async def test_the_counts_of_channels_do_not_wait_for_streams(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_source, "STREAMS_WITHIN_S", 0.02, raising=False)
    monkeypatch.setattr(StreamReader, "read", lambda reader: asyncio.Event().wait())
    context = make_context()
    context.streams.follow([b"orders"])
    source, subscriber = counting(context)
    subscriber.count([b"a"] * 3)
    async with asyncio.timeout(20):
        assert (await source.read()).frame.received == 3


async def _has_note(source: EventsSource, has_one: bool) -> bool:
    return bool((await source.read()).note) is has_one


async def test_a_rate_is_unknown_before_two_readings_and_while_nothing_is_received(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(events_source, "time", SimpleNamespace(monotonic=lambda: now))
    source, subscriber = counting(make_context())
    subscriber.count([b"a"] * 50)
    assert (await source.read()).frame.rate is None
    subscriber.count([b"a"] * 50)
    now += 0.04  # two messages in such a time would be 50 a second
    assert (await source.read()).frame.rate is None
    now += 0.96
    frame = (await source.read()).frame
    assert (frame.rate, frame.channels[0].rate) == (50, 50)
    with monkeypatch.context() as patch:
        patch.setattr(Subscriber, "is_silent", True)
        frame = source.sample().frame
    assert (frame.received, frame.rate, frame.channels[0].rate) == (100, None, None)
    now += 1
    assert source.sample().frame.rate == 0  # what came before the silence is not counted


async def test_a_channel_that_was_put_together_and_comes_again_has_no_negative_rate(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_source, "time", SimpleNamespace(monotonic=iter((100.0, 102.0)).__next__))
    source, subscriber = counting(make_context())
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


async def test_a_long_name_is_shown_by_its_beginning(make_context: MakeContext) -> None:
    source, subscriber = counting(make_context())
    subscriber.count([b"n" * 900_000, b"session:" + b"s" * 900_000])
    names = [channel.channel for channel in (await source.read()).frame.channels]
    assert sorted(names) == ["n" * NAME_BYTES + "…", "session:ssss…"]


async def test_a_channel_that_becomes_one_of_the_busiest_has_a_rate_at_once(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_source, "time", SimpleNamespace(monotonic=iter((100.0, 102.0)).__next__))
    source, subscriber = counting(make_context())
    subscriber.count([b"%d" % number for number in range(CHANNELS_SHOWN) for _ in range(3)] + [b"new"])
    await source.read()
    subscriber.count([b"new"] * 202)
    frame = (await source.read()).frame
    assert (frame.channels[0].channel, frame.channels[0].count, frame.channels[0].rate) == ("new", 203, 100.0)
    assert frame.rate == 101.0


async def test_counting_starts_over_with_every_figure(make_context: MakeContext) -> None:
    source, subscriber = counting(make_context())
    subscriber.count([b"%07d" % number + b"n" * 500_000 for number in range(16)])
    subscriber.dropped = 2
    source.ask(CountAfresh())
    subscriber.count([b"a" * 900_000, b"b"])
    frame = (await source.read()).frame
    assert (frame.received, frame.dropped, frame.overwritten, frame.other, frame.channel_count) == (2, 0, 2, 0, 2)
