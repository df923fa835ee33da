"""The subscribed connection: messages in, and a PING now and then to learn whether the peer is still there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from redis_dash.eventlog import RawMessage
from redis_dash.giants import LostPlaceError, MessageReader, is_message
from redis_dash.wire import Wire

PING_EVERY_S = 2.0
SILENCE_S = 5.0
"""A PING unanswered, and not a byte of anything else for this long, means that the peer is gone. A server that is busy
with one slow command is silent, too: hanging up on it loses messages that would have come.
"""


class MessageWire(Wire):
    """Hands messages on as they come, with what they take, roughly; everything else is an answer."""

    def __init__(self, take: Callable[[list[RawMessage], int], None]) -> None:
        super().__init__()
        self.complete_until = time.time()
        """All that was published before this moment has arrived: a PING sent then was answered behind it."""
        self._take = take
        self._messages = MessageReader()
        self._pending_bytes = 0
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
        self._pending_bytes += len(data)
        super().data_received(data)

    def take_in(self, data: bytes) -> None:
        """Put all replies that are complete now into the inbox."""
        try:
            self._messages.feed(data, self._inbox)
        except LostPlaceError as error:
            self.trouble = str(error)
            self.hang_up()

    def sort_out(self) -> None:
        """Messages to the owner, answers to whoever asked."""
        if not self._inbox:
            return
        self._heard_at = time.time()
        messages, self._inbox = self._inbox, []
        if self._waiting or not self._subscribed:
            answers = [message for message in messages if not is_message(message)]
            if answers:
                messages = [message for message in messages if is_message(message)]
                self._inbox = answers
                super().sort_out()
        if messages:
            self._take(messages, self._pending_bytes)
            self._pending_bytes = 0

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
