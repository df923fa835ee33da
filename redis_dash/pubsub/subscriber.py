"""The pub/sub reader, on a connection of its own.

A chunk of the wire is parsed at once, counted by channel and put into the ring as it is; nothing is decoded here. When
the peer is gone, or has cut us off, we connect again, subscribe again, and tell the gap.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from itertools import islice

import hiredis

from redis_dash.client.connection import BACKOFF_S, CLIENT_NAME, CONNECT_TIMEOUT_S, Connection, open_connection
from redis_dash.client.deployment import check
from redis_dash.client.reasons import describe
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.frames.events import Gap
from redis_dash.core.globs import encoded
from redis_dash.core.resp import ReplyError
from redis_dash.pubsub.connection import MessageConnection
from redis_dash.pubsub.disconnects import DisconnectCount, LostConnection
from redis_dash.pubsub.message_log import MessageRing, RawMessage

DASHBOARDS = b"redis-dash:dashboards"
"""Every dashboard subscribes to this channel, on which nobody publishes: so that they can count each other."""
CHANNELS_KEPT = 10_000
"""Channels that are counted one by one; the quietest of more than twice as many are put together."""
NAMES_BYTES = 8 * 1024 * 1024
"""So they are if their names take more than this."""

_is_glob = set("*?[\\").intersection


class Subscriber:
    """Counts since this object was made; ``log`` holds the latest messages."""

    def __init__(self, url: Url, channels: tuple[str, ...], log: MessageRing) -> None:
        self.log = log
        channels = tuple(dict.fromkeys(channels))
        # To the server, "*" stands for all channels but the one without a name.
        self.channels = tuple(name for name in channels if name in ("*", "")) if "*" in channels else channels
        self.received = 0
        self.dropped = 0
        """Messages that came in part, or as nothing that can be understood; the connection ended with each of them."""
        self.counts: Counter[bytes] = Counter()
        self.other = 0
        """Messages of channels that are no longer counted one by one."""
        self.gaps: deque[Gap] = deque(maxlen=100)
        self.connected = False
        self.announced: bool | None = None
        """Do other dashboards see us? None while that is not known."""
        self.trouble = "not connected yet"
        self.refused = False
        """The server answered, and does not let us subscribe."""
        self.traffic = Traffic()
        self.tried = asyncio.Event()
        """The first attempt to connect has succeeded or failed."""
        self._url = url
        self._loss: LostConnection | None = None
        self._names_nbytes = 0
        self._brought_by: dict[int, object] = {}
        self._brought_by_before: dict[int, object] = {}
        """The subscription that brings a channel's messages, by the name's hash; of channels heard some time ago."""

    async def run(self) -> None:
        """Connect, subscribe and read until cancelled."""
        pause = BACKOFF_S[0]
        while True:
            try:
                await self._listen()
                pause = BACKOFF_S[0]
            except SourceError as error:
                self.trouble = str(error)
                self.tried.set()
                pause = min(pause * 2, BACKOFF_S[1])
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        connection = MessageConnection(self.count, self.log, self.sift if len(self.channels) > 1 else None)
        connection.traffic = self.traffic
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await open_connection(self._url, connection)
                await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
                disconnect_count = await DisconnectCount.of(connection)
                await self._subscribe(connection)
        except (OSError, TimeoutError, hiredis.ProtocolError) as error:
            connection.hang_up()
            raise SourceError(describe(error, self._url)) from None
        except BaseException:
            connection.hang_up()
            raise
        self._connected_again(disconnect_count)
        try:
            await connection.watch()
        finally:
            connection.hang_up()
            self.connected, self.announced = False, None
            self.dropped += connection.cut_short
            self._loss = LostConnection(
                connection.sure_until,
                connection.complete_until,
                connection.trouble,
                connection.within_message,
                disconnect_count,
            )
        self.trouble = connection.trouble
        self.log.mark(f"connection lost: {connection.trouble}", time.time(), "gap")

    async def _subscribe(self, connection: Connection) -> None:
        for channel in self.channels:
            (reply,) = await connection.send([(b"PSUBSCRIBE" if _is_glob(channel) else b"SUBSCRIBE", encoded(channel))])
            try:
                check(reply)
            except MissingRightError:
                self.refused = True
                raise
        self.refused = False
        (reply,) = await connection.send([(b"SUBSCRIBE", DASHBOARDS)])
        self.announced = not isinstance(reply, ReplyError)

    def _connected_again(self, disconnect_count: DisconnectCount) -> None:
        reason, self.connected, self.trouble = self.trouble, True, ""
        self.tried.set()
        loss, self._loss = self._loss, None
        if loss is None:
            return
        now, began_at, why = time.time(), loss.sure_until, loss.explained(disconnect_count)
        if why is not None:
            reason, began_at = why, loss.complete_until  # what came last had waited: what else was waiting is lost
        self.gaps.append(Gap(began_at, now, reason))
        text = f"reconnected, {now - began_at:.1f} s unknown"
        self.log.mark(text if why is None else f"{text}: {why}", now, "gap")

    @property
    def was_connected(self) -> bool:
        """Is it now, or was it before?"""
        return self.connected or self._loss is not None

    def start_over(self) -> None:
        """Count from this moment on."""
        self.received = self.other = self.dropped = self._names_nbytes = 0
        self.counts = Counter()
        self.gaps.clear()

    @property
    def open_gap(self) -> Gap | None:
        """The gap that we are in, if we are in one."""
        return None if self._loss is None else Gap(self._loss.sure_until, None, self.trouble)

    def sift(self, messages: list[RawMessage]) -> list[RawMessage]:
        """Messages without those that another of our subscriptions brings as well."""
        known = self._brought_by.get
        return [
            message
            for message in messages
            if known(hash(message[-2])) == message[1] or self._is_first_delivery(message[1], message[-2])
        ]

    def count(self, channels: list[bytes]) -> None:
        """Count messages by their channels.

        Raises:
            hiredis.ProtocolError: they are no channels; what is counted till then stays.
        """
        before = len(self.counts)
        try:
            self.counts.update(channels)
            if len(self.counts) > before:
                self._names_nbytes += len(b"".join(islice(reversed(self.counts), len(self.counts) - before)))
        except TypeError:
            self.counts = Counter({name: count for name, count in self.counts.items() if isinstance(name, bytes)})
            self.received = self.counts.total() + self.other
            raise hiredis.ProtocolError("a message without a channel") from None
        self.received += len(channels)
        if len(self.counts) > 2 * CHANNELS_KEPT or self._names_nbytes > NAMES_BYTES:
            self._put_quiet_together()

    def _put_quiet_together(self) -> None:
        kept, left = Counter[bytes](), NAMES_BYTES // 2
        for name, count in self.counts.most_common(CHANNELS_KEPT):
            if len(name) <= left:
                kept[name], left = count, left - len(name)
        self.other += self.counts.total() - kept.total()
        self.counts, self._names_nbytes = kept, NAMES_BYTES // 2 - left

    def _is_first_delivery(self, subscription: object, channel: object) -> bool:
        """Redis sends a message once for each subscription that fits: each time for the same ones.

        So those count that come by the subscription which brought the channel's first message.
        """
        known = self._brought_by.get(place := hash(channel))
        if known is None:
            if len(self._brought_by) > 2 * CHANNELS_KEPT:
                self._brought_by, self._brought_by_before = {}, self._brought_by
            known = self._brought_by[place] = self._brought_by_before.get(place, subscription)
        return known == subscription
