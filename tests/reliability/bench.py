"""A server, a relay before it and a hub on it: a fault can be injected into each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import redis.asyncio

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import CachePattern, Config, LimitPattern
from redis_dash.core.messages import Event, Mark
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.hub import Hub
from redis_dash.sources import SOURCES
from redis_dash.tui.feed_app import STREAM_INTERVAL_S
from redis_dash.tui.formatting import clock
from redis_dash.tui.header_footer import header_items
from redis_dash.tui.status import status_text
from redis_dash.tui.text import Plain
from tests.live.certificates import Authority
from tests.live.relay import Relay, relay

SESSIONS, CLIENTS, MEMBERS = 30, 5, 4
PUBLISH_EVERY_S = 0.1
USER, PASSWORD = "watcher", "old-pass-word"
OPTIONS = {"enable-debug-command": "yes"}
_FOLDER = tempfile.TemporaryDirectory()
"""Of the certificates; removed at the end of the process."""


@cache
def authority() -> Authority:
    """What has issued the certificates of all benches."""
    return Authority(Path(_FOLDER.name))


class Way(NamedTuple):
    """How the hub reaches the relay."""

    user: str = ""
    host: str = "127.0.0.1"
    is_tls: bool = False


async def fill(client: redis.asyncio.Redis, sessions: int) -> None:
    """Write sessions, limits, a board and a cache."""
    pipe = client.pipeline(transaction=False)
    for number in range(sessions):
        pipe.set(f"session:{number:032x}", json.dumps({"email": f"user{number}@example.com"}), ex=86_400)
    for number in range(CLIENTS):
        pipe.set(f"ratelimit:10.0.0.{number}", 5 * number + 5, ex=3600)
    pipe.zadd("leaderboard", {f"member{number}": number for number in range(MEMBERS)})
    pipe.set("page:1", "x")
    pipe.hset("stats:page", mapping={"hits": 10, "misses": 2})
    await pipe.execute()


class WatchedHub(Hub):
    """Keeps what it has given to the screen."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.shown: dict[str, Reading[Any]] = {}
        self.took: Callable[[AnyReading], None] = lambda _: None

    def drain(self) -> list[AnyReading]:
        """Take the new readings."""
        readings = super().drain()
        for reading in readings:
            self.shown[reading.topic] = reading
            self.took(reading)
        return readings


class Published(NamedTuple):
    """A message that the server has accepted."""

    number: int
    at: float


