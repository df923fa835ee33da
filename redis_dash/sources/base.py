"""What a source is: something that reads one topic's frame when the hub asks."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import msgspec

from redis_dash.config import Config
from redis_dash.connection import Deployment
from redis_dash.eventlog import EventLog
from redis_dash.keyspace import Keyspace
from redis_dash.model import Frame, Status
from redis_dash.subscriber import Subscriber

T = TypeVar("T", bound=Frame)


class Sample(msgspec.Struct, Generic[T], frozen=True):
    """A frame fresh from Redis. ``coverage`` and ``note`` as in a ``Reading``."""

    frame: T
    coverage: float | None = None
    status: Status = "ok"
    note: str = ""


class Context:
    """What sources share: the connection, the scan, the subscriber."""

    def __init__(self, config: Config, deployment: Deployment, keyspace: Keyspace, subscriber: Subscriber) -> None:
        self.config = config
        self.deployment = deployment
        self.keyspace = keyspace
        self.subscriber = subscriber

    @property
    def log(self) -> EventLog:
        """Where messages and marks go."""
        return self.subscriber.log

    async def require_scan(self) -> None:
        """To be called by a source that needs the scan: returns when it has something.

        Raises:
            SourceError: scanning does not work, and why.
        """
        await self.keyspace.begun()


class Source(Protocol[T]):
    """Reads one topic."""

    @property
    def topic(self) -> str:
        """One of ``model.TOPICS``."""

    async def read(self) -> Sample[T]:
        """The topic as it is now.

        Raises:
            SourceError: it cannot be had; ``MissingRightError`` if the user may not.
        """


def text(raw: bytes) -> str:
    """Redis bytes as text, nothing lost: still hostile."""
    return raw.decode("utf-8", "backslashreplace")
