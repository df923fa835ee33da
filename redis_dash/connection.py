"""A deployment behind one face: one connection, pipelines in order, driver errors turned into ours.

All polling goes through a single connection, one pipeline after the other. So the order in which the server ran our
commands is the order in which we sent them, and the count of our own lookups is exact at the moment of each INFO.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import hiredis

from redis_dash.changes import Changes, changes_of
from redis_dash.config import Url
from redis_dash.cost import CostMeter
from redis_dash.endpoint import endpoint_of
from redis_dash.model import MissingRightError, SourceError
from redis_dash.ownreads import Command, OwnReads, ReplyError, calibration
from redis_dash.wire import BACKOFF_S, CLIENT_NAME, Wire, describe, open_wire, say

REPLY_TIMEOUT_S = 5.0
PIPELINE_LENGTH = 1000
"""Commands sent at once: a longer pipeline is cut, so that nobody else waits long behind us."""
PRICE_EVERY_S = 5.0
PINGS = 3
BROKEN = (OSError, TimeoutError, hiredis.ProtocolError)


Exchange = Callable[[Sequence[Command]], Awaitable[list[object]]]


class Info(NamedTuple):
    """One INFO, with our own lookups as they stood when the server answered."""

    values: Mapping[str, str]
    at: float
    """``time.monotonic()``."""
    own_hits: int
    own_misses: int
    changes: Changes | None = None
    """Equal to another INFO's: nothing in the data set changed between the two. None where the server does not tell."""


def parse_info(raw: bytes) -> dict[str, str]:
    """INFO's ``name:value`` lines."""
    lines = raw.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


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
        """How often we connected."""
        self.unreachable = False
        """The latest attempt to connect failed, and none ever succeeded."""
        endpoint_of(url)  # for its error, before anything is shown
        self._wire = Wire()
        self._lock = asyncio.Lock()
        self._info: Info | None = None
        self._next_try = 0.0
        self._pause = BACKOFF_S[0]
        self._trouble = "not connected yet"
        self._priced_at = -math.inf
        self._run = ""
        self._polite = True
        self._lookups = (0, 0)

    async def pipeline(self, commands: Sequence[Command]) -> list[object]:
        """Run commands in order; an error reply stands in its place as a ``ReplyError``.

        Raises:
            SourceError: the server could not be reached, or the connection broke; after that, attempts to connect
                are spaced out, and calls in between fail at once with the same message.
        """
        replies: list[object] = []
        for begin in range(0, max(1, len(commands)), PIPELINE_LENGTH):
            part = commands[begin : begin + PIPELINE_LENGTH]
            async with self._lock:
                await self._ensure_connected()  # also for no command at all: nothing to read is not a dead server
                replies += await self._exchange(part) if part else []
        return replies

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
            (raw,) = await self._exchange([(b"INFO",)])
            values = parse_info(_bytes(check(raw)))
            self._notice_reset(values)
            changes = changes_of(values, self.url.database)
            self._info = Info(values, time.monotonic(), self.own.hits, self.own.misses, changes)
            if self._info.at - self._priced_at > PRICE_EVERY_S:
                await self._price()
        return self._info

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

    def _notice_reset(self, values: Mapping[str, str]) -> None:
        """Another server, or CONFIG RESETSTAT: its counters do not hold our earlier lookups."""
        lookups = int(values.get("keyspace_hits", 0)), int(values.get("keyspace_misses", 0))
        run = values.get("run_id", "")
        if run != self._run or lookups[0] < self._lookups[0] or lookups[1] < self._lookups[1]:
            self.own.hits = self.own.misses = 0
        self._run, self._lookups = run, lookups

    async def ping_ms(self) -> float:
        """A PING's round trip in milliseconds, the best of three: without what our own work adds to it.

        Commands of ours that wait before it are left out, and so is the time that this process takes to turn to the
        answer once it is there.

        Raises:
            SourceError: as ``pipeline``.
        """
        trips = []
        for _ in range(PINGS):
            async with self._lock:
                await self._ensure_connected()
                began = time.perf_counter()
                await asyncio.sleep(0)
                turn, began = time.perf_counter() - began, time.perf_counter()
                await self._exchange([(b"PING",)])
                trips.append(max(0.0, time.perf_counter() - began - turn))
        return min(trips) * 1000

    async def close(self) -> None:
        """Hang up."""
        self._info = None
        self._wire.hang_up()

    async def connect(self) -> None:
        """Connect, unless that has been done.

        Raises:
            SourceError: as ``pipeline``.
        """
        async with self._lock:
            await self._ensure_connected()

    def send(self, commands: Sequence[Command], peek: Callable[[bytes], None]) -> asyncio.Future[list[object]]:
        """Send commands that are no lookups, without waiting for our turn; see ``Wire.send`` and ``receive``."""
        return self._wire.send(commands, peek)

    async def receive(self, commands: Sequence[Command], answer: asyncio.Future[list[object]]) -> list[object]:
        """Wait for the replies to what was sent.

        Raises:
            SourceError: the connection broke.
        """
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                replies = await answer
            if isinstance(replies[0], ReplyError) and str(replies[0]).startswith(("LOADING", "NOAUTH")):
                raise SourceError(say(replies[0]))  # and so will it answer the next one
        except BaseException as error:
            # Whatever cut the exchange short, unread replies may be on the wire: this connection is spent.
            await self.close()
            if isinstance(error, (*BROKEN, SourceError)):
                raise self._fail(error) from None
            raise
        self.cost.count(commands)
        self.own.count(commands, replies)
        return replies

    async def _exchange(self, commands: Sequence[Command]) -> list[object]:
        return await self.receive(commands, self._wire.send(commands))

    async def _ensure_connected(self) -> None:
        if self._wire.is_open:
            return
        if time.monotonic() < self._next_try:
            raise SourceError(self._trouble)
        self._wire = Wire()
        try:
            await open_wire(self.url, self._wire)
        except (*BROKEN, SourceError) as error:
            self.unreachable = not self.connects
            raise self._fail(error) from None
        self.unreachable = False
        self._pause = BACKOFF_S[0]
        self._info = None
        self.connects += 1
        if self._polite:
            self._polite = False  # if the introduction breaks the connection, as at some proxies, do without it
            await self._introduce()
            self._polite = True

    def _fail(self, error: BaseException) -> SourceError:
        self._next_try = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, BACKOFF_S[1])
        self._trouble = describe(error, self.url)
        return SourceError(self._trouble)

    async def _introduce(self) -> None:
        """Say who we are, ask not to disturb the LRU, and ask which of our reads the server counts as lookups."""
        *_, raw = await self._exchange(
            [(b"CLIENT", b"SETNAME", CLIENT_NAME.encode()), (b"CLIENT", b"NO-TOUCH", b"ON"), (b"INFO",)]
        )
        if not isinstance(raw, bytes):
            return  # without INFO nothing can be asked, nor is there a hit rate to keep clean
        self._notice_reset(parse_info(raw))
        nobody = f"redis-dash:no-such-key:{os.urandom(8).hex()}".encode()
        before = (self.own.hits, self.own.misses)
        replies = await self._exchange(calibration(nobody))
        self.own.hits, self.own.misses = before
        if isinstance(replies[-1], list):
            self.own.calibrate(
                [int(parse_info(raw).get("keyspace_misses", 0)) for raw in replies[-1][::2] if isinstance(raw, bytes)]
            )


def _bytes(reply: object) -> bytes:
    if not isinstance(reply, bytes):
        raise SourceError(f"INFO answered with {type(reply).__name__} instead of text")
    return reply
