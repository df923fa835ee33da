"""A proxy to the server that can use another transport, be slow, or stop silently."""

from __future__ import annotations

import asyncio
import contextlib
import math
import ssl
from collections.abc import AsyncIterator
from pathlib import Path


class Relay:
    """Forwards bytes between its clients and a server on loopback."""

    def __init__(self, server_port: int) -> None:
        self.port = 0
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
        self._server_port = server_port
        self._connections: set[asyncio.Task[None]] = set()
        self._live = asyncio.Event()

    @property
    def url(self) -> str:
        """The URL of a relay over TCP."""
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        """Stop forwarding on the present connections, and leave them open."""
        self._live = asyncio.Event()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self._live.set()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(self._live, reader, far_writer))
                pumps.create_task(self._pump(self._live, far_reader, writer, slowly=True))
        except* OSError:
            pass
        finally:
            for end in (writer, far_writer):
                end.close()
            self._connections.discard(task)

    async def _pump(
        self, live: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowly: bool = False
    ) -> None:
        while data := await reader.read(int(min(65_536, self.bytes_per_s / 20)) if slowly else 65_536):
            if live is not self._live:
                await asyncio.Event().wait()
            if slowly:
                if self.hold is not None:
                    await self.hold.wait()
                self.passed += len(data)
                await asyncio.sleep(self.delay_s + len(data) / self.bytes_per_s)
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(self.pause_s if slowly else 0.0)
        writer.close()

    async def hang_up(self) -> None:
        """Close all connections."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@contextlib.asynccontextmanager
async def relay(
    server_port: int, *, context: ssl.SSLContext | None = None, socket: Path | None = None, pause_s: float = 0.0
) -> AsyncIterator[Relay]:
    """A relay over TCP, over TLS with ``context``, or over a Unix ``socket``."""
    relay = Relay(server_port)
    relay.pause_s = pause_s
    if socket is not None:
        server: asyncio.Server = await asyncio.start_unix_server(relay._connected, socket)
    else:
        server = await asyncio.start_server(relay._connected, "127.0.0.1", 0, ssl=context)
        relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        await relay.hang_up()
