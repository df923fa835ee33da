"""Packed messages: for any chunks and any hostile bytes, the messages read back are those that were counted."""

from __future__ import annotations

import asyncio
import random
import time
from types import SimpleNamespace

import pytest

from redis_dash.config import Url
from redis_dash.core.messages import Event
from redis_dash.pubsub import connection as message_connection
from redis_dash.pubsub.connection import GULP_BYTES, GULP_S, MessageConnection
from redis_dash.pubsub.message_log import HEAD_BYTES, MessageRing
from redis_dash.pubsub.packed_messages import unpack
from redis_dash.pubsub.ring_buffer import ROOM_BYTES
from redis_dash.pubsub.subscriber import NAMES_BYTES, Subscriber
from tests.conftest import until


def message(channel: bytes, payload: bytes) -> bytes:
    strings = (b"pmessage", b"*", channel, payload)
    return b"*4\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(string), string) for string in strings)


def listening(sifts: bool = False) -> tuple[Subscriber, MessageConnection]:
    subscriber = Subscriber(Url("redis://127.0.0.1"), ("*",), MessageRing())
    connection = MessageConnection(subscriber.count, subscriber.log, subscriber.sift if sifts else None)
    connection._transport = Transport()
    connection._subscribed = True
    return subscriber, connection


class Transport(asyncio.Transport):
    """Records the calls of the connection."""

    def __init__(self, holds: int = 0) -> None:
        """``holds`` is the size of the socket's receive buffer."""
        super().__init__({"socket": SimpleNamespace(getsockopt=lambda *_: holds)} if holds else None)
        self.asked: list[str] = []
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.asked.append("pause")

    def write(self, data: object) -> None:
        self.asked.append("write")

    def resume_reading(self) -> None:
        self.asked.append("resume")

    def abort(self) -> None:
        self.asked.append("abort")


def deliver(connection: MessageConnection, data: bytes) -> None:
    """As the event loop does it."""
    while data:
        room = connection.get_buffer(-1)
        size = min(len(room), len(data))
        room[:size] = data[:size]
        connection.buffer_updated(size)
        data = data[size:]


def shown(log: MessageRing) -> list[tuple[bytes, bytes]]:
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
    subscriber, connection = listening()
    place, step = 0, rng.choice([1, 7, 40, 400, 4000])
    while place < len(stream):
        size = rng.randint(1, step)
        deliver(connection, bytes(stream[place : place + size]))
        place += size
    assert subscriber.received == len(sent)
    assert shown(subscriber.log) == sent


def test_ordinary_messages_are_kept_as_they_came() -> None:
    """Holding a hundred thousand message objects would take three times as much memory and time."""
    subscriber, connection = listening()
    stream = b"".join(message(b"orders", b"%08d" % number * 10) for number in range(3000))
    for begin in range(0, len(stream), 10_000):
        deliver(connection, stream[begin : begin + 10_000])
    assert len(stream) < subscriber.log._nbytes < 1.1 * len(stream)
    assert all(chunk.content is unpack for chunk in subscriber.log._chunks)
    assert len(shown(subscriber.log)) == 3000


