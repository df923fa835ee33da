"""A connection that is made again after it breaks, and that remembers why it broke.

The server runs and answers commands in the order in which they were sent. A lock guards only the moment of sending, so
that on a slow link many exchanges are under way at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import hiredis

from redis_dash.client.backoff import Backoff
from redis_dash.client.connection import Connection, OnAnswer
from redis_dash.client.endpoint import endpoint_of
from redis_dash.client.opening import CONNECT_TIMEOUT_S
from redis_dash.client.reasons import (
    LostError,
    describe,
    is_turned_away,
    may_be_turned_away,
    say,
    seen_before,
    without_arguments,
)
from redis_dash.client.target import Target
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError
from redis_dash.core.resp import Command, ReplyError

BROKEN = (OSError, TimeoutError, hiredis.ProtocolError)
DRAIN_S = 1.0
"""How long a timed PING waits for other replies first, so that it is measured alone."""

Answer = asyncio.Future[list[object]]
Count = Callable[[Sequence[Command], list[object] | None], None]


class ConnectionSetup(Protocol):
    """The commands that come first on a connection."""

    def connected(self) -> None:
        """A connection was made."""

    def go_on(self, connection: ReconnectingConnection) -> Awaitable[None]:
        """Send the commands that are due."""


class ReconnectingConnection:
    """Holds one connection at a time."""

    def __init__(
        self,
        target: Target,
        count: Count,
        connected: Callable[[], None],
        setup: ConnectionSetup,
        silence_s: Callable[[], float],
    ) -> None:
        """Does not connect yet.

        Args:
            count: called with commands and their replies in the order in which the server ran them; with None if the
                replies were lost.
            connected: called when a connection has been made, before anything is sent.
            setup: sends the first commands on each connection.
            silence_s: returns the seconds without a byte after which a connection is closed.
        """
        self.lock = asyncio.Lock()
        """Held while connecting and sending."""
        self.traffic = Traffic()
        self.connects = 0
        """The number of connections on which the server answered."""
        self.unreachable = False
        """Whether the latest attempt to connect failed and none ever succeeded."""
        self.was_encrypted = False
        """Whether any connection was made by TLS, even if the server refused the user."""
        self.connection = Connection()
        endpoint_of(target.url)  # raises its error before anything is shown
        self.target = target
        self._count = count
        self._connected = connected
        self._setup = setup
        self._silence_s = silence_s
        self._is_new = False
        """Whether the connection was made and has not answered yet."""
        self._next_try = 0.0
        self._backoff = Backoff()
        self._trouble = "not connected yet"
        self._down = ""
        """Why the server is not reached; empty after it has answered, or before the first attempt."""

    @property
    def url(self) -> Url:
        """The server, and the database that is selected on each connection."""
        return self.target.url

    @property
    def trouble(self) -> str:
        """Why the server is not reached now; empty if it is, or before the first attempt."""
        if self.connection.is_open or not self.connects:
            return self._down
        return self._down or self.connection.trouble

    @property
    def next_attempt_s(self) -> float | None:
        """Seconds until the next attempt to connect; 0 if it is due or under way, None if the server is reached."""
        return max(0.0, self._next_try - time.monotonic()) if self.trouble else None

    # -- with the lock held ------------------------------------------------------------------------------------------

    async def ensure(self) -> None:
        """Connect if there is no connection, and send the setup commands that are due.

        Raises:
            AwayError: the server cannot be reached. Attempts are spaced out after that, and calls in between fail at
                once with the same message.
        """
        if not self.connection.is_open:
            await self._open()
        await self._setup.go_on(self)
        if self._is_new or self._down:
            ping = [(b"PING",)]
            await self.receive(ping, self.send(ping))  # a server that is silent or loading is not reached
            self._down = ""
            self._backoff.start_over()

    def send(
        self,
        commands: Sequence[Command],
        count: Count | None = None,
        peek: Callable[[bytes], None] | None = None,
    ) -> Answer:
        """Send commands; see ``Connection.send`` and ``receive``.

        Args:
            count: replaces the usual callback.
        """
        return self.connection.send(commands, peek, self._counting(commands, count or self._count))

    def _counting(self, commands: Sequence[Command], count: Count) -> OnAnswer:
        def answered(replies: list[object] | None) -> None:
            if replies is not None and self._is_new and not may_be_turned_away(replies[0]):
                self._is_new = self.unreachable = False
                self.connects += 1
            count(commands, replies)

        return answered

    async def time_next(self) -> None:
        """Measure the round trip of the next exchange; wait a moment for earlier replies first."""
        await self.connection.drained(DRAIN_S)
        self.connection.time_next()

    async def _open(self) -> None:
        if time.monotonic() < self._next_try:
            raise AwayError(self._trouble)
        self._down = self.trouble
        self.connection = Connection()
        self.connection.traffic = self.traffic
        try:
            await self.target.open(self.connection)
        except (*BROKEN, SourceError) as error:
            raise self._fail(error) from None
        finally:
            self.was_encrypted = self.was_encrypted or bool(self.connection.tls_facts[0])
        self._is_new = True
        self._connected()
        self._setup.connected()

    def connect_now(self) -> None:
        """End the pause between two attempts to connect."""
        self._next_try = 0.0
        self._backoff.start_over()

    def try_soon(self) -> None:
        """Let the next attempt come after the shortest pause: it will differ from the last one."""
        self._backoff.start_over()
        self._next_try = time.monotonic() + self._backoff.next_s()

    # -- with or without the lock ------------------------------------------------------------------------------------

    async def receive(self, commands: Sequence[Command], answer: Answer) -> list[object]:
        """Wait for the replies to commands that were sent; no error reply repeats their arguments.

        Raises:
            AwayError: the connection broke, or the server was silent for too long.
        """
        try:
            replies = await self.connection.hear_out(answer, self._patience_s)
        except LostError as error:
            if self.connection.is_open:
                raise AwayError(str(error)) from None  # the previous connection was lost, not this one
            raise self._fail(error) from None
        except BROKEN as error:
            raise self._fail(error) from None
        first = replies[0]
        if isinstance(first, ReplyError) and (is_turned_away(first) or str(first).startswith("LOADING")):
            raise self._fail(SourceError(say(first)))  # the next commands get the same reply
        return without_arguments(commands, replies)

    @property
    def _patience_s(self) -> float:
        """The seconds without a byte: fewer on a new connection, since the next one may already be answered."""
        is_untried = self._is_new or bool(self._down)
        return min(self._silence_s(), CONNECT_TIMEOUT_S) if is_untried else self._silence_s()

    def hang_up(self, why: str = "") -> None:
        """Close the connection at once."""
        self.connection.hang_up(why)

    def _fail(self, error: BaseException) -> SourceError:
        trouble = describe(error, self.url)
        trouble = seen_before(trouble) if self.connects else trouble
        self.hang_up(trouble)
        self._down = trouble
        if time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + self._backoff.next_s()
            self._trouble = trouble
            self.unreachable = not self.connects
        return AwayError(trouble)
