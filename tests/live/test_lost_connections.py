"""Every lost connection is noticed, reported with its reason if that is known, and marked as a gap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.pubsub import connection as message_connection
from redis_dash.pubsub import subscriber
from redis_dash.pubsub.connection import MessageConnection
from redis_dash.pubsub.subscriber import Subscriber
from tests.conftest import until
from tests.live.relay import relay
from tests.live.subscribing import events, listening, marks
from tests.live.versions import knows

LIMIT = "pubsub 1mb 512kb 1"
MESSAGES = 4000


@pytest.fixture(scope="module")
def strict_server() -> Iterator[EmbeddedServer]:
    """A server that soon disconnects a slow subscriber; its user ``blind`` may not run INFO."""
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        client.config_set("client-output-buffer-limit", LIMIT)
        client.acl_setuser(
            "blind", enabled=True, passwords=["+pw"], commands=["+@all", "-info"], keys=["*"], channels=["*"]
        )
        yield server


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[MessageConnection]:
    """The subscriber's connections, in the order in which they were made."""
    made: list[MessageConnection] = []

    class Noted(MessageConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.append(self)
            super().connection_made(transport)

    monkeypatch.setattr(subscriber, "MessageConnection", Noted)
    return made


async def fall_behind(server: EmbeddedServer, listener: Subscriber, connection: MessageConnection) -> float:
    """Publish far more than the limit while the subscriber does not read; returns when that began."""
    transport = connection._transport
    assert transport is not None
    transport.pause_reading()
    began_at = time.time()
    with redis.Redis(port=server.port) as client:
        before = client.info("stats").get("client_output_buffer_limit_disconnections")
        pipe = client.pipeline(transaction=False)
        for number in range(MESSAGES):
            pipe.publish("orders", b"%d " % number + b"x" * 10_000)
        await asyncio.to_thread(pipe.execute)
        assert client.pubsub_numpat() == 0
        assert client.info("stats").get("client_output_buffer_limit_disconnections") != (before or 0)
        transport.resume_reading()
        await until(lambda: bool(listener.gaps))
        client.publish("orders", b"%d and on" % MESSAGES)
    await until(lambda: listener.log.end > 2 and events(listener)[-1].payload == b"%d and on" % MESSAGES)
    return began_at


@pytest.mark.parametrize(
    ("user", "reasons"),
    [("", ("the server cut us off",)), ("blind:pw@", ("the server closed the connection", "perhaps"))],
)
async def test_cut_off_for_the_backlog(
    strict_server: EmbeddedServer, connections: list[MessageConnection], user: str, reasons: tuple[str, ...]
) -> None:
    url = strict_server.url.replace("//", f"//{user}")
    with redis.Redis(port=strict_server.port) as client:
        if not knows(client, 7, 2):  # it does not count those that it disconnects
            reasons = ("the server closed the connection", "perhaps")
    async with listening(url) as listener:
        began_at = await fall_behind(strict_server, listener, connections[-1])
    (gap,) = listener.gaps
    for words in (*reasons, "our backlog exceeded client-output-buffer-limit"):
        assert words in gap.reason
        assert words in marks(listener)[-1]
    assert gap.began_at <= began_at
    assert gap.ended_at is not None
    numbers = [int(event.payload.split()[0]) for event in events(listener)]
    assert numbers == [*range(len(numbers) - 1), MESSAGES]
    assert len(numbers) < MESSAGES
    assert listener.received == len(numbers)


async def test_a_closed_connection_is_not_taken_for_a_cut_off(strict_server: EmbeddedServer) -> None:
    async with listening(strict_server.url) as listener:
        with redis.Redis(port=strict_server.port) as client:
            client.client_kill_filter(_type="pubsub")
        await until(lambda: bool(listener.gaps))
    assert listener.gaps[0].reason == "the server closed the connection"
    assert listener.dropped == 0
    assert marks(listener)[-1].endswith("unknown")


async def test_a_peer_that_is_gone_without_a_word(
    client: redis.Redis, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_connection, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(message_connection, "SILENCE_S", 0.2)
    async with relay(embedded_server.port) as cable, listening(cable.url) as listener:
        client.publish("orders", "received")
        await until(lambda: listener.received == 1)
        cut_at = time.time()
        cable.cut()
        client.publish("orders", "missed")
        await until(lambda: not listener.connected, within_s=2.0)
        await until(lambda: listener.connected)
        client.publish("orders", "received again")
        await until(lambda: listener.received == 2)
    (gap,) = listener.gaps
    assert gap.began_at <= cut_at
    assert gap.reason == "no answer in time"
    assert [event.payload for event in events(listener)] == [b"received", b"received again"]


async def test_a_connection_lost_within_a_large_message(
    client: redis.Redis,
    embedded_server: EmbeddedServer,
    connections: list[MessageConnection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The received part is no message yet."""
    monkeypatch.setattr(message_connection, "PING_EVERY_S", 60)
    async with relay(embedded_server.port, pause_s=0.01) as slow, listening(slow.url) as listener:
        client.publish("orders", "received")
        await until(lambda: listener.received == 1)
        published_at = time.time()
        await asyncio.to_thread(client.publish, "big", b"y" * 8_000_000)
        await until(lambda: connections[-1].within_message)
        await slow.hang_up()
        await until(lambda: bool(listener.gaps))
    assert (listener.received, listener.dropped) == (1, 1)
    assert listener.gaps[0].began_at <= published_at
