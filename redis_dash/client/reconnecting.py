"""The connection that everything is asked over: made again whenever it breaks, and why it broke is remembered.

Commands go out in the order in which they were sent, whoever waits for their answers, and so they are run and answered.
Only the moment of sending is guarded by a lock: on a slow way the answers to many are under way at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import hiredis

from redis_dash.client.connection import BACKOFF_S, Connection, OnAnswer, open_connection
from redis_dash.client.endpoint import endpoint_of
from redis_dash.client.reasons import LostError, describe, say, without_arguments
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError
from redis_dash.core.resp import Command, ReplyError

BROKEN = (OSError, TimeoutError, hiredis.ProtocolError)
DRAIN_S = 1.0
"""How long a PING waits for other answers, so that it is alone."""

Answer = asyncio.Future[list[object]]
Count = Callable[[Sequence[Command], list[object] | None], None]


class ConnectionSetup(Protocol):
    """What is to be done on a connection before anybody uses it."""

    def connected(self) -> None:
        """A new connection."""

    def go_on(self, connection: ReconnectingConnection) -> Awaitable[None]:
        """Do what is due."""


class ReconnectingConnection:
    """One connection at a time."""

    def __init__(
        self,
        url: Url,
        count: Count,
        connected: Callable[[], None],
        setup: ConnectionSetup,
        silence_s: Callable[[], float],
    ) -> None:
        """Opens nothing yet.

        Args:
            count: called with commands and their replies when they come, in the order in which the server ran them;
                with None if they were lost.
            connected: called when a connection has been made, before anything is sent.
            introduce: goes first on each connection.
            silence_s: after so many seconds without a byte the server is given up.
        """
        self.lock = asyncio.Lock()
        """To be held while connecting and sending."""
        self.traffic = Traffic()
        self.connects = 0
        """How often we connected, and the server answered."""
        self.unreachable = False
        """The latest attempt to connect failed, and none ever succeeded."""
        self.connection = Connection()
        endpoint_of(url)  # for its error, before anything is shown
        self._url = url
        self._count = count
        self._connected = connected
        self._introduce = setup
        self._silence_s = silence_s
        self._is_new = False
        """The connection stands, and has not answered yet."""
        self._next_try = 0.0
        self._pause = BACKOFF_S[0]
        self._trouble = "not connected yet"
        self._down = ""
        """Why the server is not reached; empty once it has answered, or while nothing was tried."""

    @property
    def trouble(self) -> str:
        """Why the server is not reached now; empty where it is, or where nothing was tried yet."""
        if self.connection.is_open or not self.connects:
            return self._down
        return self._down or self.connection.trouble

    # -- with the lock held ------------------------------------------------------------------------------------------

    async def ensure(self) -> None:
        """Connect and introduce ourselves, unless that has been done.

        Raises:
            AwayError: the server cannot be reached; after that, attempts are spaced out, and calls in between fail at
                once with the same message.
        """
        if not self.connection.is_open:
            await self._open()
        await self._introduce.go_on(self)
        if self._is_new or self._down:
            ping = [(b"PING",)]
            await self.receive(ping, self.send(ping))  # whoever does not answer, or is loading, has not been reached
            self._down = ""

    def send(
        self,
        commands: Sequence[Command],
        count: Count | None = None,
        peek: Callable[[bytes], None] | None = None,
    ) -> Answer:
        """Send commands; see ``Connection.send`` and ``receive``.

        Args:
            count: in place of the usual one.
        """
        return self.connection.send(commands, peek, self._counting(commands, count or self._count))

    def _counting(self, commands: Sequence[Command], count: Count) -> OnAnswer:
        def answered(replies: list[object] | None) -> None:
            if replies is not None and self._is_new:
                self._is_new = self.unreachable = False
                self.connects += 1
                self._pause = BACKOFF_S[0]
            count(commands, replies)

        return answered

    async def time_next(self) -> None:
        """Measure the trip of what is sent next, and let it be alone if that can be had."""
        await self.connection.drained(DRAIN_S)
        self.connection.time_next()

    async def _open(self) -> None:
        if time.monotonic() < self._next_try:
            raise AwayError(self._trouble)
        self._down = self.trouble
        self.connection = Connection()
        self.connection.traffic = self.traffic
        try:
            await open_connection(self._url, self.connection)
        except (*BROKEN, SourceError) as error:
            raise self._fail(error) from None
        self._is_new = True
        self._connected()
        self._introduce.connected()

    # -- with or without it ------------------------------------------------------------------------------------------

    async def receive(self, commands: Sequence[Command], answer: Answer) -> list[object]:
        """Wait for the replies to what was sent; no error reply repeats what was asked.

        Raises:
            AwayError: the connection broke, or the server was silent for too long.
        """
        try:
            replies = await self.connection.hear_out(answer, self._silence_s())
        except LostError as error:
            if self.connection.is_open:
                raise AwayError(str(error)) from None  # that was the connection before this one
            raise self._fail(error) from None
        except BROKEN as error:
            raise self._fail(error) from None
        if isinstance(replies[0], ReplyError) and str(replies[0]).startswith(("LOADING", "NOAUTH")):
            raise self._fail(SourceError(say(replies[0])))  # and so will it answer the next one
        return without_arguments(commands, replies)

    def hang_up(self, why: str = "") -> None:
        """Close at once."""
        self.connection.hang_up(why)

    def _fail(self, error: BaseException) -> SourceError:
        trouble = describe(error, self._url)
        self.hang_up(trouble)
        self._down = trouble
        if time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, BACKOFF_S[1])
            self._trouble = trouble
            self.unreachable = not self.connects
        return AwayError(trouble)
