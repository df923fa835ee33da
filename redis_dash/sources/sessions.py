"""Who is signed in? The sessions with most time left, followed closely; all of them counted, and searched."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Sequence

from redis_dash.certainty import Count
from redis_dash.commands import Request, SearchSessions, StopSearch
from redis_dash.dialects.base import refusal
from redis_dash.dialects.registry import SESSION_DIALECTS
from redis_dash.feed import Progress
from redis_dash.model import SessionRow, SessionsFrame
from redis_dash.ownreads import Command
from redis_dash.revocation import can_undo
from redis_dash.sources.base import Context, Sample, sample, turn
from redis_dash.sources.refusals import missing_right
from redis_dash.sources.session_facts import UNREAD, UNREADABLE, KnownSession, SessionRows, most_left_first
from redis_dash.sources.session_search import SessionSearch
from redis_dash.tracking import Take

FAMILY = "sessions"
FOLLOWED = 1000
"""Sessions whose lifetime is read in each poll: those with most left, as far as the scan has seen; or all, if they are
no more than twice as many."""
VALUES_AT_ONCE = 500
"""Followed sessions whose value is read again in one poll."""
REMEMBERED = 4096
"""Bytes of a value up to which it is kept, so that it is made sense of only when it has changed."""
CATCH_UP = 5
"""While some are read others come or change: what is counted should be listed, too, and as of one moment."""
VALUES_WITHIN_S, VALUES_IN_A_PART = 1.0, 100
ROWS = 500
"""Rows handed on."""


class SessionsSource:
    """Follows those with most time left until a read finds them gone; where there are no more, it counts them."""

    topic = "sessions"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.census.families[FAMILY]
        self._scope = context.config.sessions
        self._rows = SessionRows(context.config.sessions)
        self._known: dict[bytes, KnownSession] = {}
        self._dropped_in_pass = -2
        self._ids_version = 0
        self._floor_at = 0.0
        """``time.monotonic()``: sessions that expire before it are not followed; 0 where there is room."""
        self._no_lifetimes = ""
        self._no_values = ""
        self._value_turn = 0
        self._late: dict[bytes, None] = {}
        """Their values are to be read, and were not for lack of time."""
        self._can_undo: bool | None = None
        self._undo_asked = 0
        """The connection, by its number, on which that was asked."""
        self._search = SessionSearch(context, FAMILY, self._rows)
        context.keyspace.readers[FAMILY] = self.look

    # -- what the scan has in hand -----------------------------------------------------------------------------------

    async def look(self, keys: Sequence[bytes]) -> None:
        """Take up those that have more time left than the ones that are followed."""
        new = [key for key in keys if key not in self._known]
        if not new:
            return
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key in new])
        missing_right(b"PTTL", replies)
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
        self._tell_ids(key for key in new if key in self._known)
        if len(self._known) > 2 * FOLLOWED:
            self._known = dict(heapq.nlargest(FOLLOWED, self._known.items(), key=most_left_first))
            self._dropped_in_pass = self._context.keyspace.passes
            self._set_floor()

    def _tell_ids(self, keys: Iterable[bytes]) -> None:
        """So that they are masked wherever the application repeats them."""
        self._context.known_ids.add(map(self._rows.identifier, keys))

    def _set_floor(self) -> None:
        """Whoever expires before all that are followed is not taken up."""
        full = len(self._known) >= FOLLOWED and self._family.seen > 2 * FOLLOWED
        self._floor_at = min((known.expires_at or 0.0 for known in self._known.values()), default=0.0) if full else 0.0

    @property
    def _follows_all(self) -> bool:
        """Neither the running pass nor the last one brought more than are followed."""
        return self._context.keyspace.passes - self._dropped_in_pass > 1

    # -- what is followed --------------------------------------------------------------------------------------------

    async def read(self) -> Sample[SessionsFrame]:
        """Whether each is still there, and a share of the values; new ones last, for the scan brings some meanwhile."""
        await self._context.require_scan()
        await self._search.look_again()
        await self._ask_for_undo()
        tracking, began = self._context.tracking, time.time()
        with tracking.reading(FAMILY) as take:
            await self._read_again(await take())
            told = await self._catch_up(take) and tracking.covers(FAMILY, min(began, self._family.counted_since))
            return self._sample(await self._count(began, told=told))

    async def _ask_for_undo(self) -> None:
        """Once a connection: a user who may not ask finds each attempt in the server's ACL LOG."""
        deployment = self._context.deployment
        if self._known and self._undo_asked != deployment.connects:
            self._undo_asked = deployment.connects
            self._can_undo = await can_undo(deployment.pipeline, next(iter(self._known)))

    async def _read_again(self, written: Sequence[bytes]) -> None:
        """Whether each is still there, and the values of those that were written, and of others in turn."""
        await self.look(written)
        await self._read_lifetimes(list(self._known))
        self._set_floor()
        again, self._value_turn = turn(list(self._known), self._value_turn, VALUES_AT_ONCE)
        self._no_values = ""
        self._late |= dict.fromkeys(written)
        await self._read_late()
        await self._read_within(again)

    async def _catch_up(self, take: Take) -> bool:
        """Read what came or was written while others were read; is there no more of it?"""
        for _ in range(CATCH_UP):
            named = await take()
            await self.look(named)
            written = [key for key in named if key in self._known]
            new = [key for key, known in self._known.items() if known.facts is None]
            if not named and not new and not self._late:
                return True  # not before nothing was named: that these are gone was seen later than they were named
            await self._read_lifetimes(written)
            self._late |= dict.fromkeys([*written, *new])
            if not await self._read_late():
                return False
        return False

    async def _read_late(self) -> bool:
        """Read what is waiting; was that all?"""
        keys = [key for key in self._late if key in self._known]
        self._late = dict.fromkeys(keys[await self._read_within(keys) :])
        return not self._late

    async def _read_within(self, keys: Sequence[bytes]) -> int:
        """Read values for a second at most, for on a slow link others want it, too; returns how many were read."""
        deadline = time.monotonic() + VALUES_WITHIN_S
        for begin in range(0, len(keys), VALUES_IN_A_PART):
            if begin and time.monotonic() >= deadline:
                return begin
            await self._read_values(keys[begin : begin + VALUES_IN_A_PART])
        return len(keys)

    async def _read_values(self, keys: Sequence[bytes]) -> None:
        dialect = SESSION_DIALECTS[0]
        replies = await self._context.deployment.pipeline([dialect.read(key) for key in keys])
        self._no_values = missing_right(b"GET", replies) or self._no_values
        for key, reply in zip(keys, replies, strict=True):
            known = self._known.get(key)
            if reply is None:
                self._forget(key)
            elif known is None or (known.facts is not None and reply == known.value):
                continue
            elif refusal(reply) is not None:
                known.facts = known.facts or UNREAD
            else:
                facts = dialect.decode(reply)
                known.facts = facts or UNREADABLE
                known.value = reply if isinstance(reply, bytes) and len(reply) <= REMEMBERED else None
                known.dialect = dialect.name if facts else "unknown"

    async def _read_lifetimes(self, keys: Sequence[bytes]) -> None:
        commands: list[Command] = [(b"PTTL", key) for key in keys]
        replies = await self._context.deployment.pipeline(commands)
        now = time.monotonic()
        self._no_lifetimes = missing_right(b"PTTL", replies) if keys else self._no_lifetimes
        for key, reply in zip(keys, replies, strict=True):
            known = self._known.get(key)
            if reply == -2:
                self._forget(key)
            elif known is not None and isinstance(reply, int):
                known.lasts(None if reply < 0 else reply / 1000, now)

    def _forget(self, key: bytes) -> None:
        self._known.pop(key, None)
        self._family.discard(key)

    async def _count(self, began: float, *, told: bool) -> Count:
        census = self._context.keyspace.census
        if not self._follows_all or self._no_lifetimes:
            return await census.count_now(FAMILY)
        known, dropped = len(self._known), self._dropped_in_pass
        info = await census.info_after(time.monotonic())
        if self._dropped_in_pass != dropped:  # the scan has brought more meanwhile
            return await census.count_now(FAMILY)
        told = told and len(self._known) == known
        return census.count_asked(FAMILY, len(self._known), info, since=began, told=told)

    def _sample(self, count: Count) -> Sample[SessionsFrame]:
        read = [(key, known) for key, known in self._known.items() if known.facts is not None]
        if self._context.known_ids.version != self._ids_version:  # others may be forgotten instead
            self._tell_ids(self._known)
            self._ids_version = self._context.known_ids.version
        rows = self._rows.make(heapq.nlargest(ROWS, read, key=most_left_first), time.monotonic())
        frame = SessionsFrame(count, rows, self._search.result(), self._can_undo)
        return sample(frame, count, self._context.scope(self._scope), self._notes(rows))

    def _notes(self, rows: Sequence[SessionRow]) -> list[str]:
        """Rights that are missing, and sessions that say nothing."""
        notes = [self._context.scan_note]
        notes.append(f"{self._no_values}: whose they are is unknown" if self._no_values else "")
        notes.append(f"{self._no_lifetimes}: the time left is unknown" if self._no_lifetimes else "")
        unread = 0 if self._no_values else sum(row.dialect == "unknown" for row in rows)
        if unread:
            notes.append(f"{unread:,} of {len(rows):,} listed not readable")
        return notes

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
