"""Stretches of the wire: whatever the chunks and however hostile the bytes, what is read back is what was counted."""

from __future__ import annotations

import asyncio
import random

import pytest

from redis_dash.config import Url
from redis_dash.eventlog import Event, EventLog
from redis_dash.messagewire import MessageWire
from redis_dash.subscriber import Subscriber


def message(channel: bytes, payload: bytes) -> bytes:
    strings = (b"pmessage", b"*", channel, payload)
    return b"*4\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(string), string) for string in strings)


def listening() -> tuple[Subscriber, MessageWire]:
    subscriber = Subscriber(Url("redis://127.0.0.1"), ("*",), EventLog())
    wire = MessageWire(subscriber.count, subscriber.keep)
    wire._transport = asyncio.Transport()
    wire._subscribed = True
    return subscriber, wire


def shown(log: EventLog) -> list[tuple[bytes, bytes]]:
    return [(entry.channel, entry.payload) for entry in log.read(0, log.end) if isinstance(entry, Event)]


def hostile(rng: random.Random, before: bytes) -> bytes:
    """Payloads that look like messages, like the message before, or like the beginning of a long one."""
    return rng.choice(
        [
            b"plain %d" % rng.randrange(3),
            before,
            before + b"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$6\r\norders\r\n$90000\r\n",
            message(b"fake", b"x") * rng.randrange(4),
            rng.randbytes(rng.randrange(60)) + before,
            b"\r\n",
            b"",
            b"tick",
            b"*4\r\n",
        ]
    )


@pytest.mark.parametrize("seed", range(60))
def test_what_is_read_back_is_what_was_sent(seed: int) -> None:
    rng = random.Random(seed)
    sent: list[tuple[bytes, bytes]] = []
    stream, before = bytearray(), b""
    for _ in range(rng.randint(1, 120)):
        channel = rng.choice([b"orders", b"payments", rng.randbytes(5), b"c" * rng.randrange(300), before[:200]])
        payload = hostile(rng, before)
        before = message(channel, payload)
        sent.append((channel, payload))
        stream += before
    subscriber, wire = listening()
    place, step = 0, rng.choice([1, 7, 40, 400, 4000])
    while place < len(stream):
        size = rng.randint(1, step)
        wire.data_received(bytes(stream[place : place + size]))
        place += size
    assert subscriber.received == len(sent)
    assert shown(subscriber.log) == sent


def test_ordinary_messages_are_kept_as_they_came() -> None:
    """Else holding a hundred thousand of them would cost three times as much memory, and time."""
    subscriber, wire = listening()
    stream = b"".join(message(b"orders", b"%08d" % number * 10) for number in range(3000))
    for begin in range(0, len(stream), 10_000):
        wire.data_received(stream[begin : begin + 10_000])
    assert wire._before == b""
    assert len(stream) < subscriber.log._nbytes < 1.1 * len(stream)
    assert all("Stretch.messages" in repr(chunk.unpack) for chunk in subscriber.log._chunks)
    assert len(shown(subscriber.log)) == 3000
