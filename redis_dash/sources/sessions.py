"""The sessions topic: the sessions with the longest remaining lifetime are followed; all are counted and searched."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from redis_dash.config import Config
from redis_dash.core.certainty import Count, counted
from redis_dash.core.commands import Request, SearchSessions, StopSearch
from redis_dash.core.errors import MissingRightError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from redis_dash.core.resp import Command
from redis_dash.dialects.session_dialects import ReadSession, SessionDialects
from redis_dash.keyspace.client_tracking import Take
from redis_dash.sources.base import NO_NOTE, Context, Note, Sample, Source, not_among, round_robin, sample
from redis_dash.sources.refusals import RefusedKeys, is_key_refused, refused_command
from redis_dash.sources.session_facts import (
    OTHER_TYPE,
    UNREAD,
    KnownSession,
    Moment,
    SessionFormats,
    SessionRows,
    locked,
    most_left_first,
    not_before,
    read_and_not,
    timeless,
    unreadable,
)
from redis_dash.sources.session_notes import format_notes, lifetime_note, value_notes
from redis_dash.sources.session_read_rights import SessionReadRights
from redis_dash.sources.session_rights import SessionRights
from redis_dash.sources.session_search import SessionSearch

KEY_GROUP = "sessions"
FOLLOWED, SPARE = 1000, 1.25
"""Sessions that are followed: those with most time left, and a quarter more at most; all, if at most twice as many."""
VALUES_AT_ONCE = 500
"""Followed sessions whose value is read again in one poll, of those that may have been written unnoticed."""
IN_TURN = 25
"""Followed sessions that are read again in one poll although the client tracking names those that are written."""
SOON_S = 2.0
"""Sessions that expire within this time are checked in each poll: the server may delete them, and name them, late."""
REMEMBERED = 4096
"""Values up to this many bytes are kept, so that an unchanged value is not decoded again."""
CATCH_UP = 5
"""Rounds in which a poll reads sessions that were written during the poll, so that the list agrees with the count."""
VALUES_WITHIN_S, VALUES_IN_A_PART = 1.0, 100
WRITTEN_KNOWN = 2000
"""Sessions that were just written and whose ids are known although they are not followed: messages are about them."""
ROWS = 500
"""Rows in a frame."""


class SessionsSource(Source[SessionsFrame]):
    """Follows the sessions with the longest remaining lifetime; if these are all, their number is the count."""

    topic = "sessions"
    tracked = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._key_group = context.keyspace.counts.key_groups[KEY_GROUP]
        self._scope, self._patterns = context.config.session_globs, context.config.session_patterns
        self._rows = SessionRows(self._scope, context.known_ids, context.deployment.database, self._patterns)
        self._formats = SessionFormats(self._patterns)
        self._dialects = SessionDialects(patterns=self._patterns)
        self._known: dict[bytes, KnownSession] = {}
        self._dropped_in_pass, self._ids_version = -2, 0
        self._floor_at = 0.0
        """``time.monotonic()``: sessions that expire earlier are not followed; 0 if all are."""
        self._no_lifetimes = NO_NOTE
        self._read_rights = SessionReadRights(context, self._dialects)
        self._refused = RefusedKeys(context, context.config.session_globs)
        """Sessions whose values our user may not read."""
        self._turn = self._value_start = 0
        self._late: dict[bytes, None] = {}
        """Sessions whose values must be read, and were not yet for lack of time."""
        self._rights = SessionRights(context, self._dialects)
        self._search = SessionSearch(context, KEY_GROUP, self._rows)
        context.keyspace.readers[KEY_GROUP] = self.examine

    # -- keys from the scan ------------------------------------------------------------------------------------------

    async def examine(self, keys: Sequence[bytes]) -> None:
        """Follow sessions whose remaining lifetime is longer than that of the followed ones."""
        new = not_among(self._known.keys(), not_among(self._refused.keys(), keys))
        if not new:
            return
        asked, ask = Moment.now(), self._context.deployment.pipeline
        replies, now = await ask([(b"PTTL", key) for key in new]), time.monotonic()
        lasting = not_before(1000 * (self._floor_at - now) if self._floor_at else -1, new, replies)
        refused_command(reply for _, reply in lasting)
        for key, reply in lasting:
            if reply == -2:
                self._key_group.discard(key)
            elif not isinstance(reply, int):
                self._known[key] = KnownSession(is_key_refused=is_key_refused(reply))
            else:
                known = self._known[key] = KnownSession()
                known.lasts(reply, asked, now)
        if len(lasting) < len(new):
            self._dropped_in_pass = self._context.keyspace.passes
        if len(self._known) > FOLLOWED:
            self._refused.take_from(self._known, locked(self._known))
        if len(self._known) > FOLLOWED * (SPARE if self._key_group.seen > 2 * FOLLOWED else 2):
            self._known = dict(heapq.nlargest(FOLLOWED, self._known.items(), key=most_left_first))
            self._dropped_in_pass = self._context.keyspace.passes
            self._set_floor()
        self._register_ids(key for key, _ in lasting if key in self._known)

    def _register_ids(self, keys: Iterable[bytes]) -> None:
        """Register ids, so that they are masked wherever the application repeats them."""
        self._context.known_ids.add(map(self._rows.identifier, keys))

    def _set_floor(self) -> None:
        """Exclude sessions that expire before all followed ones."""
        full = len(self._known) >= FOLLOWED and self._key_group.seen > 2 * FOLLOWED
        self._floor_at = min((known.expires_at or 0.0 for known in self._known.values()), default=0.0) if full else 0.0

    @property
    def _follows_all(self) -> bool:
        """Whether neither the running pass nor the last one found more sessions than are followed."""
        return self._context.keyspace.passes - self._dropped_in_pass > 1

    # -- followed sessions -------------------------------------------------------------------------------------------

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """The key group of the configured session keys."""
        return {KEY_GROUP: config.session_globs}

    @classmethod
    def named_keys(cls, config: Config) -> Mapping[str, str]:
        """The keys that change when a session ends."""
        return dict.fromkeys(config.companion_globs, "companion keys of sessions")

    async def read(self) -> Sample[SessionsFrame]:
        """Read the lifetimes of all followed sessions and some values; new sessions last: the scan adds some."""
        try:
            return await self._read()
        except MissingRightError as error:
            raise self._context.with_unread(await self._read_rights.all_of(error, self._known), self.topic) from None

    async def _read(self) -> Sample[SessionsFrame]:
        await self._context.require_scan()
        await self._search.drop_gone()
        tracking, began = self._context.tracking, time.time()
        with tracking.reading(KEY_GROUP) as take:
            await self._read_again(await take())
            await self._rights.ask(self._known)
            for _ in range(CATCH_UP):
                all_named = await self._catch_up(take) and tracking.covers(
                    KEY_GROUP, min(began, self._key_group.counted_since)
                )
                count = await self._count(began, all_named=all_named)
                is_listed = self._late or all(known.facts is not None for known in self._known.values())
                if count.certainty != "exact" or is_listed:  # late ones are read in later polls
                    await self._read_rights.ask_about_keys(self._known, self._no_lifetimes)
                    return self._sample(count)
            return self._sample(counted(*count.bounds, count.at))  # the scan found more each time: not listed yet

    async def _read_again(self, written: Sequence[bytes]) -> None:
        """Read the sessions that were written, those that may have been written unnoticed, and some others in turn."""
        self._register_ids(written[-WRITTEN_KNOWN:])
        await self._try_refused()
        await self.examine(written)
        covers, soon = self._context.tracking.covers, time.monotonic() + SOON_S
        in_turn, self._turn = round_robin(list(self._known), self._turn, IN_TURN)
        unsure = [
            key
            for key, known in self._known.items()
            if not covers(KEY_GROUP, known.lifetime_at) or (known.expires_at or math.inf) < soon
        ]
        await self._read_lifetimes(dict.fromkeys([*written, *unsure, *in_turn]))
        self._set_floor()
        self._late |= dict.fromkeys(written)
        await self._read_late()
        unsure = [key for key, known in self._known.items() if not covers(KEY_GROUP, known.value_at)]
        again, self._value_start = round_robin(unsure, self._value_start, VALUES_AT_ONCE)
        await self._read_within([*again, *(key for key in in_turn if key not in again)])

    async def _try_refused(self) -> None:
        """Read some of the refused sessions again, and all of them if the right was given meanwhile."""
        if not self._refused:
            return
        self._refused.keep(self._key_group.keys)
        tried = self._refused.some()
        await self._read_values(tried)
        await self._refused.try_lifetimes(tried)
        released = self._refused.release_if_allowed(tried)
        await self.examine([*tried, *released])

    async def _catch_up(self, take: Take) -> bool:
        """Read sessions that were written during the poll; returns whether none is left."""
        for _ in range(CATCH_UP):
            named = await take()
            self._register_ids(named[-WRITTEN_KNOWN:])
            await self.examine(named)
            written = [key for key in named if key in self._known]
            new = [key for key, known in self._known.items() if known.facts is None]
            if not named and not new and not self._late:
                return True  # only now: a session that was named may be gone since
            await self._read_lifetimes(written)
            self._late |= dict.fromkeys([*written, *new])
            if not await self._read_late():
                return False
        return False

    async def _read_late(self) -> bool:
        """Read the values that are still to be read; returns whether none is left."""
        keys = [key for key in self._late if key in self._known]
        self._late = dict.fromkeys(keys[await self._read_within(keys) :])
        return not self._late

    async def _read_within(self, keys: Sequence[bytes]) -> int:
        """Read values for at most a second, because other topics share the connection; returns how many were read."""
        deadline = time.monotonic() + VALUES_WITHIN_S
        for begin in range(0, len(keys), VALUES_IN_A_PART):
            if begin and time.monotonic() >= deadline:
                return begin
            await self._read_values(keys[begin : begin + VALUES_IN_A_PART])
        return len(keys)

    async def _read_values(self, keys: Sequence[bytes]) -> None:
        ask, asked_at = self._context.deployment.pipeline, time.time()
        page = await self._dialects.fetch(keys, ask)
        before = map(self._known.get, keys)
        new = [place for place, one in enumerate(before) if one is None or one.is_news(page.replies[place])]
        sessions = await self._dialects.decode(page, new, ask)
        refused_command(session.reply for session in sessions)
        for session in sessions:
            self._take_value(session)
        for key in ({*keys} - {session.key for session in sessions if session.error is not None}) & self._known.keys():
            self._known[key].value_at = asked_at

    def _take_value(self, session: ReadSession) -> None:
        known, reply = self._known.get(session.key), session.reply
        was_refused = known.is_key_refused if known is not None else session.key in self._refused
        if is_key_refused(session.reply) or (session.error is not None and session.refusals and was_refused):
            self._known.pop(session.key, None)
            self._refused.add(session.key, session.refusals)
            return
        self._refused.discard(session.key)
        if session.is_gone:
            self._forget(session.key)
        elif known is None:
            return
        elif session.error is not None:
            known.facts = known.facts or UNREAD
            known.refusals = session.refusals
        else:
            known.refusals = ()
            known.facts = session.facts or unreadable(session.reply)
            known.value = reply if isinstance(reply, bytes) and len(reply) <= REMEMBERED else None
            known.dialect = session.dialect_name

    async def _read_lifetimes(self, keys: Collection[bytes]) -> None:
        commands: list[Command] = [(b"PTTL", key) for key in keys]
        asked = Moment.now()
        replies = await self._context.deployment.pipeline(commands)
        now = time.monotonic()
        self._no_lifetimes = refused_command(replies) if keys else self._no_lifetimes
        for key, reply in zip(keys, replies, strict=True):
            known = self._known.get(key)
            if known is not None:
                known.is_key_refused = is_key_refused(reply)
            if reply == -2:
                self._forget(key)
            elif known is not None and isinstance(reply, int):
                known.lasts(reply, asked, now)

    def _forget(self, key: bytes) -> None:
        self._known.pop(key, None)
        self._dialects.forget(key)
        self._key_group.discard(key)

    async def _count(self, began: float, *, all_named: bool) -> Count:
        counts = self._context.keyspace.counts
        if not self._follows_all or self._no_lifetimes.text or self._refused or timeless(self._known.values()):
            return await self._count_sample()
        checked = max(began, self._context.tracking.emptied_at)
        if not all_named:
            await self._read_lifetimes([key for key, known in self._known.items() if known.lifetime_at < checked])
        known, dropped = len(self._known), self._dropped_in_pass
        info = await counts.info_after(time.monotonic())
        if self._context.tracking.emptied_at > checked:  # all were deleted meanwhile, and none was named
            return await self._count(began, all_named=False)
        if self._dropped_in_pass != dropped:  # the scan has found more meanwhile
            return await self._count_sample()
        all_named, now = all_named and len(self._known) == known, len(self._known)
        return counts.count_asked(KEY_GROUP, now, info, names=self._known.keys(), since=began, all_named=all_named)

    async def _count_sample(self) -> Count:
        """The count if only some are followed: at least those that were just found to exist."""
        count = await self._context.keyspace.counts.count_now(KEY_GROUP)
        existing = sum(known.expires_known for known in self._known.values())
        return count if count.certainty in ("exact", "unknown") else count.at_lowest(existing)

    def _sample(self, count: Count) -> Sample[SessionsFrame]:
        if self._context.known_ids.version != self._ids_version:  # ids of ours may have been dropped
            self._register_ids([*self._known, *self._refused])
            self._ids_version = self._context.known_ids.version
        refused = self._refused.count(count, *read_and_not(self._known.values()), is_all=self._follows_all)
        count = self._context.without_unread(count, self.topic, unread := self._context.unread_note(self.topic))
        listed = heapq.nlargest(ROWS, (one for one in self._known.items() if one[1].facts), key=most_left_first)
        rows = self._rows.make(listed, time.monotonic())
        rights, scope = self._rights.session, self._context.scope(self.topic, self._scope)
        has_any = self._known or self._refused or count.value
        is_all = self._context.keyspace.passes > 0 and self._follows_all and not self._refused
        frame = SessionsFrame(
            *(count, rows, self._search.result(), rights.undo, self._rights.no_delete, self._rights.delete_remedy),
            *self._rights.companions,
            refused=refused,
            other_type=sum(known.facts is OTHER_TYPE for known in self._known.values()),
            read=sum(known.is_session for known in self._known.values()),
            formats=self._formats.of(self._known, scope.patterns, is_all=is_all) if has_any else (),
        )
        return sample(frame, count, scope, [*self._notes(refused, [known for _, known in listed], rows), unread])

    def _notes(self, refused: Count, listed: Sequence[KnownSession], rows: Sequence[SessionRow]) -> list[Note]:
        """Notes about missing rights and about sessions that cannot be decoded."""
        context = self._context
        notes = [context.scan_note, self._refused.note(refused), context.left_out_note(self.topic, "--session")]
        notes += [context.dialects_note, *value_notes(listed)]
        notes.append(lifetime_note(self._no_lifetimes, timeless(self._known.values()), context.read_rules(self._scope)))
        notes += [self._refused.commands_note(notes), self._read_rights.no_keys]
        return [*notes, *format_notes(listed, rows, self._patterns)]

    # -- requests of the user ----------------------------------------------------------------------------------------

    def ask(self, request: Request) -> None:
        """Start or stop a search."""
        if isinstance(request, SearchSessions):
            self._search.begin(request.text)
        elif isinstance(request, StopSearch):
            self._search.stop()

    def progress(self) -> Progress | None:
        """The progress of the search."""
        return self._search.progress()

    async def run(self) -> None:
        """Run the searches that the user requests."""
        await self._search.run()
