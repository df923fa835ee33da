"""The subscriber, on a connection of its own.

A received chunk is parsed at once, counted by channel and put into the ring unchanged; nothing is decoded here. After a
disconnect the subscriber connects and subscribes again, and reports the gap.

One connection is enough for several nodes, too: a cluster passes each message of PUBLISH on to all its nodes. A message
of SPUBLISH stays on the node of its channel; the events source says how many such channels there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

import hiredis

from redis_dash.client.backoff import Backoff
from redis_dash.client.connection import CLIENT_NAME
from redis_dash.client.opening import open_connection, time_limit_s
from redis_dash.client.reasons import check, describe, seen_before
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.durations import tenths
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.frames.events import Gap
from redis_dash.core.globs import encoded
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.pubsub.connection import MessageConnection
from redis_dash.pubsub.disconnects import DisconnectCount, LostConnection
from redis_dash.pubsub.message_log import MessageRing, RawMessage
from redis_dash.pubsub.refused_channels import checked, is_glob, missing_rights, other_command

DASHBOARDS = b"redis-dash:dashboards"
"""Every dashboard subscribes to this channel, so that dashboards can count each other; no message is published."""
LATE_S = 1.5
"""After this time without an answer, messages are no longer called live."""
UNANSWERED_S = 0.4
"""After this time without an answer, what has been received is as old as the latest answer."""
CHANNELS_KEPT = 10_000
"""Channels that are counted one by one. Above twice this number, the quietest are merged into one count."""
NAMES_BYTES = 8 * 1024 * 1024
"""They are also merged if their names take more than this."""

FRESH_S = 0.5
"""An attempt to connect that lasts longer is begun anew once the server is there."""
OpenListener = Callable[[MessageConnection], Awaitable[Url]]
ASK_AGAIN_S = 30.0
"""Pause before refused channels are tried again: each refusal is an entry in the server's ACL LOG."""


def _subscribe(channel: str) -> Command:
    return (b"PSUBSCRIBE" if is_glob(channel) else b"SUBSCRIBE", encoded(channel))


def _refused(channels: Sequence[str], replies: Sequence[object]) -> dict[str, ReplyError] | None:
    """The channels for which a right is missing; None if the server answered with another error, such as LOADING."""
    refused: dict[str, ReplyError] = {}
    for channel, reply in zip(channels, replies, strict=True):
        if isinstance(reply, ReplyError):
            if missing_right(reply) is None:
                return None
            refused[channel] = reply
    return refused


