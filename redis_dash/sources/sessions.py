"""Who is signed in? The sessions that were active last, followed closely; all of them counted, and searched."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence

from redis_dash.commands import Request, SearchSessions, StopSearch
from redis_dash.dialects import SESSION_DIALECTS
from redis_dash.feed import Progress
from redis_dash.model import SessionsFrame
from redis_dash.ownreads import Command, ReplyError
from redis_dash.sources.base import Context, Sample, counted, turn
from redis_dash.sources.session_facts import UNREADABLE, KnownSession, SessionRows, latest_first
from redis_dash.sources.session_search import SessionSearch

FAMILY = "sessions"
FOLLOWED = 1000
"""Sessions that are read again and again: those that were active last, as far as the scan has seen."""
LIFETIMES_AT_ONCE = 250
"""Followed sessions whose lifetime is read again in one poll, those read longest ago first."""
VALUES_AT_ONCE = 50
"""Followed sessions whose value is read again in one poll."""
CATCH_UP = 3
"""While new ones are read the scan may bring others: what is counted should be listed, too."""
ROWS = 500
"""Rows handed on."""


class SessionsSource:
    """Follows the latest sessions until a read finds them gone; where there are no more than those, it counts them."""

    topic = "sessions"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.families[FAMILY]
        self._rows = SessionRows(context.config.sessions)
        self._known: dict[bytes, KnownSession] = {}
        self._dropped_in_pass = -2
        self._floor_at = 0.0
        """``time.monotonic()``: sessions that expire before it are not followed; 0 where there is room."""
        self._no_lifetimes = ""
        self._lifetime_turn = 0
        self._value_turn = 0
        self._search = SessionSearch(context, FAMILY, self._rows)
        context.keyspace.readers[FAMILY] = self.look

    # -- what the scan has in hand -----------------------------------------------------------------------------------

    async def look(self, keys: Sequence[bytes]) -> None:
        """Take up those that were active later than the ones that are followed."""
        new = [key for key in keys if key not in self._known]
        if not new:
            return
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key in new])
        now = time.monotonic()
        least_ms = (self._floor_at - now) * 1000 if self._floor_at else 0.0
        for key, reply in zip(new, replies, strict=True):
            if reply == -2:
                self._family.discard(key)
            elif not isinstance(reply, int):
                self._known[key] = KnownSession()
            elif reply >= least_ms or not self._floor_at:
                known = self._known[key] = KnownSession()
                known.lasts(None if reply < 0 else reply / 1000, now)
            else:
                self._dropped_in_pass = self._context.keyspace.passes
        if len(self._known) > 2 * FOLLOWED:
            self._known = dict(heapq.nlargest(FOLLOWED, self._known.items(), key=latest_first))
            self._dropped_in_pass = self._context.keyspace.passes
            self._set_floor()

    def _set_floor(self) -> None:
        """Whoever expires before all that are followed was active before them all."""
        full = len(self._known) >= FOLLOWED
        self._floor_at = min((known.expires_at or 0.0 for known in self._known.values()), default=0.0) if full else 0.0

    @property
    def _follows_all(self) -> bool:
        """Neither the running pass nor the last one brought more than are followed."""
        return self._context.keyspace.passes - self._dropped_in_pass > 1

    # -- what is followed --------------------------------------------------------------------------------------------

    async def read(self) -> Sample[SessionsFrame]:
        """A share of the known ones again; new ones last, for the scan brings some meanwhile."""
        await self._context.require_scan()
        self._drop_ended()
        await self._search.look_again()
        lifetimes, self._lifetime_turn = turn(list(self._known), self._lifetime_turn, LIFETIMES_AT_ONCE)
        await self._read_lifetimes(lifetimes)
        self._set_floor()
        again, self._value_turn = turn(list(self._known), self._value_turn, VALUES_AT_ONCE)
        await self._read_values(again)
        for _ in range(CATCH_UP):
            new = [key for key, known in self._known.items() if known.facts is None]
            if not new:
                break
            await self._read_values(new)
        return self._sample()

    def _drop_ended(self) -> None:
        now = time.monotonic()
        ended = [key for key, known in self._known.items() if known.expires_at is not None and known.expires_at <= now]
        for key in ended:
            self._forget(key)

    async def _read_values(self, keys: Sequence[bytes]) -> None:
        dialect = SESSION_DIALECTS[0]
        replies = await self._context.deployment.pipeline([dialect.read(key) for key in keys])
        for key, reply in zip(keys, replies, strict=True):
            known = self._known.get(key)
            if reply is None:
                self._forget(key)
            elif known is not None:
                facts = dialect.decode(reply)
                known.facts = facts or UNREADABLE
                known.dialect = dialect.name if facts else "unknown"

    async def _read_lifetimes(self, keys: Sequence[bytes]) -> None:
        commands: list[Command] = [(b"PTTL", key) for key in keys]
        replies = await self._context.deployment.pipeline(commands)
        now = time.monotonic()
        self._no_lifetimes = next((str(reply) for reply in replies if isinstance(reply, ReplyError)), "")
        for key, reply in zip(keys, replies, strict=True):
            known = self._known.get(key)
            if reply == -2:
                self._forget(key)
            elif known is not None and isinstance(reply, int):
                known.lasts(None if reply < 0 else reply / 1000, now)

    def _forget(self, key: bytes) -> None:
        self._known.pop(key, None)
        self._family.discard(key)

    def _sample(self) -> Sample[SessionsFrame]:
        now, size = time.monotonic(), self._family.estimate()
        read = [(key, known) for key, known in self._known.items() if known.facts is not None]
        rows = self._rows.make(heapq.nlargest(ROWS, read, key=latest_first), now)
        if size.coverage >= 1 and self._follows_all:
            count = len(self._known)
            size = size._replace(keys=count, low=count, high=count, counted_at=time.time(), may_repeat=False)
        frame = SessionsFrame(size.keys, size.low, size.high, rows, self._search.result())
        note = f"time left unknown: {self._no_lifetimes}" if self._no_lifetimes else ""
        return counted(frame, size, note)

    # -- what a person asks for --------------------------------------------------------------------------------------

    def ask(self, request: Request) -> None:
        """Search, or stop it."""
        if isinstance(request, SearchSessions):
            self._search.begin(request.text)
        elif isinstance(request, StopSearch):
            self._search.stop()

    def progress(self) -> Progress | None:
        """Of the search."""
        return self._search.progress()

    async def run(self) -> None:
        """Search when asked to."""
        await self._search.run()
