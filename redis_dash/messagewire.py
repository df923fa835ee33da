"""The subscribed connection: messages in, and a PING now and then to learn whether the peer is still there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from redis_dash.eventlog import RawMessage
from redis_dash.giants import LostPlaceError, MessageReader, are_messages, encoded, is_message
from redis_dash.stretch import Stretch, end_of_last
from redis_dash.wire import Wire

PING_EVERY_S = 2.0
SILENCE_S = 5.0
"""A PING unanswered, and not a byte of anything else for this long, means that the peer is gone. A server that is busy
with one slow command is silent, too: hanging up on it loses messages that would have come.
"""

SMALL_BYTES = 8192
"""A chunk is read into room for 256 KB, which what is left of it holds together: so much is copied out of it."""

Sift = Callable[[list[RawMessage]], list[RawMessage]]
"""Takes messages and returns those that are to be counted and kept."""
Keep = Callable[[int, Stretch | None, list[RawMessage], int], None]
"""Takes the number of messages, the stretch that holds them or else the messages, and how many bytes they took."""

_channel_of = itemgetter(-2)


class MessageWire(Wire):
    """Hands messages on as they come; everything else is an answer."""

    def __init__(self, count: Callable[[list[bytes]], None], keep: Keep, sift: Sift | None = None) -> None:
        """``count`` takes the channels of a chunk's messages, one for each; ``keep`` takes a stretch of messages.

        Args:
            sift: where not every message counts, so that the stretch as it came holds more than are to be kept.
        """
        super().__init__()
        self.complete_until = time.time()
        """All that was published before this moment has arrived: a PING sent then was answered behind it."""
        self._count = count
        self._keep = keep
        self._sift = sift
        self._messages = MessageReader()
        self._before: bytes | None = b""
        """What has come of an unfinished message; None where that is not certain."""
        self._channels: list[bytes] = []
        """Of this chunk's messages."""
        self._replied = 0
        self._last: object = None
        self._held: list[RawMessage] | None = None
        """The messages of this stretch, where they must be held as they are made."""
        self._heard_at = time.time()
        self._chunks = 0
        self._subscribed = False
        self._pinging = False

    @property
    def sure_until(self) -> float:
        """The same, as far as we know: what arrived last was just published, unless an answer is overdue."""
        return self.complete_until if self._pinging else self._heard_at

    @property
    def within_message(self) -> bool:
        """Is a message begun and not complete?"""
        return self._messages.within_message

    def data_received(self, data: bytes) -> None:
        """Note that the peer lives."""
        self._chunks += 1
        super().data_received(data)

    def take_in(self, data: bytes) -> None:
        """Count a chunk's messages; only its bytes are kept, if it is certain where they begin."""
        before, sifted = self._before, self._sift is not None
        if len(data) < SMALL_BYTES:
            data = bytes(memoryview(data))
        self._channels, self._replied, self._held = [], 0, [] if before is None or sifted else None
        try:
            self._messages.feed(data, self._sort)
        except LostPlaceError as error:
            self.trouble = str(error)
            self.hang_up()
        self._before = self._next_before(before, data)
        if self._replied:
            self._heard_at = time.time()
        if self._channels:
            self._count(self._channels)
            stretch = Stretch(before, data) if before is not None and not sifted else None
            self._keep(len(self._channels), stretch, self._held or [], len(data))
        self._held = None

    def _next_before(self, before: bytes | None, data: bytes) -> bytes | None:
        if self._messages.within_giant:
            return None
        if self._replied > 1:
            end = end_of_last(data, self._last, self._messages.buffered)
            return None if end is None else data[end:]
        if before is None or not self._replied:
            return None if before is None else before + data
        only = encoded(self._last)
        return None if only is None else data[len(only) - len(before) :]

    def _sort(self, replies: list[Any]) -> None:
        """Messages to the owner, answers to whoever asked. Of what is not held only the channels outlive this."""
        self._last = replies[-1]
        self._replied += len(replies)
        if (self._waiting or not self._subscribed) and not are_messages(replies):
            self._inbox += [reply for reply in replies if not is_message(reply)]
            replies = [reply for reply in replies if is_message(reply)]
        if self._sift is not None:
            replies = self._sift(replies)
        self._channels += map(_channel_of, replies)
        if self._held is not None:
            self._held += replies

    async def watch(self) -> None:
        """Return when the connection is lost, or the peer is silent."""
        self._subscribed = True
        self.complete_until = time.time()
        while not self.lost.is_set():
            self._pinging, asked_at = True, time.time()
            if not await self._ping():
                return
            self._pinging, self.complete_until = False, asked_at
            try:
                async with asyncio.timeout(PING_EVERY_S):
                    await self.lost.wait()
            except TimeoutError:
                continue

    async def _ping(self) -> bool:
        """Is the peer there? While bytes come, the answer may take its time: it queues behind them."""
        pong, chunks = self.send([(b"PING",)]), -1
        while not pong.done():
            if chunks == self._chunks:
                self.trouble = "no answer in time"
                pong.cancel()
                return False
            chunks = self._chunks
            await asyncio.wait([pong], timeout=SILENCE_S)
        return pong.exception() is None
