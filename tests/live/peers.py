"""Peers that are not Redis, not the expected server, or a Redis that refuses clients."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import hiredis

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def peer(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Answer each connection with ``serve``, then close it; yields the URL."""
    connections: set[asyncio.Task[None] | None] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await serve(reader, writer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        for task in connections:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in connections if task), return_exceptions=True)


def says(words: bytes, *, first: bool = False) -> Serve:
    """Send these bytes, after the first request or at once, and close the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not first:
            await reader.read(65_536)
        writer.write(words)

    return serve


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept connections and never answer."""
    while await reader.read(65_536):
        pass


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset every connection."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def full(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer like a Redis that has reached ``maxclients``."""
    writer.write(b"-ERR max number of clients reached\r\n")
    await writer.drain()


async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with errors that would clear the screen, set the title and colour the text."""
    while await reader.read(65_536):
        writer.write(b"-ERR \x1b[2J\x1b]0;owned\x07 \xc2\x9b31m \xe2\x80\xaeyou\r\n" * 50)


async def asks_for_a_password(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every command with NOAUTH."""
    while await reader.read(65_536):
        writer.write(b"-NOAUTH Authentication required.\r\n" * 50)


async def loads_its_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer like a loading Redis, which runs some commands, such as INFO and those of pub/sub."""
    requests = hiredis.Reader()
    answers = {b"INFO": b"$11\r\nloading:1\r\n\r\n", b"CLIENT": b"+OK\r\n", b"MULTI": b"+OK\r\n"}
    while chunk := await reader.read(65_536):
        requests.feed(chunk)
        while (request := requests.gets()) is not False:
            answer = answers.get(request[0], b"-LOADING Redis is loading the dataset in memory\r\n")
            if request[0].endswith(b"SUBSCRIBE"):
                answer = b"*3\r\n$%d\r\n%b\r\n$1\r\nx\r\n:1\r\n" % (len(request[0]), request[0].lower())
            writer.write(answer)
