"""The events frame: pub/sub messages and their rates."""

from __future__ import annotations

import msgspec

from redis_dash.core.frames.base import Frame
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import MessageLog


class Gap(msgspec.Struct, frozen=True):
    """A period for which messages are unknown."""

    began_at: float
    ended_at: float | None
    """None while it lasts."""
    reason: str


class ChannelCount(msgspec.Struct, frozen=True):
    """Messages of one channel since the start of watching."""

    channel: str
    count: int
    rate: float | None
    """Messages a second over the last seconds; None while nothing can be received."""


class EventsFrame(Frame, frozen=True):
    """Counts since the start of watching; ``log`` holds the latest messages."""

    received: int
    dropped: int
    """Messages that were received in part or could not be parsed. No other field counts them. Each of them ended a
    connection; ``gaps`` holds the periods of further losses, whose number is unknown."""
    overwritten: int
    """Counted messages that have left the ring and can no longer be read."""
    rate: float | None
    """Messages a second over the last seconds, all channels; None while nothing can be received."""
    gaps: tuple[Gap, ...]
    channels: tuple[ChannelCount, ...]
    """Busiest first."""
    other: int
    """Messages of channels that are not in ``channels``."""
    log: MessageLog
    logged: int
    """What ``log.received`` was when the frame was made: ``log`` goes on, the counts stand still."""
    patterns: tuple[str, ...] = ()
    """The patterns of our subscriptions."""
    channel_count: int = 0
    """Distinct channels counted one by one; ``channels`` may hold fewer."""
    session_globs: tuple[str, ...] = ()
    """The patterns of session keys, which the raw messages in ``log`` may hold."""
    known_ids: KnownIds = msgspec.field(default_factory=KnownIds)
    """Ids that ``log`` may hold without the rest of their keys."""
    shard_channels: int = 0
    """Sharded channels with listeners: their messages (SPUBLISH) reach none of our subscriptions."""

    @property
    def received_now(self) -> int:
        """Messages received by now, as many as ``log`` shows."""
        return self.received + self.log.received - self.logged

    def exported(self) -> dict[str, object]:
        """Counts and channels, without the messages."""
        kept = min(self.log.kept, self.received)  # the log goes further back than the counters
        return {
            "received": self.received,
            "dropped": self.dropped,
            "kept": kept,
            "overwritten": self.received - kept,
            "rate": self.rate,
            "gaps": msgspec.to_builtins(self.gaps),
            "channels": msgspec.to_builtins(self.channels),
            "other": self.other,
            "channel_count": self.channel_count,
            "patterns": self.patterns,
            "shard_channels": self.shard_channels,
        }
