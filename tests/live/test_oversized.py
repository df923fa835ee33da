"""Oversized messages on a real server: exact counts on all channels, and little memory."""

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

OVERSIZED = 100_000_000
PUBLISH = """
for number = 1, 500 do redis.call('PUBLISH', number % 2 == 0 and 'orders' or 'payments', 'before ' .. number) end
redis.call('PUBLISH', 'big', string.rep(string.rep('y', 1000000), tonumber(ARGV[1]) / 1000000))
for number = 1, 500 do redis.call('PUBLISH', number % 5 == 0 and 'orders' or 'payments', 'behind ' .. number) end
"""
"""A script that publishes an oversized message, so that the test process never holds it."""


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
async def test_an_oversized_message_passes_by_and_costs_no_memory(
    patient_server: EmbeddedServer, channels: tuple[str, ...]
) -> None:
    memory = psutil.Process().memory_info
    async with listening(patient_server.url, *channels) as subscriber:
        await publish(patient_server, 3_000_000)
        await until(lambda: subscriber.received == 1001)
        before, most = memory().rss, 0

        def done() -> bool:
            nonlocal most
            most = max(most, memory().rss)
            return subscriber.received >= 3003

        publishing = asyncio.create_task(publish(patient_server, OVERSIZED, OVERSIZED))
        await until(done, within_s=60)
        await publishing
        assert not subscriber.gaps
        assert most - before < 20_000_000
    assert subscriber.counts == {b"big": 3, b"orders": 3 * 350, b"payments": 3 * 650}
    oversized = [event for event in events(subscriber) if event.channel == b"big"]
    assert [event.size for event in oversized] == [3_000_000, OVERSIZED, OVERSIZED]
    assert all(event.payload == b"y" * HEAD_BYTES for event in oversized)
    assert [event.payload for event in events(subscriber)[-500:]] == [b"behind %d" % number for number in range(1, 501)]


async def test_a_peer_that_sends_an_oversized_message_slowly_is_not_dead(
    patient_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_connection, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(message_connection, "SILENCE_S", 0.2)
    async with relay(patient_server.port, pause_s=0.01) as slow, listening(slow.url) as subscriber:
        await publish(patient_server, 5_000_000)
        await until(lambda: subscriber.received == 1001)
        assert not subscriber.gaps
        assert subscriber.connected
