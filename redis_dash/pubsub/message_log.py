"""The latest pub/sub messages, raw, in a ring that is bounded in number and in bytes.

The received bytes stay where they were read to. They are parsed into messages again only when these are read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from redis_dash.core.messages import Entry, Event, Mark, stream_event
from redis_dash.pubsub.indexed_queue import IndexedQueue
from redis_dash.pubsub.ring_buffer import RingBuffer

HEAD_BYTES = 4096
"""Bytes of a large payload that are kept."""
OVERHEAD_BYTES = 200
"""Approximate memory of a chunk besides its bytes."""
_TOGETHER_S = 0.01
_TOGETHER_BYTES = 4096
"""Messages that arrive within this time share a chunk of up to this size."""


RawMessage = Sequence[object]
"""[kind, channel, payload] or [kind, pattern, channel, payload], as parsed; or a ``RawEntry``."""


class RawEntry(NamedTuple):
    """An entry of a stream."""

    id: bytes
    fields: tuple[bytes, ...]
    """Names and values in turn; what is left of them, if they were long."""
    size: int
    stream: bytes


Unpack = Callable[[bytes], Sequence[RawMessage]]
"""Parses received bytes into messages."""


class _Chunk(msgspec.Struct, gc=False):
    """Entries that arrived together. It is small, since a hundred thousand of them may be held."""

    first: int
    count: int
    at: float
    begin: int
    end: int
    content: Mark | Sequence[RawMessage] | Unpack
    """The messages, or the function that parses them from the ring buffer's bytes ``begin`` to ``end``."""

    @property
    def is_packed(self) -> bool:
        return callable(self.content)

    @property
    def is_mark(self) -> bool:
        return isinstance(self.content, Mark)

    @property
    def nbytes(self) -> int:
        return self.end - self.begin + OVERHEAD_BYTES


class MessageRing:
    """A ring of messages, addressed by an increasing sequence number."""

    def __init__(self, capacity: int = 100_000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.capacity = capacity
        self.max_bytes = max_bytes
        self.end = 0
        """The sequence number of the next entry."""
        self._start = 0
        self._chunks = IndexedQueue[_Chunk]()
        self._packed: deque[int] = deque()
        """Where the packed chunks begin in the ring buffer."""
        self._nbytes = 0
        self.received = 0
        """Messages (not marks) that have been added."""
        self._held = 0
        self._unpacked: tuple[int, int, Sequence[RawMessage]] = (-1, 0, ())
        """The messages of the packed chunk that was read last, after its first sequence number and its length."""

    @cached_property
    def buffer(self) -> RingBuffer:
        """The memory into which received bytes are read."""
        return RingBuffer(self.max_bytes)

    def room(self) -> memoryview:
        """The memory for the next bytes; the oldest messages are dropped if there is no room."""
        while not self.buffer.make_room(self._packed[0] if self._packed else None, full=self._held >= self.capacity):
            self._drop_oldest()
        return self.buffer.room()

    @property
    def start(self) -> int:
        """The first sequence number that can still be read."""
        return max(self._start, self.end - self.capacity)

    @property
    def kept(self) -> int:
        """Messages (not marks) that can still be read."""
        if not self._chunks or self._chunks[0].is_mark:
            return self._held
        return self._held - max(0, self.start - self._chunks[0].first)

    @property
    def overwritten(self) -> int:
        """Messages (not marks) that have left the ring."""
        return self.received - self.kept

    def append(self, messages: Sequence[RawMessage], at: float, nbytes: int) -> None:
        """Add messages; ``nbytes`` is their approximate size."""
        if messages:
            self._note(len(messages))
            self._push(_Chunk(self.end, len(messages), at, 0, nbytes, messages))

    def append_packed(self, count: int, end: int, at: float, unpack: Unpack) -> None:
        """Add ``count`` messages: the ring buffer's bytes up to ``end``, which ``unpack`` parses at each read."""
        begin, last = self.buffer.begin, self._chunks[-1] if self._chunks else None
        self.buffer.keep(end)
        self._note(count)
        if (
            last is not None
            and last.content is unpack
            and last.end == begin
            and at - last.at < _TOGETHER_S
            and end - last.begin < _TOGETHER_BYTES
        ):
            last.count, last.end = last.count + count, end
            self._pushed(count, end - begin)
        else:
            self._packed.append(begin)
            self._push(_Chunk(self.end, count, at, begin, end, unpack))

    def mark(self, text: str, at: float, kind: str = "info") -> None:
        """Add a line of our own."""
        self._push(_Chunk(self.end, 1, at, 0, len(text), Mark(at, text, kind)))

    def _note(self, count: int) -> None:
        self.received += count
        self._held += count

    def _push(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self._pushed(chunk.count, chunk.nbytes)

    def _pushed(self, count: int, nbytes: int) -> None:
        self.end += count
        self._nbytes += nbytes
        floor = self.end - self.capacity
        while len(self._chunks) > 1:
            oldest = self._chunks[0]
            if oldest.first + oldest.count > floor and self._nbytes <= self.max_bytes:
                break
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = self._chunks.popleft()
        if oldest.is_packed:
            self._packed.popleft()
        self._nbytes -= oldest.nbytes
        self._start = oldest.first + oldest.count
        if not oldest.is_mark:
            self._held -= oldest.count

    def read(self, first: int, stop: int) -> list[Entry]:
        """The entries with sequence numbers first..stop-1 that are still held, oldest first."""
        first, stop = max(first, self.start), min(stop, self.end)
        entries: list[Entry] = []
        if first >= stop:
            return entries
        place = bisect_right(self._chunks, first, key=lambda chunk: chunk.first) - 1
        for chunk in self._chunks.since(place, stop - first + 1):  # each holds at least one entry
            if chunk.first >= stop:
                break
            if isinstance(chunk.content, Mark):
                entries.append(chunk.content)
                continue
            for raw in self._messages(chunk)[max(0, first - chunk.first) : stop - chunk.first]:
                entries.append(_event(raw, chunk.at))
        return entries

    def _messages(self, chunk: _Chunk) -> Sequence[RawMessage]:
        if not callable(chunk.content):
            return () if isinstance(chunk.content, Mark) else chunk.content
        if self._unpacked[:2] != (chunk.first, chunk.count):
            messages = chunk.content(self.buffer.memory[chunk.begin : chunk.end])
            self._unpacked = chunk.first, chunk.count, messages[: chunk.count]
        return self._unpacked[2]


def _event(raw: RawMessage, at: float) -> Event:
    if isinstance(raw, RawEntry):
        return stream_event(raw.stream, raw.id, raw.fields, raw.size, at)
    payload = raw[-1]
    size = len(payload) if isinstance(payload, bytes) else 0
    if isinstance(payload, PayloadHead):
        size = payload.size
    channel = raw[-2]
    return Event(
        at, channel if isinstance(channel, bytes) else b"", payload if isinstance(payload, bytes) else b"", size
    )


class PayloadHead(bytes):
    """The first bytes of a payload that was too large to keep."""

    size: int

    @classmethod
    def of(cls, payload: bytes, size: int | None = None) -> PayloadHead:
        """Cut a payload down and remember how long it was: ``size``, if this is not all of it."""
        head = cls(payload[:HEAD_BYTES])
        head.size = len(payload) if size is None else size
        return head
