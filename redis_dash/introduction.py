"""How we behave on a connection: we say who we are, do not disturb the LRU, and learn what the server counts.

Some proxies close the connection at one of these commands. It is left out on the next connections then, and tried again
after a while: whether it was this command's fault is not known.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Awaitable, Callable, Sequence

from redis_dash.info import parse_info, whole
from redis_dash.model import SourceError
from redis_dash.ownreads import Command, OwnReads, calibration
from redis_dash.wire import CLIENT_NAME

PAUSE_S = (10.0, 300.0)
"""First and longest pause before a step that broke a connection is tried again."""

Answer = asyncio.Future[list[object]]
Send = Callable[[Sequence[Command]], Answer]
Receive = Callable[[Sequence[Command], Answer], Awaitable[list[object]]]


class Step:
    """One thing to do on each connection."""

    def __init__(self, commands: Callable[[], list[Command]], take: Callable[[list[object]], None] | None = None):
        """``take`` takes the replies to the commands."""
        self.commands = commands
        self.take = take
        self.done = False
        """On this connection."""
        self.not_before = -math.inf
        """``time.monotonic()``."""
        self._pause_s = PAUSE_S[0]

    def succeed(self, replies: list[object]) -> None:
        """The server answered; refused is answered, too."""
        self.done, self._pause_s = True, PAUSE_S[0]
        if self.take is not None:
            self.take(replies)

    def postpone(self) -> None:
        """The connection broke here."""
        self.not_before = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, PAUSE_S[1])


class Introduction:
    """The steps, done once on each connection."""

    def __init__(self, own: OwnReads, heard: Callable[[dict[str, str]], None]) -> None:
        """``heard`` takes the first INFO of a connection."""
        self._own = own
        self._heard = heard
        self._own_before = (0, 0)
        self._steps = [
            Step(lambda: [(b"CLIENT", b"SETNAME", CLIENT_NAME.encode())]),
            Step(lambda: [(b"CLIENT", b"NO-TOUCH", b"ON")]),
            Step(lambda: [(b"INFO",)], self._take_info),
            Step(lambda: calibration(f"redis-dash:no-such-key:{os.urandom(8).hex()}".encode()), self._calibrate),
        ]

    def connected(self) -> None:
        """A new connection: all is to be done."""
        for step in self._steps:
            step.done = False

    async def go_on(self, send: Send, receive: Receive) -> None:
        """Do what is due, all at once.

        Raises:
            SourceError: the connection broke; at the first step that was not answered, as far as can be told.
        """
        now = time.monotonic()
        due = [step for step in self._steps if not step.done and step.not_before <= now]
        if not due:
            return
        under_way = []
        for step in due:
            commands = step.commands()
            under_way.append((step, commands, send(commands)))
        for step, commands, answer in under_way:
            self._own_before = self._own.hits, self._own.misses
            try:
                replies = await receive(commands, answer)
            except SourceError:
                step.postpone()
                raise
            step.succeed(replies)

    def _take_info(self, replies: list[object]) -> None:
        if isinstance(replies[0], bytes):
            self._heard(parse_info(replies[0]))

    def _calibrate(self, replies: list[object]) -> None:
        """Learn which of our reads the server counts as lookups; what was counted of the transaction says nothing."""
        self._own.hits, self._own.misses = self._own_before
        if isinstance(replies[-1], list):
            texts = [raw for raw in replies[-1] if isinstance(raw, bytes) and b":" in raw]
            self._own.calibrate([whole(parse_info(raw), "keyspace_misses") for raw in texts])
