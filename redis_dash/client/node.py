"""One server: its connection, its INFO and PING, and our share of what it counts.

All commands go over a single connection. The server therefore runs them in the order in which they were sent, and the
count of our own lookups is exact at the moment of each INFO.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from redis_dash.client.application_counters import ApplicationCounters
from redis_dash.client.change_counters import changes_of
from redis_dash.client.command_key import cut
from redis_dash.client.cost_sample import CostSample
from redis_dash.client.handshake import Handshake
from redis_dash.client.info import INFO, Calls, Info, calls_of, kind_of, parse_info
from redis_dash.client.own_lookups import OwnLookups
from redis_dash.client.ping import PingTimer
from redis_dash.client.reasons import check, without_arguments
from redis_dash.client.reconnecting import Answer, ReconnectingConnection
from redis_dash.client.refused_commands import RefusedCommands
from redis_dash.client.server_cost import ServerCost
from redis_dash.client.target import OneServer, Target
from redis_dash.client.traffic import Traffic
from redis_dash.client.value_heads import ValueHeads
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError
from redis_dash.core.frames.server import Cost, Kind
from redis_dash.core.resp import Command

REPLY_TIMEOUT_S = 5.0
"""The longest time without a byte of a reply."""
PIPELINE_LENGTH = 1000
"""Commands sent at once. A longer pipeline is split, so that other clients do not wait long for the server."""
PRICE_EVERY_S = 5.0
Exchange = Callable[[Sequence[Command]], Awaitable[list[object]]]


class Node:
    """One server of a deployment."""

    def __init__(
        self,
        url: Url,
        tag: Callable[[], bytes] = bytes,
        silence_s: float | None = None,
        target: Target | None = None,
    ) -> None:
        """``tag`` is a part of the names of keys that only this server holds, if it is a node of a cluster; ``target``
        is where connections go to, if it is not always the server of the URL."""
        self.cost = ServerCost()
        self.own = OwnLookups(self.cost.count_error)
        self.kind: Kind = "standalone"
        """As the latest INFO says."""
        self.listeners: list[Traffic] = []
        """The traffic of the other connections of this program, such as the subscriber's."""
        self.handshake = Handshake(self.own, self.cost.count, self._observe, tag)
        self.target: Target = target or OneServer(url)
        self.connection = ReconnectingConnection(
            self.target, self._count, self._connected, self.handshake, lambda: silence_s or REPLY_TIMEOUT_S
        )
        self._sentinel_note = ""
        """What is said of it, if it is one."""
        self._info: Info | None = None
        self._info_lock = asyncio.Lock()
        self._priced_at = -math.inf
        self._application = ApplicationCounters(self.own)
        self._value_heads = ValueHeads(self.own)
        self._ping = PingTimer()
        self.refused = RefusedCommands()
        """The commands that our user may not run."""

    @property
    def url(self) -> Url:
        """The server and the selected database."""
        return self.target.url

    @property
    def connects(self) -> int:
        """The number of connections on which the server answered."""
        return self.connection.connects

    @property
    def trouble(self) -> str:
        """Why the server cannot be used now; empty if it can, or if no attempt was made yet."""
        return self._sentinel_note if self.kind == "sentinel" else self.connection.trouble

    @property
    def unreachable(self) -> bool:
        """Whether the latest attempt to connect failed and none ever succeeded."""
        return self.connection.unreachable

    # -- commands ----------------------------------------------------------------------------------------------------

    async def pipeline(self, commands: Sequence[Command]) -> list[object]:
        """Run commands in order; an error reply stands in its place as a ``ReplyError``.

        GET returns at most ``value_heads.MOST_BYTES`` + 1 bytes of a value. A command that our user may not run is not
        sent each time, see ``refused_commands``.

        Raises:
            SourceError: the server could not be reached, or the connection broke. Attempts to connect are spaced out
                after that, and calls in between fail at once with the same message.
        """
        await self.connect()  # an empty pipeline still shows whether the server is there
        if not self.refused.has_any():
            return await self._all(commands)
        sent = self._value_heads.bounded(commands)  # GETRANGE and GET do for each other
        answers = [self.refused.answer_to_any(ways) for ways in zip(sent, commands, strict=True)]
        replies = iter(await self._all([one for one, answer in zip(commands, answers, strict=True) if answer is None]))
        late: Iterator[object] = filter(None, answers)
        if not self.refused.has_any():  # a right was granted meanwhile
            late = iter(await self._all([one for one, answer in zip(commands, answers, strict=True) if answer]))
        return [next(late if answer else replies) for answer in answers]

    async def _all(self, commands: Sequence[Command]) -> list[object]:
        """Run all of these commands."""
        replies: list[object] = []
        while len(replies) < len(commands):
            replies += await self._part(commands[len(replies) : cut(commands, len(replies), PIPELINE_LENGTH)])
        return replies

    async def _part(self, commands: Sequence[Command]) -> list[object]:
        """Run as many of the commands as should be sent at once."""
        is_get = b"GET" in map(itemgetter(0), commands)
        commands = commands[: cut(commands, 0, self._value_heads.number)] if is_get else commands
        asked, began = self._value_heads.bounded(commands) if is_get else commands, time.perf_counter()
        replies = await (self._sample(asked) if self.cost.wants(asked) else self._run(asked))
        if not is_get:
            return replies
        self._value_heads.observe(replies, time.perf_counter() - began)
        return await self._value_heads.as_get(commands, replies, self._run)

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Exchange]:
        """Hold the connection for several exchanges in a row, as WATCH requires.

        Raises:
            SourceError: as ``pipeline``; the function that is yielded raises it, too.
        """
        async with self.connection.lock:
            await self._ensure_connected()
            try:
                yield self._exchange
            except asyncio.CancelledError:
                self.connection.hang_up("a write was cut short")  # perhaps within a transaction
                raise

    async def before_write(self, exchange: Exchange) -> None:
        """Make sure that this server may be written to; raises as ``Target.before_write``."""
        await self.target.before_write(exchange)

    async def select(self, database: int) -> None:
        """Go over to another database, also on later connections. Nothing else may be under way.

        Raises:
            MissingRightError: the ACL user may not run SELECT.
            SourceError: as ``pipeline``, or there is no such database.
        """
        commands = [(b"SELECT", str(database).encode())]
        async with self.connection.lock:
            await self._ensure_connected()
            (reply,) = await self._exchange(commands)
            check(reply)
            self.target.url, self._info = self.url.with_database(database), None

    async def _run(self, commands: Sequence[Command]) -> list[object]:
        async with self.connection.lock:
            await self._ensure_connected()
            answer = self.connection.send(commands)
        return await self.receive(commands, answer)

    async def _exchange(self, commands: Sequence[Command]) -> list[object]:
        """As ``_run``, for a caller that holds the lock."""
        return await self.receive(commands, self.connection.send(commands))

    def send(self, commands: Sequence[Command], peek: Callable[[bytes], None]) -> Answer:
        """Send commands that are no lookups without waiting for the lock; see ``Connection.send`` and ``receive``."""
        return self.connection.send(commands, peek=peek)

    async def receive(self, commands: Sequence[Command], answer: Answer) -> list[object]:
        """Wait for the replies to commands that were sent.

        Raises:
            SourceError: the connection broke.
        """
        replies = await self.connection.receive(commands, answer)
        self.refused.observe(commands, replies)
        return replies

    async def _sample(self, commands: Sequence[Command]) -> list[object]:
        """Run the commands, and measure the server's time for the first of them."""
        sample = CostSample(commands, self.cost, self.own)
        async with self.connection.lock:
            await self._ensure_connected()
            answer = self.connection.send(sample.commands, sample.take)
        await self.receive(sample.commands, answer)
        if sample.replies is None:
            return await self._run(commands)
        return without_arguments(sample.first, sample.replies) + (
            await self._run(sample.others) if sample.others else []
        )

    def _count(self, commands: Sequence[Command], replies: list[object] | None) -> None:
        """Count commands and replies in the order in which the server ran them."""
        if replies is None:
            self.own.lost(commands)
        else:
            self.cost.count(commands)
            self.own.count(commands, replies)

    # -- the connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect if there is no connection.

        Raises:
            SourceError: as ``pipeline``.
        """
        async with self.connection.lock:
            await self._ensure_connected()

    def connect_now(self) -> None:
        """Let the next command connect, even if the last attempt has just failed: the server is there."""
        self.connection.connect_now()

    def close(self) -> None:
        """Close the connection."""
        self._info = None
        self.connection.hang_up()

    async def _ensure_connected(self) -> None:
        await self.connection.ensure()
        if self.kind == "sentinel":
            if not self._sentinel_note:
                from redis_dash.client.sentinel.views import told_instead  # imported here for a quick start

                self._sentinel_note = await told_instead(self.url, self._exchange)
            raise AwayError(self._sentinel_note)

    def _connected(self) -> None:
        self._info = None
        self.refused.connected()
        self._application.connected()
        self._ping.connected()

    def _observe(self, values: Mapping[str, str], calls: Calls, is_first: bool) -> None:
        """Read the first INFO of a connection."""
        self.kind = kind_of(values)
        self._application.take(values, calls, is_first=is_first)

    # -- INFO and PING -----------------------------------------------------------------------------------------------

    async def info(self, max_age_s: float = 0.4) -> Info:
        """INFO, shared by all callers within ``max_age_s`` seconds.

        Raises:
            MissingRightError: the ACL user may not run INFO.
            SourceError: as ``pipeline``.
        """
        async with self._info_lock:
            if self._info is None or time.monotonic() - self._info.at >= max_age_s:
                self._info = await self._ask_info()
                if self._info.at - self._priced_at > PRICE_EVERY_S:
                    await self.price()
            return self._info

    async def _ask_info(self) -> Info:
        taken: list[Info] = []

        def count(commands: Sequence[Command], replies: list[object] | None) -> None:
            if replies is not None and isinstance(replies[1], bytes):
                taken.append(self._taken(parse_info(replies[1]), calls_of(replies[0]), elsewhere, at))
            self._count(commands, replies)

        await self.connect()
        check(self.refused.answer(INFO[1]))
        async with self.connection.lock:
            await self._ensure_connected()
            at, elsewhere = time.monotonic(), sum(listener.run for listener in self.listeners)
            answer = self.connection.send(INFO, count)
        _, raw = await self.receive(INFO, answer)
        if not taken:
            raise SourceError(f"INFO answered with {type(check(raw)).__name__} instead of text")
        if why := self.target.doubt(taken[0].values):
            self.connection.hang_up(why)
            raise AwayError(why)
        return taken[0]

    def _taken(self, values: Mapping[str, str], calls: Calls, elsewhere: int, at: float) -> Info:
        """An INFO with our share of its counters at the moment of the reply.

        ``elsewhere`` commands had run on our other connections when INFO was sent, at ``at``; later ones may have run
        before or after it.
        """
        application, run, self.kind = self._application, self.connection.traffic.run, kind_of(values)
        application.take(values, calls)
        self.cost.deliver(self.listeners, values)
        return Info(
            values=values,
            at=at,
            own_hits=self.own.hits,
            own_misses=self.own.misses,
            application=(application.hits, application.misses),
            own_commands=(run + elsewhere, run + sum(one.run + one.in_flight for one in self.listeners)),
            began=application.began,
            since=application.since,
            is_first=application.is_first,
            changes=changes_of(values, self.url.database),
        )

    def watching_cost(self) -> Cost:
        """The cost of watching so far, over all connections."""
        return self.cost.cost([self.connection.traffic, *self.listeners])

    async def price(self) -> None:
        """Update the cost now instead of at the next interval.

        Raises:
            SourceError: as ``pipeline``.
        """
        self._priced_at = time.monotonic()
        if isinstance(stats := (await self._run([(b"INFO", b"commandstats")]))[0], bytes):
            self.cost.price(calls_of(stats), self._priced_at)

    async def ping_ms(self) -> float | None:
        """The round trip of PING in milliseconds, the median of a few; None if none could be measured yet.

        Raises:
            SourceError: as ``pipeline``; ``MissingRightError`` if the ACL user may not run PING.
        """
        commands = [(b"PING",)]
        check(self.refused.answer(commands[0]))
        self._ping.begin()
        while self._ping.wants_more:
            async with self.connection.lock:
                await self._ensure_connected()
                await self.connection.time_next()
                answer = self.connection.send(commands)
            check((await self.receive(commands, answer))[0])
            self._ping.add(self.connection.connection.round_trip)
        return self._ping.shown_ms()
