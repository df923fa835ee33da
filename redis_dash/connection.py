"""A deployment behind one face: one connection, pipelines in order, driver errors turned into ours.

All polling goes through a single connection, one pipeline after the other. So the order in which the server ran our
commands is the order in which we sent them, and the count of our own lookups is exact at the moment of each INFO.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import hiredis

from redis_dash.changes import changes_of
from redis_dash.config import Url
from redis_dash.cost import CostMeter
from redis_dash.endpoint import endpoint_of
from redis_dash.heads import Heads
from redis_dash.info import Info, kind_of, parse_info
from redis_dash.introduction import Introduction
from redis_dash.model import AwayError, Kind, MissingRightError, SourceError
from redis_dash.ownreads import Command, OwnReads, ReplyError
from redis_dash.ping import PingTimer
from redis_dash.reasons import LostError, describe, say, without_arguments
from redis_dash.share import Application
from redis_dash.traffic import Traffic
from redis_dash.wire import BACKOFF_S, Wire, open_wire

REPLY_TIMEOUT_S = 5.0
"""Without a byte."""
PIPELINE_LENGTH = 1000
"""Commands sent at once: a longer pipeline is cut, so that nobody else waits long behind us."""
PRICE_EVERY_S = 5.0
BROKEN = (OSError, TimeoutError, hiredis.ProtocolError)
SENTINEL = "this is a Sentinel, not the Redis that it watches"


Exchange = Callable[[Sequence[Command]], Awaitable[list[object]]]


def check(reply: object) -> object:
    """Return a reply, or raise what the server said in place of it.

    Raises:
        MissingRightError: our user may not run the command.
        SourceError: any other error reply.
    """
    if isinstance(reply, ReplyError):
        text = str(reply)
        if text.startswith(("NOPERM", "ERR unknown command")):
            raise MissingRightError(text.removeprefix("NOPERM ").removeprefix("ERR "))
        raise SourceError(say(reply))
    return reply


class Deployment:
    """What a URL leads to."""

    def __init__(self, url: Url) -> None:
        self.url = url
        self.own = OwnReads()
        self.cost = CostMeter()
        self.connects = 0
        """How often we connected, and the server answered."""
        self.unreachable = False
        """The latest attempt to connect failed, and none ever succeeded."""
        self.kind: Kind = "standalone"
        """As the latest INFO says."""
        self.listener: Traffic | None = None
        """What goes over the connection that receives messages, where there is one."""
        endpoint_of(url)  # for its error, before anything is shown
        self._traffic = Traffic()
        self._wire = Wire()
        self._is_new = False
        """The connection stands, and has not answered yet."""
        self._lock = asyncio.Lock()
        self._info: Info | None = None
        self._next_try = 0.0
        self._pause = BACKOFF_S[0]
        self._trouble = "not connected yet"
        self._priced_at = -math.inf
        self._application = Application(self.own)
        self._introduction = Introduction(self.own, self._heard_first)
        self._heads = Heads(self.own)
        self._ping = PingTimer()

    # -- commands ----------------------------------------------------------------------------------------------------

    async def pipeline(self, commands: Sequence[Command]) -> list[object]:
        """Run commands in order; an error reply stands in its place as a ``ReplyError``.

        Of a value that GET reads no more than ``heads.MOST_BYTES`` and one byte are returned.

        Raises:
            SourceError: the server could not be reached, or the connection broke; after that, attempts to connect
                are spaced out, and calls in between fail at once with the same message.
        """
        replies: list[object] = []
        while len(replies) < len(commands) or not commands:
            async with self._lock:
                await self._ensure_connected()  # also for no command at all: nothing to read is not a dead server
                if not commands:
                    break
                replies += await self._part(commands[len(replies) : len(replies) + PIPELINE_LENGTH])
        return replies

    async def _part(self, commands: Sequence[Command]) -> list[object]:
        """As many of the commands as should be sent at once."""
        if not any(command[0] == b"GET" for command in commands):
            return await self._exchange(commands)
        commands = commands[: self._heads.number]
        began = time.perf_counter()
        replies = await self._exchange(self._heads.bounded(commands))
        self._heads.heard(replies, time.perf_counter() - began)
        return await self._heads.as_get(commands, replies, self._exchange)

    async def one(self, *command: bytes) -> object:
        """Run a single command.

        Raises:
            SourceError: as ``pipeline``, and for an error reply.
        """
        return check((await self.pipeline([command]))[0])

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Exchange]:
        """Hold the connection for several exchanges in a row, as WATCH needs it.

        Raises:
            SourceError: as ``pipeline``; the function that is handed out raises it too.
        """
        async with self._lock:
            await self._ensure_connected()
            yield self._exchange

    def send(self, commands: Sequence[Command], peek: Callable[[bytes], None]) -> asyncio.Future[list[object]]:
        """Send commands that are no lookups, without waiting for our turn; see ``Wire.send`` and ``receive``."""
        return self._wire.send(commands, peek)

    async def receive(self, commands: Sequence[Command], answer: asyncio.Future[list[object]]) -> list[object]:
        """Wait for the replies to what was sent.

        Raises:
            SourceError: the connection broke.
        """
        try:
            replies = await self._wire.hear_out(answer, REPLY_TIMEOUT_S)
            if isinstance(replies[0], ReplyError) and str(replies[0]).startswith(("LOADING", "NOAUTH")):
                raise SourceError(say(replies[0]))  # and so will it answer the next one
        except LostError as error:
            self.own.lost(commands)
            if self._wire.is_open:
                raise SourceError(str(error)) from None  # that was the connection before this one
            raise self._fail(error) from None
        except BaseException as error:
            # Whatever cut the exchange short, unread replies may be on the wire: this connection is spent.
            self.own.lost(commands)
            if isinstance(error, (*BROKEN, SourceError)):
                raise self._fail(error) from None
            self._hang_up("a reading was cut short")
            raise
        if self._is_new:
            self._is_new, self.unreachable = False, False
            self.connects += 1
            self._pause = BACKOFF_S[0]
        self.cost.count(commands)
        if ReplyError in set(map(type, replies)):
            replies = [
                without_arguments(reply, command) if isinstance(reply, ReplyError) else reply
                for command, reply in zip(commands, replies, strict=True)
            ]
        self.own.count(commands, replies)
        return replies

    async def _exchange(self, commands: Sequence[Command]) -> list[object]:
        return await self.receive(commands, self._wire.send(commands))

    # -- the connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect, unless that has been done.

        Raises:
            SourceError: as ``pipeline``.
        """
        async with self._lock:
            await self._ensure_connected()

    async def close(self) -> None:
        """Hang up."""
        self._hang_up()

    async def _ensure_connected(self) -> None:
        if not self._wire.is_open:
            await self._open()
        await self._introduction.go_on(self._wire.send, self.receive)
        if self.kind == "sentinel":
            raise SourceError(SENTINEL)

    async def _open(self) -> None:
        if time.monotonic() < self._next_try:
            raise AwayError(self._trouble)
        self._wire = Wire()
        self._wire.traffic = self._traffic
        try:
            await open_wire(self.url, self._wire)
        except (*BROKEN, SourceError) as error:
            raise self._fail(error) from None
        self._is_new, self._info = True, None
        self._application.connected()
        self._introduction.connected()
        self._ping.connected()

    def _hang_up(self, why: str = "") -> None:
        self._info = None
        self._wire.hang_up(why)

    def _fail(self, error: BaseException) -> SourceError:
        trouble = describe(error, self.url)
        self._hang_up(trouble)
        if time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, BACKOFF_S[1])
            self._trouble = trouble
            self.unreachable = not self.connects
        return SourceError(trouble)

    def own_error(self, doing: str) -> str:
        """Count an error of this program itself, and put it into words: what an exception says may hold anything."""
        self.cost.errors += 1
        return f"an error in redis-dash itself ({doing})"

    # -- INFO --------------------------------------------------------------------------------------------------------

    async def info(self, max_age_s: float = 0.4) -> Info:
        """INFO, shared by everybody who asks within ``max_age_s`` seconds.

        Raises:
            MissingRightError: our user may not run INFO.
            SourceError: as ``pipeline``.
        """
        if self._info is not None and time.monotonic() - self._info.at < max_age_s:
            return self._info
        async with self._lock:
            await self._ensure_connected()
            commands = [(b"INFO",)]
            run: list[tuple[int, int]] = []
            answer = self._wire.send(commands, on_answer=lambda: run.append(self._own_commands()))
            (raw,) = await self.receive(commands, answer)
            values = parse_info(_bytes(check(raw)))
            info = self._info = self._taken(values, run[0])
            if info.at - self._priced_at > PRICE_EVERY_S:
                await self._price()
        return info

    def _own_commands(self) -> tuple[int, int]:
        """The least and the most that can have been run: the order between two connections is not known."""
        least, listener = self._traffic.run, self.listener
        if listener is None:
            return least, least
        return least + listener.run, least + listener.run + listener.in_flight

    def _heard_first(self, values: Mapping[str, str]) -> None:
        """The first INFO of a connection."""
        self.kind = kind_of(values)
        self._application.take(values)

    def _taken(self, values: Mapping[str, str], own_commands: tuple[int, int]) -> Info:
        self.kind = kind_of(values)
        application = self._application
        application.take(values)
        return Info(
            values=values,
            at=time.monotonic(),
            own_hits=self.own.hits,
            own_misses=self.own.misses,
            application=(application.hits, application.misses),
            own_commands=own_commands,
            began=application.began,
            changes=changes_of(values, self.url.database),
        )

    async def price(self) -> None:
        """Bring the cost up to date now; otherwise that happens every few seconds.

        Raises:
            SourceError: as ``pipeline``.
        """
        async with self._lock:
            await self._ensure_connected()
            await self._price()

    async def _price(self) -> None:
        self._priced_at = time.monotonic()
        (stats,) = await self._exchange([(b"INFO", b"commandstats")])
        if isinstance(stats, bytes):
            self.cost.price(parse_info(stats), self._priced_at)

    async def ping_ms(self) -> float | None:
        """A PING's round trip in milliseconds, the median of a few; None where none could be measured yet.

        Raises:
            SourceError: as ``pipeline``.
        """
        self._ping.begin()
        while self._ping.wants_more:
            async with self._lock:
                await self._ensure_connected()
                self._wire.time_next()
                await self._exchange([(b"PING",)])
                self._ping.add(self._wire.trip)
        return self._ping.shown_ms()


def _bytes(reply: object) -> bytes:
    if not isinstance(reply, bytes):
        raise SourceError(f"INFO answered with {type(reply).__name__} instead of text")
    return reply
