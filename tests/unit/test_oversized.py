"""Oversized messages: for any chunks and any hostile bytes, replies are exact or the loss is reported."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import hiredis
import pytest

from redis_dash.pubsub import oversized
from redis_dash.pubsub.message_log import HEAD_BYTES, PayloadHead
from redis_dash.pubsub.oversized import LostPlaceError, MessageReader

PONG = b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"
SUBSCRIBED = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversized, "OVERSIZED_BYTES", 8192)


def message(payload: bytes, channel: bytes = b"orders", pattern: bytes | None = None) -> bytes:
    strings = [b"message", channel, payload] if pattern is None else [b"pmessage", pattern, channel, payload]
    return b"*%d\r\n" % len(strings) + b"".join(b"$%d\r\n%b\r\n" % (len(string), string) for string in strings)


def shown(replies: Iterable[object]) -> list[object]:
    """Replies with the head and the size of each large payload."""
    shown: list[object] = []
    for reply in replies:
        if isinstance(reply, list) and isinstance(reply[-1], bytes) and len(reply[-1]) > HEAD_BYTES:
            shown.append([*reply[:-1], (reply[-1][:HEAD_BYTES], len(reply[-1]))])
        elif isinstance(reply, list) and isinstance(reply[-1], PayloadHead):
            shown.append([*reply[:-1], (bytes(reply[-1]), reply[-1].size)])
        else:
            shown.append(reply)
    return shown


def truth(stream: bytes) -> list[object]:
    reader = hiredis.Reader(notEnoughData=StopIteration)
    reader.feed(stream)
    return shown(iter(reader.gets, StopIteration))


def read(chunks: Iterable[bytes]) -> tuple[list[object], bool]:
    """All replies, and whether the reader gave up."""
    reader, replies = MessageReader(), list[object]()
    try:
        for chunk in chunks:
            reader.feed(chunk, 0, len(chunk), replies.extend)
    except LostPlaceError:
        return shown(replies), True
    return shown(replies), False


def cut(stream: bytes, size: int, first: int = 0) -> Iterator[bytes]:
    if first:
        yield stream[:first]
    for begin in range(first, len(stream), size):
        yield stream[begin : begin + size]


GIANT = random.Random(1).randbytes(30_000)
BEFORE = SUBSCRIBED + b"".join(message(b"before %d" % number) for number in range(60)) + PONG
BEHIND = PONG + b"".join(message(b"behind %d" % number, b"payments") for number in range(60))


@pytest.mark.parametrize("before", [b"", PONG, BEFORE, message(b"one") + message(b"x" * 5000)])
@pytest.mark.parametrize("pattern", [None, b"*"])
def test_every_place_to_cut(before: bytes, pattern: bytes | None) -> None:
    giant = message(GIANT, b"big", pattern)
    stream = before + giant + BEHIND
    expected, begin, end = truth(stream), len(before), len(before + giant)
    for first in (*range(max(1, begin - 30), begin + 80), *range(end - 5, end + 5)):
        for size in (1111, 9000, 262_144):
            assert read(cut(stream, size, first)) == (expected, False)


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 4096, 8192, 20_000, 65_536])
def test_oversized_after_oversized(size: int) -> None:
    stream = message(GIANT) + message(GIANT, b"big") + message(b"small") + message(GIANT, b"big", b"b*") + PONG
    assert read(cut(stream, size)) == (truth(stream), False)


def test_a_chunk_may_hold_an_oversized_message_and_the_beginning_of_the_next() -> None:
    stream = BEFORE + message(GIANT) + BEHIND + message(GIANT)
    chunks = [stream[:-10_000], stream[-10_000:-9_000], stream[-9_000:]]
    assert read(chunks) == (truth(stream), False)


def test_payload_that_looks_like_messages_is_passed_by() -> None:
    alike = BEFORE + message(b"forged") + b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$99999\r\n"
    for payload in (alike * 20, b"\r\n" + alike * 20, alike[-40:] * 500):
        stream = BEFORE + message(payload) + BEHIND
        for size in (1000, 4096, 9000, 65_536):
            assert read(cut(stream, size)) == (truth(stream), False)


def test_an_oversized_channel_name_is_reported_as_a_loss() -> None:
    forged = message(b"forged") + message(b"z" * 20_000)
    for name in (b"c" * 30_000, PONG + message(b"one") + forged, b"\r\n" + forged):
        stream = PONG + message(b"one") + message(b"x", name) + BEHIND
        for size in (500, 4096):
            assert read(cut(stream, size)) == (truth(stream)[:2], True)


def test_a_payload_without_its_line_end_is_reported_as_a_loss() -> None:
    begun = message(b"one") + message(GIANT)[:-2]
    assert read(cut(begun + b"XX" + BEHIND, 5000)) == (truth(message(b"one")), True)


def test_knows_when_it_is_within_a_message() -> None:
    reader, replies = MessageReader(), list[object]()
    for chunk, within in ((PONG, False), (message(GIANT)[:20_000], True), (message(GIANT)[20_000:], False)):
        reader.feed(chunk, 0, len(chunk), replies.extend)
        assert reader.within_message is within


@pytest.mark.parametrize("seed", range(150))
def test_hostile_streams_are_read_exactly_or_the_loss_is_reported(seed: int) -> None:
    """Streams of few different pieces, so that payloads and names often repeat earlier bytes."""
    dice = random.Random(seed)
    pieces = [
        PONG,
        message(b"a", b"b"),
        b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$20000\r\n",
        b"\r\n",
        b"$9000\r\n",
        b"x" * 700,
    ]
    for _ in range(3):
        pieces.append(message(b"".join(dice.choices(pieces, k=dice.randint(1, 4))), dice.choice(pieces)))
    parts = []
    for _ in range(40):
        payload = b"".join(dice.choices(pieces, k=dice.choice([1, 2, 3, 40, 60])))
        pattern = dice.choice([None, b"*", b"".join(dice.choices(pieces, k=2))])
        parts.append(dice.choice([PONG, message(payload, dice.choice(pieces), pattern)]))
    stream = b"".join(parts)
    expected = truth(stream)
    for size in (300, 1500, 5000, 40_000):
        replies, gave_up = read(cut(stream, size))
        assert replies == (expected[: len(replies)] if gave_up else expected)
