"""The next slice is asked for once, however the replies arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

from redis_dash.client.node import Node
from redis_dash.core.resp import Command
from redis_dash.keyspace.cursor import ScanCursor


class SilentNode:
    """A node whose replies arrive when the test says so."""

    connects = 1
    cost = SimpleNamespace(wants=lambda commands: False)
    refused = SimpleNamespace(answer=lambda command: None)

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        """The cursors of the SCANs, in order."""
        self.answers: list[asyncio.Future[list[object]]] = []
        self.peeks: list[Callable[[bytes], None]] = []

    async def connect(self) -> None:
        """It is connected."""

    def send(self, commands: Sequence[Command], peek: Callable[[bytes], None]) -> asyncio.Future[list[object]]:
        self.asked.append(commands[1][1])
        self.answers.append(asyncio.get_running_loop().create_future())
        self.peeks.append(peek)
        return self.answers[-1]

    async def receive(self, commands: Sequence[Command], answer: asyncio.Future[list[object]]) -> list[object]:
        return await answer

    def arrive(self, place: int, cursor: bytes) -> None:
        """The reply to a SCAN arrives: its first bytes, then all of it."""
        self.peeks[place](b":100\r\n*2\r\n$%d\r\n%b\r\n*1\r\n" % (len(cursor), cursor))
        self.answers[place].set_result([100, [cursor, [b"key:%b" % cursor]]])


async def test_a_reply_that_arrives_before_the_one_before_it_is_taken_asks_for_nothing() -> None:
    """Otherwise its own keys are thrown away, and asked for again."""
    node = SilentNode()
    cursor = ScanCursor(cast("Node", node), lambda: 10, lambda: True)
    first = asyncio.create_task(cursor.slice())
    await asyncio.sleep(0)
    assert node.asked == [b"0"]
    node.arrive(0, b"5")
    node.arrive(1, b"7")  # the server is quicker than our loop: nobody has taken the first slice yet
    assert await first == [b"key:5"]
    assert node.asked == [b"0", b"5"]
    assert await cursor.slice() == [b"key:7"]
    assert node.asked == [b"0", b"5", b"7"]
