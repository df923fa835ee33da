"""A proxy to a server on loopback that injects the faults of a link: delay, throttle, cut, silence, garbage, loss."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

Loss = Literal["missed", "unanswered", "silent"]
Break = Literal["reset", "silent"]
LONG_REPLY = 64
"""Replies of fewer bytes are not broken: the handshake and PING pass."""
QUEUED = 64
"""Most pieces that are delayed at once."""


class _Link:
    """The two ends of one connection through the relay."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.before = b""
        """The request before."""
        self.is_deaf = False
        """Whether replies are dropped."""
        self.dropped = asyncio.Event()
        """Set when a reply has been dropped."""

    async def connect(self, port: int) -> None:
        self.far_reader, self.far_writer = await asyncio.open_connection("127.0.0.1", port)

    def reset(self) -> None:
        """Close at once, with RST."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Relay:
    """Forwards bytes between its clients and a server."""

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.server_port = server_port
        """Where new connections lead."""
        self.pause_s = 0.0
        """Pause between two pieces of 64 KB sent to the client."""
        self.delay_s = 0.0
        """Delay of everything that is sent to the client."""
        self.bytes_per_s = math.inf
        """Bandwidth to the client."""
        self.hold: asyncio.Event | None = None
        """Nothing is sent to the client before it is set."""
        self.passed = 0
        """Bytes sent to the client so far."""
        self.away = False
        """Whether new connections are closed at once."""
        self.swallows = False
        """Whether new connections are accepted, and nothing is answered."""
        self.garbage = b""
        """Sent in place of each reply."""
        self.breaks: Break | None = None
        """Half of each long reply is sent; then the connection is reset or silent."""
        self.forbidden: list[bytes] = []
        """A request that holds one of these closes the connection."""
        self._lost: tuple[re.Pattern[bytes], Loss] | None = None
        self._answered: tuple[re.Pattern[bytes], bytes, Callable[[], object]] | None = None
        self._links: dict[asyncio.Task[None], _Link] = {}
        self._silenced: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """The URL of a relay over TCP."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def connections(self) -> int:
        """The number of connections now."""
        return len(self._links)

    # -- faults ------------------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """Stop forwarding on the present connections, and leave them open."""
        self._silenced.update(self._links.values())

    def reset(self) -> None:
        """Reset the present connections."""
        for link in self._links.values():
            link.reset()

    async def hang_up(self) -> None:
        """Close all connections."""
        for task in self._links:
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def refuse(self) -> None:
        """Refuse new connections, and close all."""
        assert self._server is not None
        self._server.close()
        await self.hang_up()

    async def listen(self, host: str = "127.0.0.1") -> None:
        """Accept connections over TCP, again on the same port."""
        self._server = await asyncio.start_server(self._connected, host, self.port, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    def lose(self, command: str, loss: Loss) -> None:
        """Lose the next command of this name, or its reply; then the relay is ``away``.

        ``missed``: the server does not receive the command. ``unanswered``: the server receives it, and its answer is
        dropped. ``silent``: the same, but the connection stays open.
        """
        self._lost = _named(command), loss

    def answer(self, command: str, reply: bytes, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Answer the next command of this name, if it is sent alone, in place of the server."""
        self._answered = _named(command), reply, meanwhile

    def back(self) -> None:
        """Make the server reachable again."""
        self.away = False

    # -- connections -------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, link = asyncio.current_task(), _Link(reader, writer)
        assert task is not None
        self._links[task] = link
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._forward(link)
        finally:
            writer.close()
            del self._links[task]
            self._silenced.discard(link)

    async def _forward(self, link: _Link) -> None:
        if self.away:
            return
        if self.swallows:
            while await link.reader.read(65_536):
                pass
            return
        await link.connect(self.server_port)
        late = asyncio.Queue[tuple[float, bytes]](QUEUED)
        pumps = [
            asyncio.create_task(pump)
            for pump in (self._requests(link), self._replies(link, late), self._deliver(link, late))
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            link.far_writer.close()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _requests(self, link: _Link) -> None:
        """Pass on what the client sends."""
        while data := await link.reader.read(65_536):
            if link in self._silenced:
                continue
            if any(word in data for word in self.forbidden):
                return
            is_question, link.before = _is_question(link.before, data), data
            if self._answered is not None and not is_question and self._answered[0].search(data):
                (_, reply, meanwhile), self._answered = self._answered, None
                meanwhile()
                link.writer.write(reply)
                continue
            loss = None if is_question else self._takes_away(data)
            link.is_deaf = link.is_deaf or loss is not None
            if loss == "missed":
                return
            link.far_writer.write(data)
            await link.far_writer.drain()
            if loss is not None:
                await link.dropped.wait()
            if loss == "unanswered":
                return

    def _takes_away(self, data: bytes) -> Loss | None:
        if self._lost is None or not self._lost[0].search(data):
            return None
        (_, loss), self._lost, self.away = self._lost, None, True
        return loss

    async def _replies(self, link: _Link, late: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Read what the server sends; an empty piece is its end."""
        data = b"."
        while data:
            data = await link.far_reader.read(int(min(65_536, self.bytes_per_s / 20)))
            if not link.is_deaf or not data:
                await late.put((time.monotonic() + self.delay_s, data))
            link.dropped.set()
        await asyncio.Event().wait()

    async def _deliver(self, link: _Link, late: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Pass on what the server has sent, when it is due."""
        while True:
            due, data = await late.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()) + len(data) / self.bytes_per_s)
            if self.hold is not None:
                await self.hold.wait()
            if not data:
                return
            if link in self._silenced:
                continue
            if self.breaks is not None and len(data) >= LONG_REPLY:
                await self._break(link, data[: len(data) // 2])
            self.passed += len(data)
            link.writer.write(self.garbage or data)
            await link.writer.drain()
            await asyncio.sleep(self.pause_s)

    async def _break(self, link: _Link, half: bytes) -> None:
        link.writer.write(half)
        await link.writer.drain()
        if self.breaks == "reset":
            link.reset()
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def relay(
    server_port: int, *, context: ssl.SSLContext | None = None, socket: Path | None = None, pause_s: float = 0.0
) -> AsyncIterator[Relay]:
    """A relay over TCP, over TLS with ``context``, or over a Unix ``socket``."""
    relay = Relay(server_port)
    relay.pause_s, relay._context = pause_s, context
    if socket is not None:
        relay._server = await asyncio.start_unix_server(relay._connected, socket)
    else:
        await relay.listen()
    try:
        yield relay
    finally:
        assert relay._server is not None
        relay._server.close()
        await relay.hang_up()


def _is_question(before: bytes, data: bytes) -> bool:
    """Whether commands are sent to learn rights: queued and discarded, or EXEC right after MULTI (before Redis 7)."""
    is_empty = _named("MULTI").match(before) is not None and _named("EXEC").match(data) is not None
    return is_empty or _named("DISCARD").search(data) is not None


def _named(command: str) -> re.Pattern[bytes]:
    """Matches a command of this name, not one that has it as an argument."""
    return re.compile(rb"\*\d+\r\n\$\d+\r\n%b\r\n" % command.encode())
