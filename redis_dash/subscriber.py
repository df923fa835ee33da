"""The pub/sub reader: an ``asyncio.Protocol`` that feeds ``hiredis.Reader`` whole chunks.

A chunk is parsed at once, counted by channel and put into the ring as it is; nothing is decoded here. The reader keeps
its own connection, notices when the peer is gone, connects again, subscribes again, and tells the gap.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from operator import itemgetter
from typing import Any

import hiredis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection

from redis_dash.config import Url
from redis_dash.connection import BACKOFF_S, CLIENT_NAME, CONNECT_TIMEOUT_S, describe, driver_connection
from redis_dash.eventlog import HEAD_BYTES, EventLog, Head, RawMessage
from redis_dash.model import Gap, SourceError
from redis_dash.patterns import Pattern

PING_EVERY_S = 2.0
SILENCE_S = 2.0
"""A PING unanswered for this long means that the peer is gone."""
CHANNELS_KEPT = 10_000
"""Channels that are counted one by one; the quietest of more than twice as many are put together."""

_NOT_YET = object()
_channel_of = itemgetter(-2)
_is_glob = set("*?[\\").intersection


class Subscriber:
    """Counts since this object was made; ``log`` holds the latest messages."""

    def __init__(self, url: Url, channels: tuple[str, ...], log: EventLog) -> None:
        self.log = log
        self.channels = ("*",) if "*" in channels else tuple(dict.fromkeys(channels))
        self.received = 0
        self.counts: Counter[bytes] = Counter()
        self.other = 0
        """Messages of channels that are no longer counted one by one."""
        self.gaps: deque[Gap] = deque(maxlen=100)
        self.connected = False
        self.trouble = "not connected yet"
        self.refused = False
        """The server answered, and does not let us subscribe."""
        self._url = url
        self._lost_at: float | None = None
        self._patterns = {glob.encode(): Pattern(glob) for glob in self.channels if _is_glob(glob)}
        self._first: dict[tuple[bytes, bytes], bool] = {}

    async def run(self) -> None:
        """Connect, subscribe and read until cancelled."""
        pause = BACKOFF_S[0]
        while True:
            try:
                await self._listen()
                pause = BACKOFF_S[0]
            except SourceError as error:
                self.trouble = str(error)
                pause = min(pause * 2, BACKOFF_S[1])
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        wire = _Wire(self)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open(wire)
                await self._subscribe(wire)
        except (OSError, TimeoutError, hiredis.ProtocolError) as error:
            wire.hang_up()
            raise SourceError(describe(error, self._url)) from None
        except BaseException:
            wire.hang_up()
            raise
        self._connected_again()
        try:
            await wire.watch()
        finally:
            wire.hang_up()
            self.connected = False
            self._lost_at = wire.heard_at
        self.trouble = wire.trouble
        self.log.mark(f"connection lost: {wire.trouble}", time.time(), "gap")

    async def _open(self, wire: _Wire) -> None:
        """Use the driver's reading of the URL, not its connection: that one reads a reply at a time."""
        loop, plan = asyncio.get_running_loop(), driver_connection(self._url)
        if isinstance(plan, UnixDomainSocketConnection):
            await loop.create_unix_connection(lambda: wire, plan.path)
        else:
            context = plan.ssl_context.get() if isinstance(plan, SSLConnection) else None
            await loop.create_connection(lambda: wire, plan.host, plan.port, ssl=context)
        if plan.password:
            await wire.ask("AUTH", *([plan.username] if plan.username else []), plan.password)
        await wire.ask("CLIENT", "SETNAME", CLIENT_NAME, optional=True)

    async def _subscribe(self, wire: _Wire) -> None:
        for channel in self.channels:
            try:
                await wire.ask("PSUBSCRIBE" if _is_glob(channel) else "SUBSCRIBE", channel)
            except SourceError:
                self.refused = True
                raise
        self.refused = False

    def _connected_again(self) -> None:
        reason, self.connected, self.trouble = self.trouble, True, ""
        if self._lost_at is not None:
            now = time.time()
            self.gaps.append(Gap(self._lost_at, now, reason))
            self.log.mark(f"reconnected, {now - self._lost_at:.1f} s unknown", now, "gap")
            self._lost_at = None

    @property
    def open_gap(self) -> Gap | None:
        """The gap that we are in, if we are in one."""
        return None if self._lost_at is None else Gap(self._lost_at, None, self.trouble)

    def take(self, messages: list[RawMessage], nbytes: int) -> None:
        """Count one chunk's messages and put them into the ring."""
        if len(self.channels) > 1:
            messages = [message for message in messages if self._is_first_delivery(message)]
        if nbytes > HEAD_BYTES * max(1, len(messages)) // 4:
            nbytes = _cut_large(messages)
        self.received += len(messages)
        self.counts.update(map(_channel_of, messages))
        self.log.append(messages, time.time(), nbytes)
        if len(self.counts) > 2 * CHANNELS_KEPT:
            kept = Counter(dict(self.counts.most_common(CHANNELS_KEPT)))
            self.other += self.counts.total() - kept.total()
            self.counts = kept

    def _is_first_delivery(self, message: RawMessage) -> bool:
        """Redis sends a message once for each subscription that fits; count it for the first of them."""
        subscription, channel = message[1], message[-2]
        assert isinstance(subscription, bytes)
        assert isinstance(channel, bytes)
        known = self._first.get((subscription, channel))
        if known is None:
            if len(self._first) > 4 * CHANNELS_KEPT:
                self._first.clear()
            names = [glob.encode() for glob in self.channels]
            fitting = (
                name
                for name in names
                if (self._patterns[name].variable(channel) is not None if name in self._patterns else name == channel)
            )
            known = self._first[subscription, channel] = next(fitting, subscription) == subscription
        return known


