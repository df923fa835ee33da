"""SCAN, slice after slice, with the next one on its way before this one is read.

The cursor is the first thing in a reply. As soon as it is there, the next slice can be asked for: then the server works
while we read and sort. ``benchmarks.scan``: 0.8 of the time of ``valkey-cli --scan``, before it was 0.9.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from redis_dash.client.deployment import Deployment, check
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import Command

_CURSOR = re.compile(rb":\d+\r\n\*2\r\n\$\d+\r\n(\d+)\r\n")
"""DBSIZE's reply, and how SCAN's begins."""


class ScanInterruptedError(SourceError):
    """The connection broke and was made anew: a cursor of the old one may mean nothing to this server."""


class _Asked(NamedTuple):
    cursor: bytes
    commands: tuple[Command, ...]
    answer: asyncio.Future[list[object]]
    at: float


class ScanCursor:
    """One walk over the keyspace."""

    def __init__(self, deployment: Deployment, count: Callable[[], int], ahead: Callable[[], bool]) -> None:
        """``count`` tells how many keys to ask for, ``ahead`` whether to ask before they are wanted."""
        self.complete = False
        self.took_s = 0.0
        """How long the server took for the latest slice, with the way there and back, as far as we can see."""
        self._deployment = deployment
        self._count = count
        self._ahead = ahead
        self._cursor = b"0"
        self._connects: int | None = None
        """How often we had connected when the walk began."""
        self._coming: _Asked | None = None
        self._arrived_at = 0.0
        self._awaited = False
        """Only then is the next slice asked for early: otherwise each would bring the next, and nobody read them."""

    @property
    def passed_over(self) -> float:
        """Share of the server's table that has been passed over, 0..1, by the cursor alone.

        The server counts the cursor up from its highest bit, so that read backwards it is a share of 2**64. Not on a
        node of a cluster, whose cursors hold a slot as well.
        """
        return 1.0 if self.complete else int(f"{int(self._cursor):064b}"[::-1], 2) / 2**64

    async def slice(self) -> tuple[int, list[bytes]]:
        """The number of keys in the database (0 where the server does not tell), and the next keys.

        Raises:
            ScanCutError: the connection that the walk began on is gone.
            SourceError: the server could not be reached, or does not let us SCAN.
        """
        asked = self._coming
        if asked is None or asked.cursor != self._cursor:
            await self.finish()
            await self._deployment.connect()
            self._stay_connected()
            commands = self._commands(self._cursor)
            if self._deployment.cost.wants(commands):
                at = time.perf_counter()
                size, reply = await self._deployment.pipeline(commands)  # it measures what they cost
                self._stay_connected()
                return self._taken(at, size, reply)
            asked = self._ask(self._cursor)
        self._coming, self._awaited = None, True
        try:
            size, reply = await self._deployment.receive(asked.commands, asked.answer)
        finally:
            self._awaited = False
        return self._taken(asked.at, size, reply)

    def _stay_connected(self) -> None:
        if self._connects is None:
            self._connects = self._deployment.connects
        elif self._connects != self._deployment.connects:
            raise ScanInterruptedError("the connection was lost in the middle of the scan")

    def _taken(self, asked_at: float, size: object, reply: object) -> tuple[int, list[bytes]]:
        now = time.perf_counter()
        self.took_s, self._arrived_at = now - max(asked_at, self._arrived_at), now
        reply = check(reply)
        if not isinstance(reply, list) or len(reply) != 2:
            raise SourceError("SCAN answered in an unknown form")
        self._cursor, keys = reply
        self.complete = self._cursor == b"0"
        if not self.complete and self._coming is None and self._ahead():
            self._coming = self._ask(self._cursor)
        return size if isinstance(size, int) else 0, keys

    async def finish(self) -> None:
        """Take in what is still on its way."""
        asked, self._coming = self._coming, None
        if asked is not None:
            with contextlib.suppress(SourceError):
                await self._deployment.receive(asked.commands, asked.answer)

    def _commands(self, cursor: bytes) -> tuple[Command, ...]:
        return (b"DBSIZE",), (b"SCAN", cursor, b"COUNT", str(self._count()).encode())

    def _ask(self, cursor: bytes) -> _Asked:
        commands = self._commands(cursor)
        answer = self._deployment.send(commands, self._peek)
        return _Asked(cursor, commands, answer, time.perf_counter())

    def _peek(self, data: bytes) -> None:
        """The reply has begun to come."""
        begin = _CURSOR.match(data)
        if begin is not None and begin[1] != b"0" and self._awaited and self._ahead():
            self._coming = self._ask(begin[1])
