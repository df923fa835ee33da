"""A server with the commands of fakeredis (no INFO, no ACL) and without pub/sub, over a real socket.

The TCP server of fakeredis closes the connection after every error reply, which no real server does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import fakeredis
import hiredis
import redis


def encode(reply: object) -> bytes:
    """A reply in RESP2."""
    match reply:
        case None:
            return b"$-1\r\n"
        case bool() | int():
            return b":%d\r\n" % reply
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(reply), reply)
        case float():
            return encode(b"%r" % reply)
        case str():
            return b"+%s\r\n" % reply.encode()
        case list() | tuple():
            return b"*%d\r\n" % len(reply) + b"".join(encode(part) for part in reply)
        case _:
            raise TypeError(type(reply))


@contextlib.asynccontextmanager
async def poor_server(protocol: int = 2) -> AsyncIterator[tuple[int, fakeredis.FakeStrictRedis]]:
    """Yields the port, and a client to fill it with.

    With ``protocol`` 3 replies have the form of RESP3, such as pairs of members and scores, in spite of RESP2.
    """
    data = fakeredis.FakeStrictRedis(protocol=protocol)
    data.response_callbacks.clear()  # raw replies

    connections: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        requests = hiredis.Reader()
        with contextlib.suppress(ConnectionResetError):  # a client may leave without reading all answers
            while chunk := await reader.read(65536):
                requests.feed(chunk)
                while (request := requests.gets()) is not False:
                    writer.write(answer(request))
        writer.close()

    def answer(request: list[bytes]) -> bytes:
        try:
            if request[0].upper().endswith((b"SUBSCRIBE", b"HELLO")):
                raise redis.ResponseError("unknown command")
            return encode(data.execute_command(*request))  # type: ignore[no-untyped-call]
        except redis.ResponseError as error:
            return b"-ERR %s\r\n" % str(error).encode()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], data
    finally:
        server.close()
        await asyncio.gather(*(connection for connection in connections if connection))
