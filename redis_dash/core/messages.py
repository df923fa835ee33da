"""Messages of pub/sub, and the log of the latest ones as a front end reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


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
"""What a log holds."""


class MessageLog(Protocol):
    """The latest entries by sequence number; the oldest ones leave."""

    @property
    def start(self) -> int:
        """The first sequence number that can still be read."""

    @property
    def end(self) -> int:
        """One past the last."""

    @property
    def kept(self) -> int:
        """Messages (not marks) that can still be read."""

    def read(self, first: int, stop: int) -> Sequence[Entry]:
        """The entries first..stop-1 that are still held, oldest first."""
