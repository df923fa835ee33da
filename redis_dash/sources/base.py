"""What a source is: something that reads one topic's frame when the hub asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config
from redis_dash.core.certainty import Count, Scope
from redis_dash.core.commands import Request
from redis_dash.core.decoding import text
from redis_dash.core.feed import Progress
from redis_dash.core.frames.base import Frame
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.reading import Status
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber

__all__ = ["AcceptsRequests", "BackgroundWork", "Context", "Sample", "Source", "round_robin", "sample", "text"]

T = TypeVar("T", bound=Frame)


class Sample(msgspec.Struct, Generic[T], frozen=True):
    """A frame fresh from Redis. What goes with it is as in a ``Reading``."""

    frame: T
    status: Status = "ok"
    note: str = ""
    count: Count | None = None
    scope: Scope | None = None
    away: bool = False


def sample(frame: T, count: Count | None, scope: Scope, notes: Sequence[str] = ()) -> Sample[T]:
    """A frame whose counts come from the scan; with a note it is reduced."""
    note = "; ".join(note for note in notes if note)
    return Sample(frame, "reduced" if note else "ok", note, count, scope)


class Context:
    """What sources share: the connection, the scan, the subscriber, and what the server tells of keys."""

    def __init__(
        self,
        config: Config,
        deployment: Deployment,
        keyspace: Keyspace,
        subscriber: Subscriber,
        tracking: ClientTracking,
    ) -> None:
        self.config = config
        self.deployment = deployment
        self.keyspace = keyspace
        self.subscriber = subscriber
        self.tracking = tracking
        self.known_ids = KnownIds()
        """Of the sessions that are followed."""
        self.other_dashboards = 0
        """That watch the same server, as far as known."""

    def scope(self, patterns: Sequence[str]) -> Scope:
        """What is looked for, among how many keys."""
        return Scope(tuple(patterns), self.keyspace.size)

    @property
    def log(self) -> MessageRing:
        """Where messages and marks go."""
        return self.subscriber.log

    @property
    def scan_note(self) -> str:
        """To be told with all that comes from the scan: why it does not get on; empty where it does."""
        why = self.keyspace.stopped
        return f"{why}: new keys may be missed" if why else ""

    async def require_scan(self) -> None:
        """To be called by a source that needs the scan: returns when it has something.

        Raises:
            SourceError: scanning does not work, and why.
        """
        await self.keyspace.begun()


class Source(Generic[T]):
    """Reads one topic."""

    topic: ClassVar[str]
    """Its name in readings, exports and ``--topic``."""
    tracked: ClassVar[bool] = False
    """Whether the server is asked to name the keys of its groups as they are written."""
    read_last: ClassVar[bool] = False
    """Where all topics are read once: after the others, so that it holds all that came until then."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """What the shared scan is to look for: the names of key groups, and the globs of their keys."""
        return {}

    async def read(self) -> Sample[T]:
        """The topic as it is now.

        Raises:
            SourceError: it cannot be had; ``MissingRightError`` if the user may not.
        """
        raise NotImplementedError


@runtime_checkable
class AcceptsRequests(Protocol):
    """A source that reads what a person asks for, besides."""

    def ask(self, request: Request) -> None:
        """Take a request; those of others mean nothing to it. Never blocks, never fails."""


@runtime_checkable
class BackgroundWork(Protocol):
    """A source that works besides being read."""

    async def run(self) -> None:
        """Work until cancelled."""

    def progress(self) -> Progress | None:
        """What is under way at full speed."""


def round_robin(keys: list[bytes], start: int, length: int) -> tuple[list[bytes], int]:
    """The next ``length`` keys in a round, and where the round goes on."""
    if len(keys) <= length:
        return keys, 0
    start %= len(keys)
    return (keys + keys[:length])[start : start + length], start + length
