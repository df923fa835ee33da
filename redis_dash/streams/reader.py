"""Reads all streams that are followed, with the commands of the shared connection.

Polls take the place of a blocking XREAD, which would need a connection of its own: at 3,000 entries a second it was
woken 2,900 times and took 2.2 % of a core in commands alone, four polls a second 0.2 %. On a quiet stream four polls a
second take 0.005 %. Each entry holds the time at which it was added, so that polls make no time less exact.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from redis_dash.client.deployment import Deployment
from redis_dash.config.settings import MOST_STREAMS
from redis_dash.core.decoding import text
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import Command
from redis_dash.pubsub.message_log import HEAD_BYTES, MessageRing
from redis_dash.streams.stream import Stream

POLL_S = 0.25
FURTHER = 3
"""Exchanges that a new stream needs after its TYPE: where to begin, the entries, and what else is refused."""
SERVER_PART = 0.3
"""About so much of an exchange that returns many entries is the server's time."""
RETRY_S = 0.5


class StreamReader:
    """Puts new entries into the log. Nothing is sent while no stream is followed."""

    def __init__(
        self, deployment: Deployment, log: MessageRing, budget: float = 0.01, shown: Callable[[str], str] = str
    ) -> None:
        """Follow nothing yet; ``run`` reads.

        Args:
            budget: the share of a core that the server may spend on streams which have more than one page to read.
            shown: returns the name of a key as a mark in the log may hold it.
        """
        self.received = 0
        """Entries of all streams."""
        self.trouble = ""
        """Why streams cannot be read now; empty if they can."""
        self.left_out = 0
        """Streams that were named last and are not followed, because they are too many."""
        self._streams: dict[bytes, Stream] = {}
        self._deployment, self._log, self._budget, self._shown = deployment, log, budget, shown
        self.lock = asyncio.Lock()
        """Held while streams are read."""
        self._followed = asyncio.Event()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that are followed, in the order in which they were named."""
        return tuple(self._streams.values())

    def follows(self, name: bytes) -> bool:
        """Whether a key is followed."""
        return name in self._streams

    @property
    def is_ready(self) -> bool:
        """Whether it is known of each stream from where on it is read, or why it cannot be."""
        known = (
            one.away or (one.state != "unknown" and (one.state != "followed" or one.has_begun)) for one in self.streams
        )
        return bool(self.trouble) or all(known)

    def follow(self, names: Iterable[bytes]) -> None:
        """Follow further keys from now on, as many as there is room for."""
        new = [name for name in dict.fromkeys(names) if name not in self._streams]
        free = MOST_STREAMS - len(self._streams)
        self._streams |= {name: Stream(name) for name in new[:free]}
        self.left_out = len(new[free:])
        if self._streams:
            self._followed.set()

    def begin_afresh(self, names: Iterable[bytes]) -> None:
        """Follow only these keys, from now on: those before were of another database."""
        self._streams = {}
        self.follow(names)

    def start_over(self) -> None:
        """Reset the counts."""
        self.received = 0
        for stream in self.streams:
            stream.start_over()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self._followed.wait()
            began = time.monotonic()
            try:
                await self.read()
            except SourceError:
                await asyncio.sleep(RETRY_S)
                continue
            pause = POLL_S
            if any(stream.is_behind for stream in self.streams):
                pause = min(POLL_S, (time.monotonic() - began) * SERVER_PART / self._budget)
            await asyncio.sleep(pause)

    async def read(self) -> None:
        """Ask for new entries once, up to a page of each stream.

        Raises:
            SourceError: a node could not be reached. Reading goes on after the entry that was read last.
        """
        async with self.lock:
            await self._exchange(self.streams)
            for _ in range(FURTHER):
                if unread := [stream for stream in self.streams if stream.is_unread]:
                    await self._exchange(unread)

    async def _exchange(self, streams: Sequence[Stream]) -> None:
        now = time.monotonic()
        for stream in streams:
            stream.away = "" if self._deployment.is_reached(stream.name) else self._deployment.partial
        plan = [(stream, stream.commands(now)) for stream in streams]
        commands: list[Command] = [command for _, part in plan for command in part]
        if not commands:
            return
        try:
            replies = await self._deployment.pipeline(commands, strict=True, on_primaries=True)
        except SourceError as error:
            self.trouble = str(error)
            raise
        self.trouble, at = "", 0
        for stream, part in plan:
            self._take(stream, part, replies[at : at + len(part)])
            at += len(part)

    def _take(self, stream: Stream, commands: list[Command], replies: list[object]) -> None:
        entries, now = stream.take(commands, replies), time.time()
        self.received += len(entries)
        self._log.append(entries, now, sum(min(entry.size, HEAD_BYTES) for entry in entries))
        for news in stream.news:
            self._log.mark(f"{self._shown(text(stream.name))}: {news}", now, "gap")
        stream.news.clear()
