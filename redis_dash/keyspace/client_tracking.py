"""Client tracking in broadcast mode (Redis 6.0 and later): the server names the keys that are written.

A scan finds a new key only when it passes over it. With tracking, the server names each key that has one of our
prefixes as soon as it is written, expires or is deleted. Each message costs the server some time. Therefore a key group
that is written too often is given up; then only the scan finds its keys. It is tried again later, on a connection of
its own, so that giving it up once more does not affect the other key groups.

The connection is to one node. Of several nodes none is tracked (see ``Hub``): then only the scan finds their keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

import hiredis

from redis_dash.client.backoff import Backoff
from redis_dash.client.connection import CLIENT_NAME, Connection
from redis_dash.client.opening import open_connection, time_limit_s
from redis_dash.client.reasons import describe
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Matcher

MESSAGE_S, KEY_S = 10e-6, 0.7e-6
"""The server's time for one message and for one key in it: 8 to 12 µs more a SET alone, 0.6 to 1.2 µs in pipelines."""
SHARE = 0.5
"""Share of the budget that tracking may use."""
JUDGED_S = 5.0
"""The cost is measured over this time; a key group is given up as soon as the time's whole share is used."""
GIVEN_UP_S = (30.0, 600.0)
"""First and longest pause before a key group that was given up is tried again. If it then lasts longer than the longest
pause, the next pause is the first one again."""
REFUSED_S = 60.0
"""Pause before the next attempt on a server that does not know client tracking, or does not allow it."""
ANSWER_S = 2.0
HELD = 20_000
"""Names kept for each key group of the keys that were written since a pass began."""
MOST_KEYS = 100_000
"""Keys of one key group that are kept until a source takes them; if there are more, all of them count as unknown."""


Take = Callable[[], Awaitable[list[bytes]]]


