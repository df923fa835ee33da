"""Pub/sub messages, and the interface of the log that holds the latest ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One message as received. ``payload`` may be only the head of ``size`` bytes."""

    at: float
    channel: bytes
    payload: bytes
    size: int


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
