"""The channels of SPUBLISH that are named: each is received from the primary that holds its slot.

A message of SPUBLISH stays on that node, so there is a connection to each node that holds one of them. When a slot
moves, the server ends the subscription, and the channel is subscribed to on its new node; the time between is a gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import hiredis

from redis_dash.client.cluster.redirects import redirect_of
from redis_dash.client.connection import CLIENT_NAME, Connection, parse
from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Node
from redis_dash.client.opening import time_limit_s
from redis_dash.client.reasons import describe, say
from redis_dash.client.traffic import Traffic
from redis_dash.core.durations import tenths
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.events import Gap
from redis_dash.core.globs import encoded
from redis_dash.core.resp import Command, ReplyError
from redis_dash.pubsub.message_log import HEAD_BYTES
from redis_dash.pubsub.packed_messages import with_head
from redis_dash.pubsub.subscriber import Subscriber

LOOK_S = 0.25
"""How often it is checked whether each channel is received, at least."""
PING_EVERY_S, SILENCE_S = 1.0, 3.0
MOST_BYTES = 64 * 1024 * 1024
"""A longer message ends the connection."""
MOVED = "its slot has moved"
NOT_YET = "not connected yet"


class ShardConnection(Connection):
    """Receives messages between the replies to commands."""

    def __init__(self, take: Callable[[list[Any]], None], left: Callable[[bytes], None]) -> None:
        """``take`` receives messages, ``left`` the name of a channel whose subscription the server has ended."""
        super().__init__()
        self._take = take
        self._left = left

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: separate messages from replies."""
        self.traffic.received += len(data)
        messages: list[Any] = []
        try:
            for _, replies in parse(self._reader, data, 0, len(data)):
                for reply in replies:
                    self._sort(reply, messages)
            if messages:
                self._take(messages)
        except hiredis.ProtocolError as error:
            self.distrust(error, data)
        self.sort_out()
        if self._reader.len() > MOST_BYTES:
            self.hang_up("a message of more than 64 MB")

    def _sort(self, reply: Any, messages: list[Any]) -> None:
        kind = reply[0] if type(reply) is list and len(reply) == 3 else None
        if kind == b"smessage" and isinstance(reply[1], bytes) and isinstance(reply[2], bytes):
            messages.append(reply)
        elif kind == b"sunsubscribe" and isinstance(reply[1], bytes):
            self._left(reply[1])
        else:
            self._inbox.append(reply)

    async def watch(self) -> None:
        """Return when the connection is lost or the peer is silent."""
        while not self.lost.is_set():
            try:
                await self.hear_out(self.send([(b"PING",)]), SILENCE_S)
            except TimeoutError:
                self.hang_up("no answer in time")
            except OSError:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_EVERY_S):
                    await self.lost.wait()


class ShardChannels:
    """Subscribes to channels of SPUBLISH; their messages are counted and logged like those of the subscriber."""

    def __init__(self, deployment: Deployment, names: Sequence[str], subscriber: Subscriber) -> None:
        """Does not connect yet."""
        self.traffic = Traffic()
        self._deployment = deployment
        self._subscriber = subscriber
        self._names = {encoded(name): name for name in dict.fromkeys(names)}
        subscriber.shard_states = dict.fromkeys(self._names.values(), NOT_YET)
        self._on: dict[bytes, ShardConnection] = {}
        """The connection on which each channel is received."""
        self._losses: dict[bytes, tuple[float, str]] = {}
        """When each channel that is not received was lost, and why."""
        self._connections: dict[Node, ShardConnection] = {}
        self._watches: dict[Node, asyncio.Task[None]] = {}
        self._look = asyncio.Event()

    async def run(self) -> None:
        """Subscribe, and follow the slots of the channels until cancelled."""
        try:
            while self._names:
                with contextlib.suppress(SourceError):  # each channel tells why
                    await self._deployment.connect()
                await self._subscribe_missing()
                self._look.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._look.wait()
            await asyncio.Event().wait()
        finally:
            for task in self._watches.values():
                task.cancel()
            for connection in self._connections.values():
                connection.hang_up()

    async def _subscribe_missing(self) -> None:
        """Subscribe to the channels that are not received, on the nodes that hold them by now."""
        by_node: dict[Node, list[bytes]] = {}
        for channel in self._names.keys() - self._on.keys():
            try:
                by_node.setdefault(self._deployment.node_of(channel), []).append(channel)
            except SourceError as error:
                self._tell(channel, str(error))
        for node, channels in by_node.items():
            try:
                await self._subscribe(node, channels)
            except (OSError, TimeoutError, SourceError, hiredis.ProtocolError) as error:
                for channel in channels:
                    self._tell(channel, describe(error, node.url))

    async def _subscribe(self, node: Node, channels: Sequence[bytes]) -> None:
        async with asyncio.timeout(time_limit_s(node.url)):
            connection = await self._connection_to(node)
            commands: list[Command] = [(b"SSUBSCRIBE", channel) for channel in channels]
            replies = await connection.send(commands)
        for channel, reply in zip(channels, replies, strict=True):
            if not isinstance(reply, ReplyError):
                self._received(channel, connection)
                continue
            members = self._deployment.cluster
            redirect = None if members is None else redirect_of(reply, members.address_of(node))
            self._tell(channel, say(reply) if redirect is None else MOVED)
            if members is not None and redirect is not None and redirect.address is not None:
                members.moved(redirect.slot, redirect.address)

    async def _connection_to(self, node: Node) -> ShardConnection:
        known = self._connections.get(node)
        if known is not None and known.is_open:
            return known
        connection = ShardConnection(self._take, self._left)
        connection.traffic = self.traffic
        await node.target.open(connection)
        self._connections[node] = connection
        await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
        self._watches[node] = asyncio.create_task(self._watch(connection))
        return connection

    async def _watch(self, connection: ShardConnection) -> None:
        await connection.watch()
        connection.hang_up()
        for channel in [one for one, on in self._on.items() if on is connection]:
            self._lost(channel, connection.trouble)

    # -- what is received --------------------------------------------------------------------------------------------

    def _take(self, messages: list[Any]) -> None:
        subscriber = self._subscriber
        self.traffic.messages += len(messages)
        subscriber.count([message[1] for message in messages])
        held = list(map(with_head, messages))
        nbytes = sum(min(len(message[2]), HEAD_BYTES) + len(message[1]) for message in messages)
        subscriber.log.append(held, time.time(), nbytes)

    def _left(self, channel: bytes) -> None:
        self._lost(channel, MOVED)

    def _lost(self, channel: bytes, why: str) -> None:
        if self._on.pop(channel, None) is None:
            return
        self._losses[channel] = time.time(), why
        self._tell(channel, why)
        self._subscriber.log.mark(f"shard channel {self._names[channel]}: {why}", time.time(), "gap")
        self._look.set()

    def _received(self, channel: bytes, connection: ShardConnection) -> None:
        name, now = self._names[channel], time.time()
        self._on[channel] = connection
        self._tell(channel, "")
        if channel in self._losses:
            began_at, why = self._losses.pop(channel)
            self._subscriber.gaps.append(Gap(began_at, now, f"shard channel {name}: {why}"))
            text = f"shard channel {name}: received again, {tenths(now - began_at)} unknown"
            self._subscriber.log.mark(text, now, "gap")

    def _tell(self, channel: bytes, why: str) -> None:
        self._subscriber.shard_states[self._names[channel]] = why