class Bench:
    """What one fault needs."""

    def __init__(self, server: EmbeddedServer, link: Relay, way: Way, context: ssl.SSLContext | None) -> None:
        self.server, self.link, self.way, self.context = server, link, way, context
        self.publishes = True
        self.is_over = False
        self.client = redis.asyncio.Redis(port=server.port, socket_timeout=20)
        self.published: list[Published] = []
        """The messages that were published since the hub listens."""
        self.sessions = SESSIONS
        """The number of sessions that there are now."""
        self.hub: WatchedHub

    @property
    def url(self) -> str:
        """The relay's URL."""
        user, host, is_tls = self.way
        scheme, query = ("rediss", f"?ssl_ca_certs={authority().file}") if is_tls else ("redis", "")
        return f"{scheme}://{user}{host}:{self.link.port}/0{query}"

    async def do(self, line: str) -> None:
        """Run a command on the server."""
        await self.client.execute_command(*line.split())  # type: ignore[no-untyped-call]

    # -- the application ---------------------------------------------------------------------------------------------

    async def fill(self, sessions: int = SESSIONS) -> None:
        """Write sessions, limits, a board and a cache."""
        self.sessions = sessions
        await fill(self.client, sessions)

    async def look(self) -> None:
        """Take the new readings as often as the screen does, until cancelled."""
        while True:
            self.hub.drain()
            await asyncio.sleep(STREAM_INTERVAL_S)

    async def publish(self) -> None:
        """Publish numbered messages until all is over: the client may swallow that it is cancelled."""
        number = 0
        while not self.is_over:
            number += self.publishes
            if not self.publishes:
                await asyncio.sleep(PUBLISH_EVERY_S)
                continue
            listens = bool(self.hub._subscriber.was_connected)
            with contextlib.suppress(redis.RedisError, OSError):
                await self.client.publish("orders", b"%d" % number)
                self.published += [Published(number, time.time())] if listens else []
            await asyncio.sleep(PUBLISH_EVERY_S)

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def header(self) -> str:
        """The first line of the screen."""
        items = header_items(Plain(""), Plain(""), self.hub.shown.get("server"), time.time())
        return "   ".join("".join(text for text, _ in item.segments).strip() for item in items)

    def words(self, topic: str) -> str:
        """What a pane says of its status and age."""
        text = status_text(self.hub.shown.get(topic), time.time())
        return " · ".join("".join(part for part, _ in words) for words in text.words)

    @property
    def said(self) -> list[str]:
        """What the screen says of the state: the header, each pane, and the latest mark among the messages."""
        return [
            self.header,
            *(f"{topic}: {self.words(topic)}" for topic in self.hub.shown),
            *self._figures,
            *self.marks,
        ]

    @property
    def _figures(self) -> list[str]:
        """Titles of panes that tell a fault by a figure."""
        sessions, cache = (self.hub.shown.get(topic) for topic in ("sessions", "cache"))
        titles = [f"{sessions.count.value} sessions"] if sessions is not None and sessions.count is not None else []
        if cache is not None and cache.frame is not None and cache.frame.since is not None:
            titles.append(f"since {clock(cache.frame.since)[:8]}")
        return titles

    @property
    def is_well(self) -> bool:
        """Whether every topic is up to date, and the sessions are those that there are."""
        shown = self.hub.shown
        if len(shown) < len(SOURCES) or {reading.status for reading in shown.values()} != {"ok"}:
            return False
        count = shown["sessions"].count
        return count is not None and (count.certainty, count.value) == ("exact", self.sessions)

    @property
    def received(self) -> set[int]:
        """The numbers of the messages in the log."""
        log = self.hub._subscriber.log
        entries = log.read(log.start, log.end)
        return {int(entry.payload) for entry in entries if isinstance(entry, Event) and entry.channel == b"orders"}

    @property
    def marks(self) -> list[str]:
        """What the log tells besides messages."""
        log = self.hub._subscriber.log
        return [entry.text for entry in log.read(log.start, log.end) if isinstance(entry, Mark)]

    def lost(self) -> tuple[list[int], list[int]]:
        """The messages that were not received, and those of them that were published when no gap is told."""
        received, gaps = self.received, self.hub._subscriber.gaps
        missed = [one for one in self.published if one.number not in received]
        silent = [
            one.number
            for one in missed
            if not any(gap.began_at - 0.1 <= one.at <= (gap.ended_at or time.time()) + 0.2 for gap in gaps)
        ]
        return [one.number for one in missed], silent


@contextlib.asynccontextmanager
async def bench(way: Way | None = None) -> AsyncIterator[Bench]:
    """A server with data, and a hub that begins to read it."""
    way = way or Way()
    server = EmbeddedServer(options=OPTIONS)
    await asyncio.to_thread(server.start)
    try:
        context = authority().context() if way.is_tls else None
        async with relay(server.port, context=context) as link:
            made = Bench(server, link, way, context)
            await made.fill()
            await made.client.acl_setuser(
                USER, enabled=True, passwords=[f"+{PASSWORD}"], commands=["+@all"], keys=["*"]
            )
            await made.do(f"ACL SETUSER {USER} allchannels")
            config = Config(
                url=made.url, caches=(CachePattern("page", "page:*"),), limits=(LimitPattern("ratelimit:*", "20/3600"),)
            )
            made.hub = WatchedHub(config)
            tasks = [asyncio.create_task(run) for run in (made.hub.run(), made.publish(), made.look())]
            try:
                yield made
            finally:
                made.is_over = True
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await made.client.aclose()
    finally:
        await asyncio.to_thread(server.stop)