class ClientTracking:
    """Keys written since they were last taken, by key group."""

    def __init__(
        self,
        url: Url,
        key_groups: Mapping[str, Sequence[str]],
        budget: float,
        ignored: Sequence[str] = (),
        opens: Callable[[Connection], Awaitable[object]] | None = None,
    ) -> None:
        """``key_groups`` maps names to globs; a glob without a prefix (``*:lock``) is not tracked.

        Args:
            ignored: patterns of keys that belong to no group.
            opens: opens each connection, if that is not always to ``url``.
        """
        self.spent_s = 0.0
        """The server's time that tracking has taken so far, at the measured prices."""
        self.emptied_at = 0.0
        """When all keys were deleted at once the last time (Unix epoch seconds): the server does not name them then."""
        self.given_up: set[str] = set()
        """Key groups that are written too often and are not tracked for now."""
        self.traffic = Traffic()
        self._now = asyncio.Event()
        """Set to end the pauses that have begun; then there is another one."""
        self._url = url
        self._opens = opens or partial(open_connection, url)
        self._budget = budget * SHARE
        self._matcher = Matcher(key_groups, ignored)
        self.tried = asyncio.Event()
        """Set when the server names keys, or when it is clear that it does not so far."""
        self._prefixes = {name: found for name, globs in key_groups.items() if (found := _prefixes(globs))}
        self._written: dict[str, dict[bytes, None]] = {name: {} for name in self._prefixes}
        self._in_pass: dict[str, dict[bytes, None] | None] = dict.fromkeys(self._prefixes)
        """Keys written since the running pass began; None if they are too many, or the pass began before tracking."""
        self._since_counted: dict[str, dict[bytes, None] | None] = dict.fromkeys(self._prefixes)
        """Keys written since the last complete pass began; None as above."""
        self._since: dict[str, float] = {}
        self._named: dict[str, int] = dict.fromkeys(self._prefixes, 0)
        """Keys named since the cost was measured last."""
        self._judged_at = self._judged_s = 0.0
        """When that was (``time.monotonic()``), and the value of ``spent_s`` then."""
        self._connections: dict[str, _TrackingConnection] = {}
        """The connection on which each key group is tracked."""

    # -- for the sources ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self, key_group: str) -> Iterator[Take]:
        """Yield a function that returns the keys of a group that were written or deleted since its last call.

        It returns all keys that the server knew of by then. If the block fails, the keys are returned once more.
        """
        taken: dict[bytes, None] = {}

        async def written() -> list[bytes]:
            if key_group in self._since:
                await self._synchronise(self._connections[key_group])
            keys, self._written[key_group] = self._written.get(key_group, {}), {}
            taken.update(keys)
            return list(keys)

        try:
            yield written
        except BaseException:
            self._written[key_group] = taken | self._written.get(key_group, {})
            raise

    async def synchronise(self) -> None:
        """Return when every key that was written before now is known."""
        await asyncio.gather(*map(self._synchronise, set(self._connections.values())))

    async def _synchronise(self, connection: _TrackingConnection) -> None:
        if not await connection.synchronised():
            self._hang_up(connection)

    def since_counted(self, key_group: str, since: float, until: float) -> Mapping[bytes, None] | None:
        """Keys written or deleted since the last complete pass began; None if not all are known.

        Args:
            since: when the pass began, in Unix epoch seconds.
            until: ``time.monotonic()``; the server must have named every key that was written before.
        """
        return self._since_counted.get(key_group) if self._is_complete(key_group, since, until) else None

    def since_running(self, key_group: str, since: float, until: float) -> Mapping[bytes, None] | None:
        """The same, since the running pass began."""
        return self._in_pass.get(key_group) if self._is_complete(key_group, since, until) else None

    def _is_complete(self, key_group: str, since: float, until: float) -> bool:
        connection = self._connections.get(key_group)
        return connection is not None and connection.synchronised_at >= until and self.covers(key_group, since)

    def pass_begins(self) -> None:
        """Note that a pass over the keyspace begins."""
        self._in_pass = {name: {} for name in self._prefixes}

    def pass_ends(self) -> None:
        """Note that the pass is complete."""
        self._since_counted, self._in_pass = self._in_pass, dict.fromkeys(self._prefixes)

    def covers(self, key_group: str, since: float) -> bool:
        """Whether the server has named every key of the group that was written since then (Unix epoch seconds)."""
        return key_group in self._since and self._since[key_group] <= since

    # -- the connection ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Receive keys until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            key_groups = list(self._prefixes)
            if not key_groups:
                self.tried.set()
            while key_groups:
                await self._track(key_groups)
                for key_group in self.given_up.intersection(key_groups):
                    key_groups.remove(key_group)
                    tasks.create_task(self._try_again(key_group))
            await asyncio.Event().wait()

    async def _try_again(self, key_group: str) -> None:
        """Track a key group that was given up, on a connection of its own, after pauses that get longer."""
        pause, (first, longest) = GIVEN_UP_S[0], GIVEN_UP_S
        while True:
            await asyncio.sleep(pause)
            self.given_up.discard(key_group)
            began = time.monotonic()
            await self._track([key_group])
            pause = first if time.monotonic() - began > longest else min(2 * pause, longest)

    async def _track(self, key_groups: Sequence[str]) -> None:
        """Track key groups until one of them is given up; reconnect whenever the connection is lost."""
        backoff = Backoff()
        while self.given_up.isdisjoint(key_groups):
            ends_early, refused = self._now, False
            try:
                await self._listen(key_groups)
                backoff.start_over()
            except _RefusedError:
                refused = True
            except (OSError, TimeoutError, hiredis.ProtocolError, SourceError):  # the sources report it
                pass
            self.tried.set()
            if refused:
                await asyncio.sleep(REFUSED_S)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff.next_s()):
                    await ends_early.wait()
                    backoff.start_over()

    def connect_now(self) -> None:
        """End the pauses before the next attempts to connect: the server is there."""
        self._now.set()
        self._now = asyncio.Event()

    async def _listen(self, key_groups: Sequence[str]) -> None:
        connection = _TrackingConnection(self._receive, self._emptied)
        connection.traffic = self.traffic
        try:
            async with asyncio.timeout(time_limit_s(self._url)):
                await self._opens(connection)
                await self._subscribe(connection, key_groups)
            await connection.lost.wait()
        finally:
            self._hang_up(connection)

    def _hang_up(self, connection: _TrackingConnection) -> None:
        """Close a connection; its key groups are no longer tracked."""
        for key_group in [name for name, one in self._connections.items() if one is connection]:
            del self._connections[key_group]
            self._since.pop(key_group, None)
        connection.hang_up()

    async def _subscribe(self, connection: _TrackingConnection, key_groups: Sequence[str]) -> None:
        prefixes = _apart(chain.from_iterable(self._prefixes[name] for name in key_groups))
        words = [word for prefix in prefixes for word in (b"PREFIX", prefix)]
        try:
            await connection.ask(b"HELLO", b"3")
            await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
            await connection.ask(b"CLIENT", b"TRACKING", b"ON", b"BCAST", *words)
        except AwayError:
            raise
        except SourceError as error:
            raise _RefusedError(describe(error, self._url)) from None
        self._connections |= dict.fromkeys(key_groups, connection)
        self._since |= dict.fromkeys(key_groups, time.time())
        self.tried.set()

    def _receive(self, messages: int, keys: Sequence[bytes]) -> None:
        self.spent_s += MESSAGE_S * messages + KEY_S * len(keys)
        for name, found in self._matcher.sort(keys).items():
            written = self._written.get(name)
            if written is None:
                continue
            self._named[name] += len(found)
            named = dict.fromkeys(found)
            written.update(named)
            for sets in (self._in_pass, self._since_counted):
                since = sets[name]
                if since is not None:
                    since.update(named)
                    sets[name] = since if len(since) <= HELD else None
            if len(written) > MOST_KEYS:
                written.clear()
                self._since |= {name: time.time()} if name in self._since else {}
        self._judge()

    def _emptied(self) -> None:
        """Handle FLUSHALL or a new copy from a master: the keys that exist now were not named."""
        self.emptied_at = time.time()
        self._since = dict.fromkeys(self._since, self.emptied_at)

    def _judge(self) -> None:
        """Give up the key group that is written most, if all key groups together cost too much."""
        now = time.monotonic()
        if self.spent_s - self._judged_s > JUDGED_S * self._budget:
            if self._connections:
                key_group = max(self._connections, key=self._named.__getitem__)
                self.given_up.add(key_group)
                self._hang_up(self._connections[key_group])
        elif now - self._judged_at < JUDGED_S:
            return
        self._judged_at, self._judged_s = now, self.spent_s
        self._named = dict.fromkeys(self._named, 0)


