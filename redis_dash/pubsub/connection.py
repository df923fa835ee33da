"""The subscribed connection: it receives messages and checks with a PING that the peer is alive."""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import hiredis

from redis_dash.client.connection import Connection, parse
from redis_dash.pubsub.message_log import HEAD_BYTES, MessageRing, RawMessage
from redis_dash.pubsub.packed_messages import are_messages, end_of_last, end_of_only, is_message, unpack, with_head
from redis_dash.pubsub.ring_buffer import ROOM_BYTES, UNFINISHED_BYTES

PING_EVERY_S = 1.0
SILENCE_S = 5.0
"""If a PING is unanswered and no byte arrives for this long, the peer is considered dead. The time is long because a
server that runs one slow command is silent, too: closing the connection then loses messages.
"""

GULP_S = 0.008
"""Pause between two reads while messages arrive fast: parsing many at once costs much less than parsing each alone."""
GULP_BYTES = ROOM_BYTES // 2
"""The pause ends before more than this, or a quarter of the socket's receive buffer, has arrived. Otherwise the server
would have to wait, and its backlog for us might grow until it closes the connection.
"""

FIRST_BYTES = 64
"""Enough of what is no Redis to tell what it is."""
MOST_MB = 64
"""The size of the longest message that is received. The server's own default closes a subscriber's connection if more
than 32 MB wait for it.
"""

Sift = Callable[[list[RawMessage]], list[RawMessage]]
"""Returns those of the messages that are counted and kept."""

_channel_of = itemgetter(-2)


