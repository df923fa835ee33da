"""Large messages on a real server: exact counts on all channels, bounded memory, and a gap that is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.pubsub import connection as message_connection
from redis_dash.pubsub.message_log import HEAD_BYTES
from tests.conftest import until
from tests.live.relay import relay
from tests.live.subscribing import events, listening

LARGE, TOO_LARGE = 30_000_000, 100_000_000
PUBLISH = """
for number = 1, 500 do redis.call('PUBLISH', number % 2 == 0 and 'orders' or 'payments', 'before ' .. number) end
redis.call('PUBLISH', 'big', string.rep(string.rep('y', 1000000), tonumber(ARGV[1]) / 1000000))
for number = 1, 500 do redis.call('PUBLISH', number % 5 == 0 and 'orders' or 'payments', 'behind ' .. number) end
"""
"""A script that publishes a large message, so that the test process holds it only as a subscriber."""


@pytest.fixture(scope="module")
def patient_server() -> Iterator[EmbeddedServer]:
    """A server that never disconnects a slow subscriber."""
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        client.config_set("client-output-buffer-limit", "pubsub 0 0 0")
        yield server


async def publish(server: EmbeddedServer, *sizes: int) -> None:
    with redis.Redis(port=server.port) as client:
        for size in sizes:
            await asyncio.to_thread(client.eval, PUBLISH, 0, str(size))


@pytest.mark.parametrize("channels", [("big", "orders", "payments"), ("*",)])
async def test_large_messages_are_counted_and_their_memory_does_not_add_up(
    patient_server: EmbeddedServer, channels: tuple[str, ...]
) -> None:
    memory = psutil.Process().memory_info
    async with listening(patient_server.url, *channels) as subscriber:
        await publish(patient_server, 3_000_000)
        await until(lambda: subscriber.received == 1001)
        before = memory().rss
        await publish(patient_server, *[LARGE] * 6)
        await until(lambda: subscriber.received == 7007, within_s=60)
        assert not subscriber.gaps
        assert memory().rss - before < 3 * LARGE
    assert subscriber.counts == {b"big": 7, b"orders": 7 * 350, b"payments": 7 * 650}
    large = [event for event in events(subscriber) if event.channel == b"big"]
    assert [event.size for event in large] == [3_000_000, *[LARGE] * 6]
    assert all(event.payload == b"y" * HEAD_BYTES for event in large)
    assert [event.payload for event in events(subscriber)[-500:]] == [b"behind %d" % number for number in range(1, 501)]


async def test_a_message_that_is_too_large_is_a_gap(patient_server: EmbeddedServer) -> None:
    async with listening(patient_server.url) as subscriber:
        await publish(patient_server, TOO_LARGE)
        await until(lambda: bool(subscriber.gaps) and subscriber.connected, within_s=60)
        (gap,) = subscriber.gaps
        assert gap.reason == f"a message of more than {message_connection.MOST_MB} MB"
        assert (subscriber.received, subscriber.dropped) == (500, 1)
        await publish(patient_server, 1_000_000)
        await until(lambda: subscriber.received == 1501)


async def test_a_peer_that_sends_a_large_message_slowly_is_not_dead(
    patient_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_connection, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(message_connection, "SILENCE_S", 0.2)
    async with relay(patient_server.port, pause_s=0.01) as slow, listening(slow.url) as subscriber:
        await publish(patient_server, 5_000_000)
        await until(lambda: subscriber.received == 1001)
        assert not subscriber.gaps
        assert subscriber.connected
