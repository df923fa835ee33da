"""The pub/sub reader, on a connection of its own.

A chunk of the wire is parsed at once, counted by channel and put into the ring as it is; nothing is decoded here. When
the peer is gone, or has cut us off, we connect again, subscribe again, and tell the gap.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque

import hiredis

from redis_dash.config import Url
from redis_dash.cutoff import Cutoffs, Loss
from redis_dash.eventlog import EventLog, RawMessage
from redis_dash.messagewire import MessageWire
from redis_dash.model import Gap, SourceError
from redis_dash.patterns import Pattern
from redis_dash.reasons import describe
from redis_dash.traffic import Traffic
from redis_dash.wire import BACKOFF_S, CLIENT_NAME, CONNECT_TIMEOUT_S, Wire, open_wire

CHANNELS_KEPT = 10_000
"""Channels that are counted one by one; the quietest of more than twice as many are put together."""

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
        self.traffic = Traffic()
        self._url = url
        self._loss: Loss | None = None
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
        wire = MessageWire(self.count, self.log, self.sift if len(self.channels) > 1 else None)
        wire.traffic = self.traffic
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await open_wire(self._url, wire)
                await wire.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
                cutoffs = await Cutoffs.of(wire)
                await self._subscribe(wire)
        except (OSError, TimeoutError, hiredis.ProtocolError) as error:
            wire.hang_up()
            raise SourceError(describe(error, self._url)) from None
        except BaseException:
            wire.hang_up()
            raise
        self._connected_again(cutoffs)
        try:
            await wire.watch()
        finally:
            wire.hang_up()
            self.connected = False
            self._loss = Loss(wire.sure_until, wire.complete_until, wire.trouble, wire.within_message, cutoffs)
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

    def _connected_again(self, cutoffs: Cutoffs) -> None:
        reason, self.connected, self.trouble = self.trouble, True, ""
        loss, self._loss = self._loss, None
        if loss is None:
            return
        now, began_at, why = time.time(), loss.sure_until, loss.explained(cutoffs)
        if why is not None:
            reason, began_at = why, loss.complete_until  # what came last had waited: what else was waiting is lost
        self.gaps.append(Gap(began_at, now, reason))
        text = f"reconnected, {now - began_at:.1f} s unknown"
        self.log.mark(text if why is None else f"{text}: {why}", now, "gap")

    @property
    def open_gap(self) -> Gap | None:
        """The gap that we are in, if we are in one."""
        return None if self._loss is None else Gap(self._loss.sure_until, None, self.trouble)

    def sift(self, messages: list[RawMessage]) -> list[RawMessage]:
        """Messages without those that another of our subscriptions brings as well."""
        return [message for message in messages if self._is_first_delivery(message)]

    def count(self, channels: list[bytes]) -> None:
        """Count messages by their channels."""
        self.received += len(channels)
        self.counts.update(channels)
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
