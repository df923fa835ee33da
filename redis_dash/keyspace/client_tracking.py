"""Which keys are written, told by the server as it happens: client tracking in broadcast mode (Redis 6.0 and later).

A scan finds a new key only when it passes over it. Here the server names each key that begins like one of ours, as soon
as it is written, expires or is deleted. That costs the server some time for each message, so that a kind of key that is
written too often is given up, and found by the scan alone, until it is tried again: on a connection of its own, so that
what is known of the other kinds lives on if it must be given up once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import chain

import hiredis

from redis_dash.client.connection import BACKOFF_S, CLIENT_NAME, CONNECT_TIMEOUT_S, Connection, open_connection
from redis_dash.client.reasons import describe
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import SourceError
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Matcher

MESSAGE_S, KEY_S = 10e-6, 0.7e-6
"""The server's time for one message and for one key in it: 8 to 12 µs more a SET alone, 0.6 to 1.2 µs in pipelines."""
SHARE = 0.5
"""Of the budget that this may take."""
JUDGED_S = 5.0
"""It is judged over so long, and given up as soon as it has taken all that it may in that time."""
GIVEN_UP_S = (30.0, 600.0)
"""First and longest pause before a kind that was given up is tried again. If it then lasts longer than that, the next
pause is the first one again."""
REFUSED_S = 60.0
"""Pause before a server is asked again that does not know client tracking, or does not let us."""
ANSWER_S = 2.0
HELD = 20_000
"""Keys of one kind that were written since a pass began, and are held by name."""
MOST_KEYS = 100_000
"""Keys of one kind that are kept until they are taken; beyond that, all of them count as unknown."""


Take = Callable[[], Awaitable[list[bytes]]]


