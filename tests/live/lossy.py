"""A proxy that loses or replaces one answer of the server."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Literal

Loss = Literal["missed", "unanswered", "silent"]


class LossyWay:
    """Forwards bytes until a command of the given name arrives; then the connection is lost.

    ``missed``: the server does not receive the command. ``unanswered``: the server receives it, and its answer is
    dropped. ``silent``: the same, but the connection stays open. Afterwards the server is unreachable until ``back``.
    """

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.away = False
        self._server_port = server_port
        self._lost: tuple[re.Pattern[bytes], Loss] | None = None
        self._answered: tuple[re.Pattern[bytes], bytes, Callable[[], object]] | None = None

    @property
    def url(self) -> str:
        """The URL of the proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    def lose(self, command: str, loss: Loss) -> None:
        """Lose the next command of this name."""
        self._lost = _named(command), loss

    def answer(self, command: str, reply: bytes, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Answer the next command of this name, if it is sent alone, in place of the server."""
        self._answered = _named(command), reply, meanwhile

    def back(self) -> None:
        """Make the server reachable again."""
        self.away = False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        answers = asyncio.create_task(_pass_on(far_reader, writer))
        try:
            while data := await reader.read(65_536):
                if self._answered is not None and self._answered[0].search(data):
                    (_, reply, meanwhile), self._answered = self._answered, None
                    meanwhile()
                    writer.write(reply)
                    continue
                if self._lost is None or not self._lost[0].search(data):
                    far_writer.write(data)
                    continue
                (_, loss), self._lost, self.away = self._lost, None, True
                if loss == "missed":
                    break
                answers.cancel()
                await asyncio.wait([answers])
                far_writer.write(data)
                await far_reader.read(1)
                if loss == "unanswered":
                    break
        finally:
            answers.cancel()
            for end in (writer, far_writer):
                end.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)


@contextlib.asynccontextmanager
async def lossy_way(server_port: int) -> AsyncIterator[LossyWay]:
    """A proxy on loopback."""
    way = LossyWay(server_port)
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await way._connected(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _named(command: str) -> re.Pattern[bytes]:
    """Matches a command of this name, not one that has it as an argument."""
    return re.compile(rb"\*\d+\r\n\$\d+\r\n%b\r\n" % command.encode())
