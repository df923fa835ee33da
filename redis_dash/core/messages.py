"""Messages of pub/sub and entries of streams, and the interface of the log that holds the latest ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from redis_dash.core.decoding import text

EARLIEST_MS = 100_000_000_000
"""Ids of entries below are no times (this one is in 1973), but numbers that the application has chosen."""


class Event(msgspec.Struct, frozen=True):
    """One message as received, or one entry of a stream. ``payload`` may be only the head of ``size`` bytes."""

    at: float
    """When it was received; of an entry, when it was added."""
    channel: bytes
    """The name of the channel or of the stream."""
    payload: bytes
    """The fields of an entry as a JSON object of texts."""
    size: int
    id: str = ""
    """The id of an entry; empty for a message of pub/sub."""
    fields: tuple[tuple[str, bytes], ...] = ()
    """The fields of an entry; a name that comes again has a number behind it."""


def stream_event(stream: bytes, entry_id: bytes, parts: Sequence[bytes], size: int, received_at: float) -> Event:
    """An entry of a stream.

    Args:
        parts: names and values in turn; fewer bytes than ``size`` if they were cut.
    """
    milliseconds, _, _ = entry_id.partition(b"-")
    number = int(milliseconds) if milliseconds.isdigit() else 0
    named: dict[str, bytes] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=False):
        shown, times = text(name), 1
        while shown in named:
            times += 1
            shown = f"{text(name)} ({times})"
        named[shown] = value
    payload = msgspec.json.encode({name: text(value) for name, value in named.items()})
    if sum(map(len, parts)) < size:
        payload = payload[: size - 1]
    at = number / 1000 if number >= EARLIEST_MS else received_at
    return Event(at, stream, payload, size, text(entry_id), tuple(named.items()))


class Mark(msgspec.Struct, frozen=True):
    """A line of redis-dash itself in the log: a gap, a reconnection, an action."""

    at: float
    text: str
    kind: str = "info"
    """``info``, ``gap`` or ``action``."""


Entry = Event | Mark
"""An entry of a log."""


class MessageLog(Protocol):
    """The latest entries by sequence number; the oldest ones are dropped."""

    @property
    def start(self) -> int:
        """The first sequence number that can still be read."""

    @property
    def end(self) -> int:
        """The sequence number after the last entry."""

    @property
    def received(self) -> int:
        """Messages (not marks) that have been added."""

    @property
    def kept(self) -> int:
        """Messages (not marks) that can still be read."""

    def read(self, first: int, stop: int) -> Sequence[Entry]:
        """The entries first..stop-1 that are still held, oldest first."""
