"""The subscriber: counts exactly, keeps the beginning of large messages, survives restarts, marks gaps."""

from __future__ import annotations

import asyncio

import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Url
from redis_dash.pubsub.message_log import HEAD_BYTES, MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from tests.conftest import until
from tests.live.subscribing import events, listening, marks


async def test_counts_every_message_by_channel(redis_url: str, client: redis.Redis) -> None:
    async with listening(redis_url) as subscriber:
        pipe = client.pipeline(transaction=False)
        for number in range(20_000):
            pipe.publish("orders" if number % 4 else "payments", f"message {number}")
        await asyncio.to_thread(pipe.execute)
        await until(lambda: subscriber.received == 20_000)
    assert subscriber.counts == {b"orders": 15_000, b"payments": 5_000}
    assert [event.payload for event in events(subscriber)] == [b"message %d" % number for number in range(20_000)]


async def test_a_message_that_fits_two_subscriptions_counts_once(redis_url: str, client: redis.Redis) -> None:
    async with listening(redis_url, "orders", "o*", "*s") as subscriber:
        for channel in ("orders", "other", "payments", "missed"):
            client.publish(channel, "x")
        client.publish("orders", "last")
        await until(lambda: subscriber.counts[b"orders"] == 2)
    assert subscriber.counts == {b"orders": 2, b"other": 1, b"payments": 1}


async def test_the_head_of_a_large_message_is_kept(redis_url: str, client: redis.Redis) -> None:
    async with listening(redis_url) as subscriber:
        client.publish("big", b"y" * 5_000_000)
        client.publish("small", b"z")
        await until(lambda: subscriber.received == 2)
    big, small = events(subscriber)
    assert (len(big.payload), big.size) == (HEAD_BYTES, 5_000_000)
    assert (small.payload, small.size) == (b"z", 1)


async def test_a_restart_is_a_gap_and_then_goes_on() -> None:
    with EmbeddedServer() as server:
        async with listening(server.url) as subscriber:
            server.stop()
            await until(lambda: not subscriber.connected)
            server.start()
            await until(lambda: subscriber.connected)
            with redis.Redis(port=server.port) as client:
                client.publish("after", "x")
            await until(lambda: subscriber.received == 1)
            assert subscriber.open_gap is None
        (gap,) = subscriber.gaps
        assert gap.ended_at is not None
        assert gap.ended_at >= gap.began_at
        lost, reconnected = marks(subscriber)
        assert lost.startswith("connection lost")
        assert reconnected.startswith("reconnected")
        assert reconnected.endswith("unknown")


async def test_a_killed_connection_is_noticed_at_once(redis_url: str, client: redis.Redis) -> None:
    async with listening(redis_url) as subscriber:
        client.client_kill_filter(_type="pubsub")
        await until(lambda: bool(subscriber.gaps))
        assert subscriber.connected


async def test_a_user_who_may_not_subscribe_is_reported(redis_url: str, client: redis.Redis) -> None:
    client.acl_setuser("deaf", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["*"], reset_channels=True)
    try:
        subscriber = Subscriber(Url(redis_url.replace("redis://", "redis://deaf:pw@")), ("*",), MessageRing())
        task = asyncio.create_task(subscriber.run())
        await until(lambda: subscriber.refused)
        task.cancel()
        assert subscriber.trouble == "not allowed to listen to *"
    finally:
        client.acl_deluser("deaf")