class MessageConnection(Connection, asyncio.BufferedProtocol):
    """Counts and keeps messages as they arrive; everything else is a reply to a command."""

    def __init__(self, count: Callable[[list[bytes]], None], log: MessageRing, sift: Sift | None = None) -> None:
        """``count`` receives the channel of each message of a chunk; ``log`` keeps the messages.

        Args:
            sift: selects messages. The bytes as received then hold more than is kept, so single messages are kept.
        """
        super().__init__()
        self.complete_until = time.time()
        """All messages published before this moment have arrived, since a PING sent then was answered after them."""
        self.message_at = -math.inf
        """``time.monotonic()`` of the latest message."""
        self._count = count
        self._log = log
        log.buffer.clear()
        self._sift = sift
        self._since_last = 0
        """Bytes of the latest chunk since the beginning of the piece that completed the last reply."""
        self._is_sure = True
        """Whether the unfinished bytes in the ring buffer begin with a message."""
        self._channels: list[bytes] = []
        """The channels of this chunk's messages."""
        self._replied = 0
        self._last: object = None
        self._held: list[RawMessage] | None = None
        """The messages of this chunk, if they are kept one by one; None if their bytes are kept."""
        self._heard_at = time.time()
        self._came_at = self._waiting_since = -math.inf
        """``time.monotonic()`` of the latest read, and of the moment when the next one was possible."""
        self._chunks = 0
        self._subscribed = False
        self._pinging = False
        self._asked_at = 0.0
        """``time.monotonic()`` of the latest PING."""
        self._is_spoilt = False
        """Whether bytes arrived that could not be parsed."""

    @property
    def sure_until(self) -> float:
        """All messages published before this moment have probably arrived.

        The latest bytes are assumed to be fresh, unless a PING is unanswered.
        """
        return self.complete_until if self._pinging else self._heard_at

    @property
    def silent_s(self) -> float:
        """How long a PING has been unanswered while no byte arrived; 0 if none is."""
        return max(0.0, time.monotonic() - max(self._asked_at, self._came_at)) if self._pinging else 0.0

    @property
    def within_message(self) -> bool:
        """Whether an incomplete message has begun."""
        return bool(self._reader.has_data())

    @property
    def cut_short(self) -> int:
        """Messages that were received in part and are not counted: 0 or 1."""
        return int(self._is_spoilt or self.within_message)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Called by asyncio: the memory for the next bytes."""
        return self._log.room()

    def buffer_updated(self, nbytes: int) -> None:
        """Called by asyncio: parse the bytes that have arrived."""
        came_at = time.monotonic()
        self._chunks += 1
        self.traffic.received += nbytes
        begin, is_first = self._log.buffer.end, self._chunk_at is None
        try:
            self._take_in(nbytes)
        except hiredis.ProtocolError as error:
            self._is_spoilt = True
            self.distrust(error, bytes(self._log.buffer.memory[begin : begin + FIRST_BYTES]) if is_first else b"")
        if self._channels:
            self.message_at = came_at
        self.sort_out()
        if self._reader.len() > MOST_MB * 1024 * 1024:
            self._is_spoilt = True
            self.hang_up(f"a message of more than {MOST_MB} MB")
        self._throttle_reading(nbytes, came_at)

    def _throttle_reading(self, nbytes: int, came_at: float) -> None:
        """Pause reading while messages arrive fast, unless more bytes than one read takes are waiting."""
        elapsed, waited = came_at - self._came_at, came_at - self._waiting_since
        self._came_at, self._waiting_since = came_at, time.monotonic()
        if waited < GULP_S / 8 and nbytes < ROOM_BYTES and self._subscribed and self.is_open:
            assert self._transport is not None
            self._transport.pause_reading()
            pause = min(GULP_S, self._gulp_bytes() * elapsed / nbytes)
            asyncio.get_running_loop().call_later(pause, self._read_on)

    def _gulp_bytes(self) -> int:
        assert self._transport is not None
        connection: socket.socket | None = self._transport.get_extra_info("socket")
        if connection is None:
            return GULP_BYTES
        return min(GULP_BYTES, connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 4)

    def _read_on(self) -> None:
        assert self._transport is not None
        self._waiting_since = time.monotonic()
        self._transport.resume_reading()

    def _take_in(self, nbytes: int) -> None:
        """Count and keep a chunk's messages: as bytes if it is certain where they begin, else one by one.

        Raises:
            hiredis.ProtocolError: the bytes are not Redis's protocol; earlier messages are counted and kept.
        """
        buffer = self._log.buffer
        begin, buffer.end = buffer.end, buffer.end + nbytes
        packs = self._is_sure and self._sift is None
        self._channels, self._replied, self._held = [], 0, None if packs else []
        try:
            for piece, replies in parse(self._reader, buffer.memory, begin, buffer.end):
                if replies:
                    self._since_last = buffer.end - piece
                    self._sort(replies)  # replies that are dropped at once need little memory
        finally:
            end = self._end_of_replies(begin)
            if self._waiting:
                self.sort_out()  # before the messages are kept: those of a subscription come after its confirmation
            if self._replied:
                self.traffic.messages += self._replied
                self._heard_at = time.time()
                self._count(self._channels)
                self._keep(buffer.end if end is None else end, packs)
            self._is_sure = end is not None
            if end is None:
                buffer.clear()

    def _end_of_replies(self, begin: int) -> int | None:
        """Where the unfinished message begins; None if that is not certain, or if it is too long to be held here.

        ``begin`` is where this chunk begins.
        """
        buffer = self._log.buffer
        if self._replied > 1:
            end = end_of_last(buffer.memory, begin, buffer.end - self._since_last, buffer.end, self._last)
        elif not self._is_sure:
            return None
        else:
            end = end_of_only(buffer.memory, buffer.begin, self._last) if self._replied else buffer.begin
        return None if end is None or buffer.end - end > UNFINISHED_BYTES else end

    def _keep(self, end: int, packs: bool) -> None:
        """Put the chunk's messages into the log: as the bytes up to ``end``, unless these hold large payloads."""
        buffer, count = self._log.buffer, len(self._channels)
        if not count:
            buffer.drop(end)
            return
        nbytes = end - buffer.begin
        is_large = nbytes > HEAD_BYTES // 4 * count
        if packs and not is_large:
            self._log.append_packed(count, end, time.time(), unpack)
            return
        held = unpack(buffer.memory[buffer.begin : end]) if packs else list(map(with_head, self._held or []))
        heads = sum(len(part) for message in held for part in message[1:] if isinstance(part, bytes))
        self._log.append(held, time.time(), heads if is_large else nbytes)
        buffer.drop(end)

    def _sort(self, replies: list[Any]) -> None:
        """Separate messages from replies to commands; keep the messages or only their channels."""
        self._last = replies[-1]
        self._replied += len(replies)
        if (self._waiting or not self._subscribed) and not are_messages(replies):
            self._inbox += [reply for reply in replies if not is_message(reply)]
            replies = [reply for reply in replies if is_message(reply)]
        try:
            kept, channels = self._wanted(replies)
        except (TypeError, IndexError):  # an unexpected error, number or short list
            kept, channels = self._wanted([reply for reply in replies if is_message(reply)])
        self._channels += channels
        if self._held is not None:
            self._held += kept

    def _wanted(self, messages: list[Any]) -> tuple[list[Any], list[bytes]]:
        """The messages that are counted, and their channels."""
        kept = messages if self._sift is None else self._sift(messages)
        return kept, list(map(_channel_of, kept))

    async def watch(self) -> None:
        """Return when the connection is lost or the peer is silent."""
        self._subscribed = True
        self.complete_until = time.time()
        while not self.lost.is_set():
            self._pinging, self._asked_at, asked_at = True, time.monotonic(), time.time()
            if not await self._ping():
                return
            self._pinging, self.complete_until = False, asked_at
            try:
                async with asyncio.timeout(PING_EVERY_S):
                    await self.lost.wait()
            except TimeoutError:
                continue

    async def _answers_late(self, pong: asyncio.Future[list[Any]]) -> bool:
        """Whether bytes arrive after the timeout: this process may have been stopped, or reading may be paused."""
        chunks = self._chunks
        await asyncio.wait([pong], timeout=10 * GULP_S)
        return pong.done() or chunks != self._chunks

    async def _ping(self) -> bool:
        """Whether the peer answers a PING. While bytes arrive there is no timeout: the answer comes after them."""
        pong, chunks = self.send([(b"PING",)]), -1
        while not pong.done():
            if chunks == self._chunks and not await self._answers_late(pong):
                self.trouble = "no answer in time"
                pong.cancel()
                return False
            chunks = self._chunks
            await asyncio.wait([pong], timeout=SILENCE_S)
        return pong.exception() is None