def _cut_large(messages: list[RawMessage]) -> int:
    """Keep the head of large payloads only; returns the bytes that are left."""
    nbytes = 0
    for index, message in enumerate(messages):
        payload = message[-1]
        if isinstance(payload, bytes) and len(payload) > HEAD_BYTES:
            messages[index] = [*message[:-1], Head.of(payload)]
            payload = b" " * HEAD_BYTES
        nbytes += len(payload) if isinstance(payload, bytes) else 0
    return nbytes


class _Wire(asyncio.Protocol):
    """One connection: first it answers questions, then it hands messages on."""

    def __init__(self, owner: Subscriber) -> None:
        self.heard_at = time.time()
        self.trouble = "the server closed the connection"
        self._owner = owner
        self._reader = hiredis.Reader(notEnoughData=_NOT_YET)
        self._transport: asyncio.Transport | None = None
        self._answers: deque[asyncio.Future[Any]] = deque()
        self._pending_bytes = 0
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.trouble = str(exc) or type(exc).__name__
        self._lost.set()
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(ConnectionResetError(self.trouble))

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        self._pending_bytes += len(data)
        messages: list[Any] = []
        append, gets = messages.append, reader.gets
        try:
            while (message := gets()) is not _NOT_YET:
                append(message)
        except hiredis.ProtocolError as error:
            self.trouble = f"the server does not speak Redis's protocol: {error}"
            self.hang_up()
        self.heard_at = time.time()
        if self._answers:
            messages = [message for message in messages if not self._is_answer(message)]
        if messages:
            self._owner.take(messages, self._pending_bytes)
            self._pending_bytes = 0

    def _is_answer(self, message: Any) -> bool:
        if isinstance(message, list) and message and message[0] in (b"message", b"pmessage"):
            return False
        if self._answers:
            answer = self._answers.popleft()
            if not answer.done():
                answer.set_result(message)
        return True

    async def ask(self, *command: str, optional: bool = False) -> None:
        """Send a command and wait for its answer.

        Raises:
            SourceError: the server answered with an error, unless ``optional``.
        """
        answer = self._send(*command)
        reply = await answer
        if isinstance(reply, Exception) and not optional:
            raise SourceError(str(reply))

    async def watch(self) -> None:
        """Return when the connection is lost, or the peer no longer answers."""
        while not self._lost.is_set():
            pong = self._send("PING")
            done, _ = await asyncio.wait([pong], timeout=SILENCE_S)
            if not done:
                self.trouble = "no answer in time"
                return
            if pong.exception() is not None:
                return
            try:
                async with asyncio.timeout(PING_EVERY_S):
                    await self._lost.wait()
            except TimeoutError:
                continue

    def _send(self, *command: str) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            answer.set_exception(ConnectionResetError(self.trouble))
            return answer
        self._answers.append(answer)
        self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says one-tuple
        return answer

    def hang_up(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()
