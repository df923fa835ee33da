"""What is happening right now? The frame."""

from __future__ import annotations

import msgspec

from redis_dash.core.frames.base import Frame
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import MessageLog


class Gap(msgspec.Struct, frozen=True):
    """A time for which messages are unknown."""

    began_at: float
    ended_at: float | None
    """None while it lasts."""
    reason: str


class ChannelCount(msgspec.Struct, frozen=True):
    """Messages of one channel since the start of watching."""

    channel: str
    count: int
    rate: float
    """Messages a second over the last seconds."""


class EventsFrame(Frame, frozen=True):
    """What is happening right now? Counts since the start of watching; ``log`` holds the latest messages."""

    received: int
    dropped: int
    """Messages that came in part, or as nothing that can be understood: in no other figure, and certainly lost. Each of
    them ended a connection; what else went then is unknown, and stands in ``gaps``."""
    overwritten: int
    """Messages that have left the ring since: counted, no longer readable. All others are kept in it."""
    rate: float
    """Messages a second over the last seconds, all channels."""
    gaps: tuple[Gap, ...]
    channels: tuple[ChannelCount, ...]
    """Busiest first."""
    other: int
    """Messages of channels that are not in ``channels``."""
    log: MessageLog
    patterns: tuple[str, ...] = ()
    """What we subscribed to."""
    channel_count: int = 0
    """Distinct channels counted one by one; ``channels`` may hold fewer."""
    session_globs: tuple[str, ...] = ()
    """The patterns of session keys: what ``log`` holds is raw, and may hold some."""
    known_ids: KnownIds = msgspec.field(default_factory=KnownIds)
    """Ids that ``log`` may hold without the rest of their keys."""
    shard_channels: int = 0
    """Sharded channels with listeners: their messages (SPUBLISH) reach none of our subscriptions."""

    def exported(self) -> dict[str, object]:
        """Counts and channels; the messages themselves stay here."""
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
