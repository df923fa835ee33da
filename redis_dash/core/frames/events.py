"""The events frame: messages of pub/sub, entries of streams, and their rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from redis_dash.core.frames.base import Frame
from redis_dash.core.messages import MessageLog

if TYPE_CHECKING:
    from redis_dash.core.known_ids import KnownIds


def _none_known() -> KnownIds:
    from redis_dash.core.known_ids import KnownIds  # imported here, for a quick start

    return KnownIds()


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


class Group(msgspec.Struct, frozen=True):
    """A consumer group of a stream."""

    name: str
    consumers: int
    pending: int
    """Entries that were delivered and not acknowledged yet."""
    lag: int | None
    """Entries that were not delivered to it yet; None if the server does not know, as before Redis 7.0."""


class StreamCount(msgspec.Struct, frozen=True):
    """Entries of one stream since the start of watching, and its state."""

    stream: str
    count: int
    rate: float | None
    """Entries a second over the last seconds; None while nothing can be read."""
    missed: int = 0
    """Entries that were removed (MAXLEN, XTRIM, XDEL) before they were read."""
    may_miss: bool = False
    """Whether others may have been, whose number is not known: the key was deleted or made anew, or the server does not
    count what was added (before Redis 7.0)."""
    behind_s: float | None = None
    """By how much reading lags behind what is added; None if it does not."""
    length: int | None = None
    groups: tuple[Group, ...] | None = None
    """None if they are not known."""
    is_absent: bool = False
    """Whether there is no such key."""
    trouble: str = ""
    """Why no entries are read; empty if they are."""

    @property
    def lag(self) -> int | None:
        """The lag of the group that is furthest behind; None if it is not known."""
        lags = [group.lag for group in self.groups or ()]
        return None if None in lags else max((lag for lag in lags if lag is not None), default=None)


class EventsFrame(Frame, frozen=True):
    """Counts since the start of watching; ``log`` holds the latest messages."""

    received: int
    """Messages of all channels and entries of all streams."""
    dropped: int
    """Messages that were received in part or could not be parsed. No other field counts them. Each of them ended a
    connection; ``gaps`` holds the periods of further losses, whose number is unknown."""
    overwritten: int
    """Counted messages that have left the ring and can no longer be read."""
    rate: float | None
    """Messages and entries a second over the last seconds; None while nothing can be received."""
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
    known_ids: KnownIds = msgspec.field(default_factory=_none_known)
    """Ids that ``log`` may hold without the rest of their keys."""
    shard_channels: int = 0
    """Sharded channels with listeners: their messages (SPUBLISH) reach none of our subscriptions."""

    streams: tuple[StreamCount, ...] = ()
    """The streams that are followed."""

    @property
    def missed(self) -> int:
        """Entries of streams that were removed before they were read."""
        return sum(stream.missed for stream in self.streams)

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
            "missed": self.missed,
            "streams": msgspec.to_builtins(self.streams),
        }
