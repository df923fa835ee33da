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

from redis_dash.config import Url
from redis_dash.eventlog import HEAD_BYTES, EventLog, Head, RawMessage
from redis_dash.model import Gap, SourceError
from redis_dash.patterns import Pattern
from redis_dash.wire import BACKOFF_S, CLIENT_NAME, CONNECT_TIMEOUT_S, Wire, describe, open_wire

PING_EVERY_S = 2.0
SILENCE_S = 2.0
"""A PING unanswered for this long means that the peer is gone."""
CHANNELS_KEPT = 10_000
"""Channels that are counted one by one; the quietest of more than twice as many are put together."""

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
        wire = _MessageWire(self)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await open_wire(self._url, wire)
                await wire.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
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

    async def _subscribe(self, wire: Wire) -> None:
        for channel in self.channels:
            try:
                await wire.ask(b"PSUBSCRIBE" if _is_glob(channel) else b"SUBSCRIBE", channel.encode())
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


class _MessageWire(Wire):
    """Hands messages on as they come; everything else is an answer."""

    def __init__(self, owner: Subscriber) -> None:
        super().__init__()
        self._owner = owner
        self._pending_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Count what messages take, roughly."""
        self._pending_bytes += len(data)
        super().data_received(data)

    def sort_out(self) -> None:
        """Messages to the owner, answers to whoever asked."""
        messages, self._inbox = self._inbox, []
        if self._waiting:
            answers = [message for message in messages if not _is_message(message)]
            if answers:
                messages = [message for message in messages if _is_message(message)]
                self._inbox = answers
                super().sort_out()
        if messages:
            self._owner.take(messages, self._pending_bytes)
            self._pending_bytes = 0

    async def watch(self) -> None:
        """Return when the connection is lost, or the peer no longer answers."""
        while not self.lost.is_set():
            pong = self.send([(b"PING",)])
            done, _ = await asyncio.wait([pong], timeout=SILENCE_S)
            if not done:
                self.trouble = "no answer in time"
                return
            if pong.exception() is not None:
                return
            try:
                async with asyncio.timeout(PING_EVERY_S):
                    await self.lost.wait()
            except TimeoutError:
                continue


def _is_message(message: Any) -> bool:
    return isinstance(message, list) and bool(message) and message[0] in (b"message", b"pmessage")
