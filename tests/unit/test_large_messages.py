"""Large messages: wherever the bytes are cut, each message is counted once, and its head is kept."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import pytest

from redis_dash.core.messages import Event
from redis_dash.pubsub import connection as message_connection
from redis_dash.pubsub.message_log import HEAD_BYTES
from redis_dash.pubsub.ring_buffer import UNFINISHED_BYTES
from redis_dash.pubsub.subscriber import Subscriber
from tests.unit.test_packed_messages import deliver, listening, message

LARGE = random.Random(1).randbytes(UNFINISHED_BYTES + 300_000)
SMALL = [(b"orders", b"%d" % number) for number in range(60)]


def stream(messages: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(message(channel, payload) for channel, payload in messages)


def cut(data: bytes, size: int, first: int = 0) -> Iterator[bytes]:
    if first:
        yield data[:first]
    for begin in range(first, len(data), size):
        yield data[begin : begin + size]


def read_back(subscriber: Subscriber) -> list[tuple[bytes, bytes, int]]:
    log = subscriber.log
    return [(one.channel, one.payload, one.size) for one in log.read(0, log.end) if isinstance(one, Event)]


def received(chunks: Iterable[bytes]) -> list[tuple[bytes, bytes, int]]:
    """Channel, kept part and size of each message."""
    subscriber, connection = listening()
    for chunk in chunks:
        deliver(connection, chunk)
    kept = read_back(subscriber)
    assert subscriber.received == len(kept)
    return kept


def expected(messages: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes, int]]:
    return [(channel, payload[:HEAD_BYTES], len(payload)) for channel, payload in messages]


@pytest.mark.parametrize("size", [9_001, 262_144, 3_000_000])
@pytest.mark.parametrize("before", [[], SMALL, [*SMALL, (b"big", b"x" * 5000)]])
def test_every_place_to_cut(before: list[tuple[bytes, bytes]], size: int) -> None:
    messages = [*before, (b"big", LARGE), *SMALL]
    data, begin, end = stream(messages), len(stream(before)), len(stream(before)) + len(stream([(b"big", LARGE)]))
    for first in (begin, begin + 1, begin + 13, begin + 40, end - 3, end - 1, end, end + 4):
        assert received(cut(data, size, first)) == expected(messages)


@pytest.mark.parametrize("size", [4096, 65_536])
def test_a_large_payload_that_looks_like_messages(size: int) -> None:
    alike = stream(SMALL) + b"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$6\r\norders\r\n$99999\r\n"
    messages = [*SMALL, (b"big", alike * (UNFINISHED_BYTES // len(alike) + 9)), (b"big", LARGE), *SMALL]
    assert received(cut(stream(messages), size)) == expected(messages)


def test_a_message_that_is_too_large_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_connection, "MOST_MB", 2)
    subscriber, connection = listening()
    deliver(connection, stream(SMALL) + message(b"big", b"x" * 2_000_000))
    assert (subscriber.received, connection.cut_short) == (61, 0)
    deliver(connection, message(b"big", b"x" * 5_000_000)[:3_000_000])
    assert connection.trouble == "a message of more than 2 MB"
    assert (subscriber.received, connection.cut_short) == (61, 1)
