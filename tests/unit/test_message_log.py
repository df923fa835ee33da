"""The ring keeps the latest, counts what it loses, and reads by sequence number."""

from __future__ import annotations

import random
from collections import deque

import pytest

from redis_dash.core.messages import Event, Mark
from redis_dash.pubsub.indexed_queue import IndexedQueue, T
from redis_dash.pubsub.message_log import HEAD_BYTES, OVERHEAD_BYTES, MessageRing, PayloadHead


class Watched(IndexedQueue[T]):
    """Counts the items that are read."""

    def __init__(self, items: IndexedQueue[T], looked: list[int]) -> None:
        super().__init__()
        self._items, self._looked = list(items), looked

    def __getitem__(self, index: int) -> T:
        self._looked.append(1)
        return super().__getitem__(index)

    def since(self, index: int, most: int) -> list[T]:
        found = super().since(index, most)
        self._looked.append(len(found))
        return found


def message(number: int) -> list[object]:
    return [b"message", b"orders", b"%d" % number]


def payloads(log: MessageRing, first: int, stop: int) -> list[bytes]:
    return [entry.payload for entry in log.read(first, stop) if isinstance(entry, Event)]


def test_reads_across_chunks() -> None:
    log = MessageRing(capacity=100)
    log.append([message(0), message(1)], 1.0, 10)
    log.mark("gap", 2.0, "gap")
    log.append([message(2), message(3), message(4)], 3.0, 10)
    assert log.end == 6
    assert payloads(log, 1, 5) == [b"1", b"2", b"3"]
    assert log.read(2, 3) == [Mark(2.0, "gap", "gap")]
    assert log.read(5, 99) == [Event(3.0, b"orders", b"4", 1)]
    assert log.read(6, 99) == []


def test_overwrites_the_oldest_and_says_so() -> None:
    log = MessageRing(capacity=10)
    for number in range(0, 30, 3):
        log.append([message(number), message(number + 1), message(number + 2)], 0.0, 3)
    assert log.end == 30
    assert log.start >= 20
    assert payloads(log, 0, 30) == [b"%d" % number for number in range(log.start, 30)]
    assert (log.kept, log.overwritten) == (10, 20)


def test_marks_are_not_counted_as_messages() -> None:
    log = MessageRing(capacity=5)
    for number in range(4):
        log.mark("gap", 0.0, "gap")
        log.append([message(number)] * 3, 0.0, 3)
        log.append([], 0.0, 0)
        assert log.kept == len(payloads(log, 0, log.end))
        assert log.kept + log.overwritten == 3 * (number + 1)


def test_is_bounded_in_bytes() -> None:
    log = MessageRing(capacity=1000, max_bytes=3 * (30 + OVERHEAD_BYTES))
    for number in range(20):
        log.append([message(number)], 0.0, 30)
    assert payloads(log, 0, 20) == [b"17", b"18", b"19"]
    assert log.overwritten == 17


@pytest.mark.parametrize("held", [100, 20_000])
def test_reading_looks_at_what_it_reads_whatever_the_ring_holds(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MessageRing()
    for number in range(held):
        log.append([message(number)], 0.0, 3)
    looked: list[int] = []
    monkeypatch.setattr(log, "_chunks", Watched(log._chunks, looked))
    for first in (0, held // 2, held - 30):
        assert payloads(log, first, first + 20) == [b"%d" % number for number in range(first, first + 20)]
    log.room()
    assert sum(looked) < 3 * (21 + 16)


def test_a_queue_gives_back_what_it_was_given() -> None:
    dice, queue, model = random.Random(7), IndexedQueue[int](), deque[int]()
    for number in range(20_000):
        if model and dice.random() < (0.2, 0.9)[number // 5000 % 2]:
            assert queue.popleft() == model.popleft()
        else:
            queue.append(number)
            model.append(number)
        assert len(queue) == len(model)
        if model:
            assert (queue[0], queue[-1], queue[len(model) // 2]) == (model[0], model[-1], model[len(model) // 2])
    assert list(queue) == list(model)
    assert queue.since(3, 5) == list(model)[3:8]


def test_a_large_payload_is_its_head_and_its_size() -> None:
    head = PayloadHead.of(b"x" * 1_000_000)
    log = MessageRing()
    log.append([[b"pmessage", b"*", b"big", head]], 0.0, HEAD_BYTES)
    (event,) = log.read(0, 1)
    assert isinstance(event, Event)
    assert (event.channel, len(event.payload), event.size) == (b"big", HEAD_BYTES, 1_000_000)
