"""The listening socket: answers do not wait for acknowledgements."""

import asyncio
import socket

from demo_server.process.listener import listen


async def test_its_connections_send_at_once() -> None:
    delays: asyncio.Queue[int] = asyncio.Queue()

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        delays.put_nowait(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(note, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await delays.get() != 0
        writer.close()
        await writer.wait_closed()