class _RefusedError(SourceError):
    """The server does not know client tracking, or does not allow it."""


class _TrackingConnection(Connection):
    """Separates pushed messages from replies."""

    def __init__(self, hear: Callable[[int, Sequence[bytes]], None], emptied: Callable[[], None]) -> None:
        super().__init__()
        self.synchronised_at = 0.0
        """``time.monotonic()``: every key that was written before has been named."""
        self._receive = hear
        self._emptied = emptied

    def sort_out(self) -> None:
        """Pass on pushed messages; everything else is a reply."""
        pushed = [reply for reply in self._inbox if isinstance(reply, hiredis.PushNotification)]
        if pushed:
            self._inbox = [reply for reply in self._inbox if not isinstance(reply, hiredis.PushNotification)]
            self.traffic.messages += len(pushed)
            self._take(pushed)
        super().sort_out()

    def _take(self, pushed: Sequence[hiredis.PushNotification]) -> None:
        """Pass on all names together, which takes less time; those from before the database was emptied apart."""
        messages, named = 0, list[bytes]()
        for _, keys in (message for message in pushed if message[0] == b"invalidate"):
            if keys is not None:
                messages += 1
                named += keys
                continue
            self._receive(messages, named)
            messages, named = 0, []
            if self.is_open:  # not given up by these names
                self._emptied()
        if named and self.is_open:
            self._receive(messages, named)

    async def synchronised(self) -> bool:
        """Return when every key that was written before now has been named; False if the connection is lost."""
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.send([(b"PING",)])
        except (OSError, TimeoutError):
            self.hang_up()
            return False
        self.synchronised_at = max(self.synchronised_at, asked_at)
        return True


def _prefixes(globs: Sequence[str]) -> tuple[bytes, ...]:
    """The prefixes of a group's keys; none if one of its globs has no prefix."""
    beginnings = tuple(Glob.of(glob).before for glob in globs)
    return beginnings if all(beginnings) else ()


def _apart(prefixes: chain[bytes]) -> list[bytes]:
    """The prefixes without those that begin with another one: the server refuses prefixes that overlap."""
    kept: list[bytes] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
