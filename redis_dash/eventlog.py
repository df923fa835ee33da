"""The latest pub/sub messages, raw, in a ring that is bounded in number and in bytes.

Whole chunks go in as the wire delivered them; single messages are looked at only when somebody reads them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

HEAD_BYTES = 4096
"""How much of a large payload is kept."""
OVERHEAD_BYTES = 300
"""What a chunk takes besides its bytes, about."""


class Event(msgspec.Struct, frozen=True):
    """One message as it came. ``payload`` may be only the head of ``size`` bytes."""

    at: float
    channel: bytes
    payload: bytes
    size: int


class Mark(msgspec.Struct, frozen=True):
    """A line of our own in the stream: a gap, a reconnection, something that we did."""

    at: float
    text: str
    kind: str = "info"
    """``info``, ``gap`` or ``action``."""


Entry = Event | Mark
RawMessage = Sequence[object]
"""[kind, channel, payload] or [kind, pattern, channel, payload], as the parser made it."""


class _Chunk(msgspec.Struct):
    first: int
    count: int
    at: float
    nbytes: int
    unpack: Callable[[], Sequence[RawMessage]] | None
    """Its messages; a mark has none."""
    mark: Mark | None = None


class EventLog:
    """A ring of messages, addressed by a sequence number that never goes back."""

    def __init__(self, capacity: int = 100_000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.capacity = capacity
        self.max_bytes = max_bytes
        self.end = 0
        """The sequence number that the next entry will get."""
        self._start = 0
        self._chunks: deque[_Chunk] = deque()
        self._nbytes = 0
        self._received = 0
        self._held = 0
        self._unpacked: tuple[int, Sequence[RawMessage]] = (-1, ())
        """The messages of the chunk that was looked at last, with its first number."""

    @property
    def start(self) -> int:
        """The first sequence number that can still be read."""
        return max(self._start, self.end - self.capacity)

    @property
    def kept(self) -> int:
        """Messages (not marks) that can still be read."""
        if not self._chunks or self._chunks[0].unpack is None:
            return self._held
        return self._held - max(0, self.start - self._chunks[0].first)

    @property
    def overwritten(self) -> int:
        """Messages (not marks) that have left the ring."""
        return self._received - self.kept

    def append(self, messages: list[RawMessage], at: float, nbytes: int) -> None:
        """Add one wire chunk's messages; ``nbytes`` is what they take, roughly."""
        self.append_packed(len(messages), lambda: messages, at, nbytes)

    def append_packed(self, count: int, unpack: Callable[[], Sequence[RawMessage]], at: float, nbytes: int) -> None:
        """Add messages that are made when somebody looks at them; ``unpack`` returns ``count`` of them, every time."""
        if count:
            self._received += count
            self._held += count
            self._push(_Chunk(self.end, count, at, nbytes + OVERHEAD_BYTES, unpack))

    def mark(self, text: str, at: float, kind: str = "info") -> None:
        """Add a line of our own."""
        self._push(_Chunk(self.end, 1, at, len(text), None, Mark(at, text, kind)))

    def _push(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self.end += chunk.count
        self._nbytes += chunk.nbytes
        floor = self.end - self.capacity
        while len(self._chunks) > 1:
            oldest = self._chunks[0]
            if oldest.first + oldest.count > floor and self._nbytes <= self.max_bytes:
                break
            self._chunks.popleft()
            self._nbytes -= oldest.nbytes
            self._start = oldest.first + oldest.count
            if oldest.unpack is not None:
                self._held -= oldest.count

    def read(self, first: int, stop: int) -> list[Entry]:
        """The entries with sequence numbers first..stop-1 that are still held, oldest first."""
        first, stop = max(first, self.start), min(stop, self.end)
        entries: list[Entry] = []
        if first >= stop:
            return entries
        begin = bisect_right(self._chunks, first, key=lambda chunk: chunk.first) - 1
        for chunk in islice(self._chunks, begin, None):
            if chunk.first >= stop:
                break
            if chunk.mark is not None:
                entries.append(chunk.mark)
                continue
            for raw in self._messages(chunk)[max(0, first - chunk.first) : stop - chunk.first]:
                entries.append(_event(raw, chunk.at))
        return entries

    def _messages(self, chunk: _Chunk) -> Sequence[RawMessage]:
        if self._unpacked[0] != chunk.first:
            assert chunk.unpack is not None
            self._unpacked = chunk.first, chunk.unpack()[: chunk.count]
        return self._unpacked[1]


def _event(raw: RawMessage, at: float) -> Event:
    payload = raw[-1]
    size = len(payload) if isinstance(payload, bytes) else 0
    if isinstance(payload, Head):
        size = payload.size
    channel = raw[-2]
    return Event(
        at, channel if isinstance(channel, bytes) else b"", payload if isinstance(payload, bytes) else b"", size
    )


class Head(bytes):
    """The first bytes of a payload that was too large to keep."""

    size: int

    @classmethod
    def of(cls, payload: bytes, size: int | None = None) -> Head:
        """Cut a payload down and remember how long it was: ``size``, if this is not all of it."""
        head = cls(payload[:HEAD_BYTES])
        head.size = len(payload) if size is None else size
        return head
