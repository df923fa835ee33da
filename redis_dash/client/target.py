"""The server that a node stands for: one that the URL names, or whatever server sentinels call the primary."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from redis_dash.client.connection import Connection
from redis_dash.client.opening import open_connection
from redis_dash.config import Url
from redis_dash.core.resp import Command

Ask = Callable[[Sequence[Command]], Awaitable[list[object]]]


class Target(Protocol):
    """Where a node's connections go to."""

    url: Url
    """The server, and the database that is selected on each connection."""

    async def open(self, connection: Connection) -> None:
        """Connect.

        Raises:
            OSError, TimeoutError, SourceError: that is not possible.
        """

    async def before_write(self, ask: Ask) -> None:
        """Make sure that the server may be written to.

        Args:
            ask: runs commands on the connection that will write.

        Raises:
            SourceError: it may not; nothing was written.
        """

    def doubt(self, values: Mapping[str, str]) -> str:
        """Say why the server, of which INFO tells these values, is no longer the one to ask; empty if it is."""


class OneServer:
    """A server that the URL names."""

    def __init__(self, url: Url) -> None:
        self.url = url

    async def open(self, connection: Connection) -> None:
        """Connect."""
        await open_connection(self.url, connection)

    async def before_write(self, ask: Ask) -> None:
        """Nothing to ask: it is the server that the user has named."""

    def doubt(self, values: Mapping[str, str]) -> str:
        """It is always the one to ask."""
        return ""