async def test_what_comes_thick_is_read_in_gulps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message alone costs three times as much: 2,000 a second took 22 % of a core, and 7 % in gulps."""
    monkeypatch.setattr(message_connection, "GULP_S", 1.0)  # reads within an eighth of it count as fast
    subscriber, connection = listening()
    transport = connection._transport
    assert isinstance(transport, Transport)
    transport.closing = False
    deliver(connection, message(b"orders", b"after a silence"))
    assert transport.asked == []
    deliver(connection, message(b"orders", b"right behind it"))
    assert transport.asked == ["pause"]
    await until(lambda: transport.asked == ["pause", "resume"])
    deliver(connection, message(b"orders", b"x" * ROOM_BYTES))
    assert transport.asked == ["pause", "resume", "pause"]  # for what was left of it; not for what filled the room
    assert subscriber.received == 3


@pytest.mark.parametrize("seed", range(20))
def test_the_ring_buffer_keeps_what_the_log_refers_to(seed: int) -> None:
    """Small rings and messages of all sizes: the latest messages can be read and are intact."""
    rng = random.Random(seed)
    log = MessageRing(capacity=rng.choice([1, 30, 400]), max_bytes=rng.choice([1, 20_000, 3_000_000]))
    subscriber = Subscriber(Url("redis://127.0.0.1"), ("*",), log)
    connection = MessageConnection(subscriber.count, log)
    connection._transport, connection._subscribed = Transport(), True
    sent: list[tuple[bytes, bytes]] = []
    for _ in range(40):
        begin = len(sent)
        for _ in range(rng.randrange(1, 400)):
            size = rng.choice([3, 130, 130, rng.randrange(3000), rng.choice([130, 20_000])])
            sent.append((b"orders", b"%d " % len(sent) + rng.randbytes(size)))
        stream = b"".join(message(*one) for one in sent[begin:])
        cut = rng.randrange(len(stream))
        deliver(connection, stream[:cut])
        deliver(connection, stream[cut:])
        kept = [(channel, payload[:HEAD_BYTES]) for channel, payload in sent[len(sent) - log.kept :]]
        assert shown(log) == kept
        assert log.kept + log.overwritten == subscriber.received == len(sent)


def test_the_ring_stays_full_and_takes_no_more_memory_than_it_holds() -> None:
    subscriber, connection = listening()
    log = subscriber.log
    for size in (100, 300, 100):  # it grows when messages do
        stream = b"".join(message(b"orders", b"x" * size) for _ in range(1000))
        for _ in range(350):
            deliver(connection, stream)
            assert log.kept == min(log.capacity, subscriber.received) or size == 300
        assert log.kept == log.capacity
    assert log.buffer._extent < 1.1 * log.capacity * len(message(b"orders", b"x" * 300))


def test_a_room_that_ends_where_the_oldest_message_begins_is_full() -> None:
    """Reads that fill the whole room with messages whose size divides it."""
    log = MessageRing(capacity=16_384)
    subscriber = Subscriber(Url("redis://127.0.0.1"), ("*",), log)
    connection = MessageConnection(subscriber.count, log)
    connection._transport, connection._subscribed = Transport(), True
    empty = len(message(b"c", b"x" * 10)) - 10
    sent: list[bytes] = []
    for size in (64, 128):
        for _ in range(7 if size == 64 else 40):
            begin = len(sent)
            sent += (b"%0*d" % (size - empty, begin + number) for number in range(ROOM_BYTES // size))
            deliver(connection, b"".join(message(b"c", payload) for payload in sent[begin:]))
            room = log.room()
            first = log.buffer.end
            assert all(c.end <= first or c.begin >= first + len(room) for c in log._chunks)
            assert [payload for _, payload in shown(log)] == sent[len(sent) - log.kept :]


def test_a_name_that_holds_the_message_before_it() -> None:
    subscriber, connection = listening()
    first = message(b"orders", b"tick")
    strange = message(b"c" * 6000 + first + b"zzz", b"y" * 600)
    stream = message(b"orders", b"one") + first + strange + first * 20
    cut = len(stream) - len(first) * 20 - 300
    deliver(connection, stream[:cut])
    deliver(connection, stream[cut:])
    assert subscriber.received == 23
    assert len(shown(subscriber.log)) == 23


def test_an_unexpected_reply_is_no_message() -> None:
    subscriber, connection = listening()
    deliver(connection, message(b"orders", b"one") + b"-ERR what\r\n" + b":1\r\n" + message(b"orders", b"two"))
    assert subscriber.counts == {b"orders": 2}
    assert shown(subscriber.log) == [(b"orders", b"one"), (b"orders", b"two")]


@pytest.mark.parametrize(
    "nonsense", [b"*0\r\n", b"*1\r\n$7\r\nmessage\r\n", b"*1\r\n:1\r\n", b"*1\r\n*0\r\n", b"$-1\r\n", b"*-1\r\n"]
)
@pytest.mark.parametrize("sifts", [False, True])
def test_a_reply_that_is_no_message_is_passed_over(nonsense: bytes, sifts: bool) -> None:
    subscriber, connection = listening(sifts)
    deliver(connection, message(b"orders", b"one") + nonsense + message(b"orders", b"two"))
    assert (subscriber.counts, subscriber.received, connection.cut_short) == ({b"orders": 2}, 2, 0)
    assert shown(subscriber.log) == [(b"orders", b"one"), (b"orders", b"two")]


@pytest.mark.parametrize(
    ("channel", "sifts"),
    [(b":1\r\n", False), (b":1\r\n", True), (b"*0\r\n", False), (b"$-1\r\n", False), (b"$-1\r\n", True)],
)
def test_a_channel_that_is_no_name_ends_the_connection_and_is_reported(channel: bytes, sifts: bool) -> None:
    subscriber, connection = listening(sifts)
    deliver(connection, message(b"orders", b"one"))
    deliver(connection, b"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n" + channel + b"$1\r\nx\r\n")
    assert (subscriber.counts, subscriber.received, connection.cut_short) == ({b"orders": 1}, 1, 1)
    assert "protocol" in connection.trouble


def test_what_is_left_unfinished_is_a_message_that_is_lost() -> None:
    _, connection = listening()
    deliver(connection, message(b"orders", b"one") + message(b"orders", b"two")[:-1])
    assert connection.cut_short == 1
    deliver(connection, b"\n")
    assert connection.cut_short == 0


def test_long_names_are_bounded_in_bytes() -> None:
    subscriber, connection = listening()
    for number in range(60):
        deliver(connection, message(b"%03d" % number + b"n" * 900_000, b"x") + message(b"orders", b"y"))
    assert subscriber.received == 120
    assert subscriber.counts.total() + subscriber.other == 120
    assert subscriber.counts[b"orders"] == 60
    assert sum(map(len, subscriber.counts)) <= NAMES_BYTES
    held = sum(len(channel) + len(payload) for channel, payload in shown(subscriber.log))
    assert held <= subscriber.log._nbytes
    assert all(len(channel) <= HEAD_BYTES for channel, _ in shown(subscriber.log))


async def test_an_answer_that_waited_for_us_is_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_connection, "SILENCE_S", 0.02)
    monkeypatch.setattr(message_connection, "GULP_S", 1.0)
    _, connection = listening()
    transport = connection._transport
    assert isinstance(transport, Transport)
    transport.closing = False
    asyncio.get_running_loop().call_later(0.1, deliver, connection, b"*2\r\n$4\r\npong\r\n$0\r\n\r\n")
    assert await connection._ping()


@pytest.mark.parametrize(("holds", "gulp"), [(0, GULP_BYTES), (6_000_000, GULP_BYTES), (80_000, 20_000)])
async def test_a_pause_lasts_no_longer_than_the_socket_bears(
    monkeypatch: pytest.MonkeyPatch, holds: int, gulp: int
) -> None:
    """Otherwise a server that sends more than the buffer in each pause would wait, and close the connection at last."""
    _, connection = listening()
    connection._transport, pauses = Transport(holds), list[float]()
    connection._transport.closing = False
    clock = iter(range(100))
    ticking = SimpleNamespace(time=time.time, monotonic=lambda: next(clock) / 10_000)  # a read every 0.2 ms
    monkeypatch.setattr("redis_dash.pubsub.connection.time", ticking)
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", lambda delay, _call: pauses.append(delay))
    for size in (20_000, 20_000, 200, 200):
        deliver(connection, message(b"orders", b"x" * size))
    assert pauses == [pytest.approx(0.0002 * gulp / 20_000, rel=0.01), *(min(GULP_S, 0.0002 * gulp / 237),) * 2]