class Subscriber:
    """Counts messages since this object was created; ``log`` holds the latest ones."""

    def __init__(
        self, url: Url, channels: tuple[str, ...], log: MessageRing, opens: OpenListener | None = None
    ) -> None:
        """``opens`` opens each connection and returns its server, if that is not always ``url``."""
        self.log = log
        self._opens = opens
        channels = tuple(dict.fromkeys(channels))
        # For the server, "*" matches all channels but the one with the empty name.
        self.channels = tuple(name for name in channels if name in ("*", "")) if "*" in channels else channels
        self.received = 0
        self.dropped = 0
        """Messages that were received in part or could not be parsed; each of them ended a connection."""
        self.counts: Counter[bytes] = Counter()
        self.other = 0
        """Messages of channels that were merged into one count."""
        self.gaps: deque[Gap] = deque(maxlen=100)
        self.connected = False
        self.announced: bool | None = None
        """Whether other dashboards can count us; None while it is unknown."""
        self.announced_since: float | None = None
        """``time.monotonic()`` from which on they can on this connection; None if they cannot."""
        self.trouble = "not connected yet"
        self.refusal: MissingRightError | None = None
        """The rights that are missing, if the server answered and refused all subscriptions."""
        self.refused_channels: dict[str, ReplyError] = {}
        """The server's answers for the channels that it refused."""
        self.shard_states: dict[str, str] = {}
        """Why each named channel of SPUBLISH is not received; empty if it is. See ``ShardChannels``."""
        self.traffic = Traffic()
        self.server_id: str | None = None
        """The server that it was connected to last, by the id of its run; None if it does not tell."""
        self.tried = asyncio.Event()
        """Set when the first attempt to connect has succeeded or failed."""
        self._url = url
        self._connection: MessageConnection | None = None
        self._connects = 0
        self._opening: MessageConnection | None = None
        self._opened_at = 0.0
        """The connection that is being opened, and since when (``time.monotonic()``)."""
        self._backoff = Backoff()
        self._now = asyncio.Event()
        """Set to end the pause between two attempts to connect."""
        self._loss: LostConnection | None = None
        self._names_nbytes = 0
        self._brought_by: dict[int, object] = {}
        self._brought_by_before: dict[int, object] = {}
        """Hash of a channel -> the subscription whose deliveries count; of channels seen some time ago."""

    async def run(self) -> None:
        """Connect, subscribe and read until cancelled."""
        while True:
            try:
                await self._listen()
                self._backoff.start_over()
            except SourceError as error:
                self.trouble = seen_before(str(error)) if self._connects else str(error)
                self.tried.set()
            self._now.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next_s()):
                    await self._now.wait()

    def connect_now(self) -> None:
        """End the pause before the next attempt to connect: the server is there."""
        self._backoff.start_over()
        self._now.set()
        if self._opening is not None and time.monotonic() - self._opened_at > FRESH_S:
            self._opening.hang_up(self.trouble)  # it was begun while the server was away

    def leave(self, why: str) -> None:
        """Connect to another server."""
        if self._connection is not None:
            self._connection.hang_up(why)

    async def _listen(self) -> None:
        connection = MessageConnection(self.count, self.log, self.sift if len(self.channels) > 1 else None)
        connection.traffic = self.traffic
        disconnect_count = DisconnectCount()
        self._opening, self._opened_at = connection, time.monotonic()
        try:
            disconnect_count = await self._open(connection)
            self._opening = None
            asking = asyncio.create_task(self._ask_again(connection))
            try:
                await connection.watch()
            finally:
                asking.cancel()
        finally:
            connection.hang_up()
            if self.connected:
                self.connected, self.announced, self.announced_since, self._connection = False, None, None, None
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

    async def _open(self, connection: MessageConnection) -> DisconnectCount:
        try:
            async with asyncio.timeout(time_limit_s(self._url)):
                if self._opens is None:
                    await open_connection(self._url, connection)
                else:
                    self._url = await self._opens(connection)
                await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
                disconnect_count = await DisconnectCount.of(connection)
                self.server_id = disconnect_count.run_id
                await self._subscribe(connection, disconnect_count)
        except (OSError, TimeoutError, hiredis.ProtocolError) as error:
            raise SourceError(describe(error, self._url)) from None
        return disconnect_count

    async def _subscribe(self, connection: MessageConnection, disconnect_count: DisconnectCount) -> None:
        """Subscribe to all channels at once. The gap ends with the confirmation, before the first message."""

        def confirmed(replies: list[object] | None) -> None:
            refused = None if replies is None else _refused(self.channels, replies[1:])
            if replies is not None and refused is not None and len(refused) < max(1, len(self.channels)):
                self.announced, self.refusal, self.refused_channels = (
                    not isinstance(replies[0], ReplyError),
                    None,
                    refused,
                )
                self.announced_since = time.monotonic() if self.announced else None
                self._connected_again(connection, disconnect_count)

        replies = await connection.send(
            [(b"SUBSCRIBE", DASHBOARDS), *map(_subscribe, self.channels)], on_answer=confirmed
        )
        if self.connected:
            return
        refused = _refused(self.channels, replies[1:])
        if refused is None:
            for reply in replies[1:]:
                check(reply)
        else:
            others = {name: command for name, error in refused.items() if (command := other_command(name, error))}
            answers = await connection.send(list(others.values())) if others else []  # the connection is closed then
            known = checked(list(others), answers, is_announced=not isinstance(replies[0], ReplyError))
            self.refused_channels = refused
            self.refusal = missing_rights(refused, some_allowed=False, others=known)
            raise self.refusal

    async def _ask_again(self, connection: MessageConnection) -> None:
        """Try the refused channels again now and then: the right may be given meanwhile."""
        while self.refused_channels:
            await asyncio.sleep(ASK_AGAIN_S)
            tried = tuple(self.refused_channels)
            with contextlib.suppress(OSError):  # the connection broke: all are tried on the next one
                replies = await connection.send(list(map(_subscribe, tried)))
                refused = _refused(tried, replies)
                self.refused_channels = self.refused_channels if refused is None else refused

    @property
    def allowed(self) -> tuple[str, ...]:
        """The channels and patterns that are received."""
        return tuple(name for name in self.channels if name not in self.refused_channels)

    @property
    def missing(self) -> MissingRightError | None:
        """What is missing to receive all channels, if only some are received."""
        return missing_rights(self.refused_channels, some_allowed=True) if self.refused_channels else None

    def _connected_again(self, connection: MessageConnection, disconnect_count: DisconnectCount) -> None:
        reason, self.connected, self.trouble = self.trouble, True, ""
        self._connection, self._connects = connection, self._connects + 1
        self.tried.set()
        loss, self._loss = self._loss, None
        if loss is None:
            return
        now, began_at, why = time.time(), loss.sure_until, loss.explained(disconnect_count)
        if why is not None:  # the last messages were late: their backlog is lost
            reason, began_at = why, loss.complete_until
        self.gaps.append(Gap(began_at, now, reason))
        text = f"reconnected, {tenths(now - began_at)} unknown"
        self.log.mark(text if why is None else f"{text}: {why}", now, "gap")

    @property
    def refused(self) -> bool:
        """Whether the server answered and refused the subscription."""
        return self.refusal is not None

    @property
    def is_silent(self) -> bool:
        """Whether the server has not answered for some time, so that messages may be late."""
        return self._connection is not None and self._connection.silent_s >= LATE_S

    @property
    def is_receiving(self) -> bool:
        """Whether messages come as they are published, as far as is known."""
        return self.connected and not self.is_silent

    def has_received_since(self, moment: float) -> bool:
        """Whether a message came after ``moment`` (``time.monotonic()``) on the present connection."""
        return self._connection is not None and self._connection.message_at > moment

    @property
    def sure_until(self) -> float | None:
        """Until when messages have come for certain (Unix epoch seconds); None while they do."""
        if self.connected and self._connection is not None and self._connection.silent_s >= UNANSWERED_S:
            return self._connection.sure_until
        return None if self._loss is None else self._loss.sure_until

    @property
    def state(self) -> tuple[object, ...]:
        """Differs whenever the connection was lost, made again, refused or silent meanwhile."""
        return self.connected, self._connects, self.refused, self.trouble, self.is_silent, tuple(self.refused_channels)

    @property
    def was_connected(self) -> bool:
        """Whether it is or was connected."""
        return self.connected or self._loss is not None

    def start_over(self) -> None:
        """Reset the counts."""
        self.received = self.other = self.dropped = self._names_nbytes = 0
        self.counts = Counter()
        self.gaps.clear()

    @property
    def open_gap(self) -> Gap | None:
        """The gap that lasts now; None while connected."""
        return None if self._loss is None else Gap(self._loss.sure_until, None, self.trouble)

    def sift(self, messages: list[RawMessage]) -> list[RawMessage]:
        """The messages without those that another subscription of ours delivers as well."""
        known = self._brought_by.get
        return [
            message
            for message in messages
            if known(hash(message[-2])) == message[1] or self._is_first_delivery(message[1], message[-2])
        ]

    def count(self, channels: list[bytes]) -> None:
        """Count messages by their channels.

        Raises:
            hiredis.ProtocolError: a channel is not bytes; messages counted before it stay counted.
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
            self._merge_quiet()

    def _merge_quiet(self) -> None:
        kept, left = Counter[bytes](), NAMES_BYTES // 2
        for name, count in self.counts.most_common(CHANNELS_KEPT):
            if len(name) <= left:
                kept[name], left = count, left - len(name)
        self.other += self.counts.total() - kept.total()
        self.counts, self._names_nbytes = kept, NAMES_BYTES // 2 - left

    def _is_first_delivery(self, subscription: object, channel: object) -> bool:
        """Whether a message counts: Redis sends it once for each subscription that matches its channel.

        Only deliveries by the subscription that delivered the channel's first message count.
        """
        known = self._brought_by.get(place := hash(channel))
        if known is None:
            if len(self._brought_by) > 2 * CHANNELS_KEPT:
                self._brought_by, self._brought_by_before = {}, self._brought_by
            known = self._brought_by[place] = self._brought_by_before.get(place, subscription)
        return known == subscription