class ClientTracking:
    """Keys written since they were last taken, by family."""

    def __init__(self, url: Url, key_groups: Mapping[str, Sequence[str]], budget: float) -> None:
        """``key_groups`` names the globs of each; one without a beginning of its own (``*:lock``) is not told."""
        self.spent_s = 0.0
        """The server's time that this has taken so far, at the measured prices."""
        self.given_up: set[str] = set()
        """Families that are written too often, and not listened to for now."""
        self.traffic = Traffic()
        self._url = url
        self._budget = budget * SHARE
        self._matcher = Matcher(key_groups)
        self._prefixes = {name: found for name, globs in key_groups.items() if (found := _prefixes(globs))}
        self._written: dict[str, dict[bytes, None]] = {name: {} for name in self._prefixes}
        self._in_pass: dict[str, dict[bytes, None] | None] = dict.fromkeys(self._prefixes)
        """Keys written since the running pass began; None where they are too many, or it began before we listened."""
        self._since_counted: dict[str, dict[bytes, None] | None] = dict.fromkeys(self._prefixes)
        """And since the last complete one did."""
        self._since: dict[str, float] = {}
        self._heard: dict[str, int] = dict.fromkeys(self._prefixes, 0)
        """Keys since the last judgement."""
        self._judged_at = self._judged_s = 0.0
        """When that was (``time.monotonic()``), and ``spent_s`` then."""
        self._wires: dict[str, _TrackingConnection] = {}
        """On which each family is listened to."""

    # -- what the sources ask ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self, key_group: str) -> Iterator[Take]:
        """Take what was written while it is read; if that fails, it is to be taken again.

        Hands out a function that returns the keys of a family that were written, or are gone, since its last call: all
        that the server knew of by then.
        """
        taken: dict[bytes, None] = {}

        async def written() -> list[bytes]:
            if key_group in self._since:
                await self._synchronise(self._wires[key_group])
            keys, self._written[key_group] = self._written.get(key_group, {}), {}
            taken.update(keys)
            return list(keys)

        try:
            yield written
        except BaseException:
            self._written[key_group] = taken | self._written.get(key_group, {})
            raise

    async def synchronise(self) -> None:
        """Return when all is known that was written before now."""
        await asyncio.gather(*map(self._synchronise, set(self._wires.values())))

    async def _synchronise(self, connection: _TrackingConnection) -> None:
        if not await connection.synchronised():
            self._hang_up(connection)

    def since_counted(self, key_group: str, since: float, until: float) -> Mapping[bytes, None] | None:
        """Keys written, or gone, since the last complete pass began; None where not all are known.

        Args:
            since: when it began, in Unix epoch seconds.
            until: ``time.monotonic()``: all that was written before it must have been told.
        """
        return self._since_counted.get(key_group) if self._has_told(key_group, since, until) else None

    def since_running(self, key_group: str, since: float, until: float) -> Mapping[bytes, None] | None:
        """The same, since the running pass began."""
        return self._in_pass.get(key_group) if self._has_told(key_group, since, until) else None

    def _has_told(self, key_group: str, since: float, until: float) -> bool:
        connection = self._wires.get(key_group)
        return connection is not None and connection.synchronised_at >= until and self.covers(key_group, since)

    def pass_begins(self) -> None:
        """A pass over the keyspace begins."""
        self._in_pass = {name: {} for name in self._prefixes}

    def pass_ends(self) -> None:
        """It is complete."""
        self._since_counted, self._in_pass = self._in_pass, dict.fromkeys(self._prefixes)

    def covers(self, key_group: str, since: float) -> bool:
        """Has every key of it been told that was written since then (Unix epoch seconds)?"""
        return key_group in self._since and self._since[key_group] <= since

    # -- the connection ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            key_groups = list(self._prefixes)
            while key_groups:
                await self._listen_on(key_groups)
                for key_group in self.given_up.intersection(key_groups):
                    key_groups.remove(key_group)
                    tasks.create_task(self._try_again(key_group))
            await asyncio.Event().wait()

    async def _try_again(self, key_group: str) -> None:
        """Listen to one that was given up, on a connection of its own, after longer and longer pauses."""
        pause, (first, longest) = GIVEN_UP_S[0], GIVEN_UP_S
        while True:
            await asyncio.sleep(pause)
            self.given_up.discard(key_group)
            began = time.monotonic()
            await self._listen_on([key_group])
            pause = first if time.monotonic() - began > longest else min(2 * pause, longest)

    async def _listen_on(self, key_groups: Sequence[str]) -> None:
        """Until one of them is given up; whenever the connection is lost it is made again."""
        pause = BACKOFF_S[0]
        while self.given_up.isdisjoint(key_groups):
            try:
                await self._listen(key_groups)
                pause = BACKOFF_S[0]
            except _RefusedError:
                pause = REFUSED_S
            except (OSError, TimeoutError, hiredis.ProtocolError, SourceError):  # told by those who poll
                pause = min(pause * 2, BACKOFF_S[1])
            await asyncio.sleep(pause)

    async def _listen(self, key_groups: Sequence[str]) -> None:
        connection = _TrackingConnection(self._hear, self._emptied)
        connection.traffic = self.traffic
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await open_connection(self._url, connection)
                await self._subscribe(connection, key_groups)
            await connection.lost.wait()
        finally:
            self._hang_up(connection)

    def _hang_up(self, connection: _TrackingConnection) -> None:
        """From now on nothing is told of what was listened to here."""
        for key_group in [name for name, one in self._wires.items() if one is connection]:
            del self._wires[key_group]
            self._since.pop(key_group, None)
        connection.hang_up()

    async def _subscribe(self, connection: _TrackingConnection, key_groups: Sequence[str]) -> None:
        prefixes = _apart(chain.from_iterable(self._prefixes[name] for name in key_groups))
        words = [word for prefix in prefixes for word in (b"PREFIX", prefix)]
        try:
            await connection.ask(b"HELLO", b"3")
            await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
            await connection.ask(b"CLIENT", b"TRACKING", b"ON", b"BCAST", *words)
        except SourceError as error:
            raise _RefusedError(describe(error, self._url)) from None
        self._wires |= dict.fromkeys(key_groups, connection)
        self._since |= dict.fromkeys(key_groups, time.time())

    def _hear(self, keys: list[bytes]) -> None:
        self.spent_s += MESSAGE_S + KEY_S * len(keys)
        for name, found in self._matcher.sort(keys).items():
            written = self._written.get(name)
            if written is None:
                continue
            self._heard[name] += len(found)
            told = dict.fromkeys(found)
            written.update(told)
            for sets in (self._in_pass, self._since_counted):
                since = sets[name]
                if since is not None:
                    since.update(told)
                    sets[name] = since if len(since) <= HELD else None
            if len(written) > MOST_KEYS:
                written.clear()
                self._since |= {name: time.time()} if name in self._since else {}
        self._judge()

    def _emptied(self) -> None:
        """The whole database was emptied, or loaded anew from a master: what is there now was not told."""
        self._since = dict.fromkeys(self._since, time.time())

    def _judge(self) -> None:
        """Give up the family that is written most, if all together cost too much."""
        now = time.monotonic()
        if self.spent_s - self._judged_s > JUDGED_S * self._budget:
            if self._wires:
                key_group = max(self._wires, key=self._heard.__getitem__)
                self.given_up.add(key_group)
                self._hang_up(self._wires[key_group])
        elif now - self._judged_at < JUDGED_S:
            return
        self._judged_at, self._judged_s = now, self.spent_s
        self._heard = dict.fromkeys(self._heard, 0)


class _RefusedError(SourceError):
    """The server does not know client tracking, or does not let us."""


class _TrackingConnection(Connection):
    """Tells pushed messages from replies."""

    def __init__(self, hear: Callable[[list[bytes]], None], emptied: Callable[[], None]) -> None:
        super().__init__()
        self.synchronised_at = 0.0
        """``time.monotonic()``: all that was written before it has been told."""
        self._hear = hear
        self._emptied = emptied

    def sort_out(self) -> None:
        """Hand on what was pushed; the rest are replies."""
        pushed = [reply for reply in self._inbox if isinstance(reply, hiredis.PushNotification)]
        if pushed:
            self._inbox = [reply for reply in self._inbox if not isinstance(reply, hiredis.PushNotification)]
            self.traffic.messages += len(pushed)
            for _, keys in (message for message in pushed if message[0] == b"invalidate"):
                if not self.is_open:  # given up meanwhile
                    break
                self._emptied() if keys is None else self._hear(keys)
        super().sort_out()

    async def synchronised(self) -> bool:
        """Return when all is here that was written before now; False if the connection is lost."""
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
    """What the keys of a family begin with; none if one of its globs can match anything."""
    beginnings = tuple(Glob.of(glob).before for glob in globs)
    return beginnings if all(beginnings) else ()


def _apart(prefixes: chain[bytes]) -> list[bytes]:
    """Without those that begin like another one: the server refuses prefixes that overlap."""
    kept: list[bytes] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
