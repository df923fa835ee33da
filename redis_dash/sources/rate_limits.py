"""The rate limits topic: the clients nearest to their limits are read in each poll, all clients are counted."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Sequence
from itertools import compress

from redis_dash.client.reasons import check
from redis_dash.config import Config
from redis_dash.core.certainty import Count
from redis_dash.core.errors import MissingRightError
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.core.resp import Command, ReplyError
from redis_dash.dialects.base import OtherDialectError
from redis_dash.dialects.registry import LIMIT_DIALECTS
from redis_dash.keyspace.client_tracking import Take
from redis_dash.keyspace.key_group import HELD
from redis_dash.sources.base import Context, Sample, Source, not_among, round_robin, sample
from redis_dash.sources.limit_rows import (
    LOWEST_RANK,
    Clock,
    Span,
    clock_of,
    fallen,
    fullest,
    has_fallen,
    is_near,
    may_be_above,
    may_be_near,
    of_those,
    rank,
    stays_near,
)
from redis_dash.sources.limiters import Limiter, Limiters, limit_row, misfit_note, type_name, unrecognised_note
from redis_dash.sources.missing_commands import MissingCommands
from redis_dash.sources.refusals import RefusedKeys, is_about_the_key, is_key_refused, refusals_among, refused_command

KEY_GROUP = "limits"
FOLLOWED = 1000
"""Clients that are followed: those with the highest usage; all of them if they are at most twice as many."""
OTHERS_AT_ONCE = 250
"""If there are more, each poll reads this many with the highest usage, as many others, and all near their limits."""
CATCH_UP = 3
"""Rounds in which a poll reads keys that were written during the poll."""
UNKNOWN_AT_ONCE = 50
"""Keys in no known dialect that are read again in one poll: they may have been replaced."""


class RateLimitsSource(Source[RateLimitsFrame]):
    """Reads usage as the limiter itself counts it, by the server's clock."""

    topic = "rate_limits"
    tracked = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._key_group = context.keyspace.counts.key_groups[KEY_GROUP]
        self._scope = tuple(limit.keys for limit in context.config.limits)
        self._limiters = Limiters(context.config.limits, context.choices)
        self._judged_by = context.choices.version
        """The version of the user's choices by which the rows are judged."""
        self._rows: dict[bytes, LimitRow] = {}
        self._read_at: dict[bytes, Span] = {}  # when each row was read
        self._unknown: dict[bytes, str] = {}
        """Existing keys in no known dialect, and what they are."""
        self._refused = RefusedKeys(context, self._scope)
        """Keys that our user may not read."""
        self._floor = LOWEST_RANK
        """A key that ranks no higher is not followed."""
        self._dropped_in_pass = -2
        self._start = self._near_start = self._unknown_start = 0
        self._began = 0.0
        """When the running poll began, ``time.monotonic()``."""
        self._refusal: MissingRightError | None = None
        clock = [(b"TIME",)]
        self._missing = MissingCommands(context, self._scope, lambda: self._limiters.ways(self._key_group.keys), clock)
        self._reading, self._judging = asyncio.Lock(), asyncio.Lock()
        context.keyspace.readers[KEY_GROUP] = self.examine

    # -- keys from the scan ------------------------------------------------------------------------------------------

    async def examine(self, keys: Sequence[bytes]) -> None:
        """Follow the keys that may rank higher than the followed ones; one command per key is enough to know."""
        try:
            await self._examine(keys)
            self._refusal = None
        except MissingRightError as error:
            self._refusal = error  # the scan continues for other sources

    async def _examine(self, keys: Sequence[bytes]) -> None:
        await self._judge_anew()
        new = keys
        for known in (self._rows, self._unknown, self._refused):
            new = not_among(known.keys(), new)
        if not new:
            return
        limiters = self._limiters.of_new(new)
        probes = [limiter.dialect.probe(key) for key, limiter in zip(new, limiters, strict=True)]
        replies = await self._context.deployment.pipeline(probes)
        full = list(compress(new, may_be_above(self._floor, limiters, replies)))
        if full:
            await self._read_keys(full, await self._clock())
        if len(full) < len(new) or len(self._rows) > 2 * FOLLOWED:
            self._dropped_in_pass = self._context.keyspace.passes
        if len(self._rows) > 2 * FOLLOWED:
            self._rows = dict(heapq.nlargest(FOLLOWED, self._rows.items(), key=lambda item: rank(item[1])))
            self._read_at = {key: at for key, at in self._read_at.items() if key in self._rows}
            self._limiters.keep(self._rows)
            self._set_floor()

    def _set_floor(self) -> None:
        ranks = heapq.nlargest(FOLLOWED, map(rank, self._rows.values()))
        self._floor = ranks[-1] if len(ranks) == FOLLOWED and self._key_group.seen > 2 * FOLLOWED else LOWEST_RANK

    # -- followed keys -----------------------------------------------------------------------------------------------

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """The key group of the configured limits."""
        return {KEY_GROUP: tuple(limit.keys for limit in config.limits)}

    async def read(self) -> Sample[RateLimitsFrame]:
        """Read all known clients; if they are many, those near their limits, those just written, and some others."""
        try:
            return await self._read()
        except MissingRightError as error:
            raise self._context.with_unread(await self._missing.all_of(error), self.topic) from None

    async def _read(self) -> Sample[RateLimitsFrame]:
        await self._context.require_scan()
        if self._refusal is not None:
            raise self._refusal
        await self._read_unknown()
        await self._try_refused()
        tracking = self._context.tracking
        self._began, began = time.monotonic(), time.time()
        checked = began
        with tracking.reading(KEY_GROUP) as take:
            written = await take()
            await self.examine(written)
            all_read = self._follows_all
            chosen = list(self._rows) if all_read else [*self._chosen(), *filter(self._rows.__contains__, written)]
            await self._read_keys(list(dict.fromkeys(chosen)), await self._clock())
            self._set_floor()
            for _ in range(CATCH_UP):
                all_named = await self._catch_up(take) and tracking.covers(
                    KEY_GROUP, min(began, self._key_group.counted_since)
                )
                count = await self._count(began, all_read=all_read, all_named=all_named)
                ended = [key for key, row in self._rows.items() if is_near(row) and has_fallen(row, self._read_at[key])]
                if is_emptied := tracking.emptied_at > checked:  # nothing was named
                    checked, ended = time.time(), list(self._rows)
                    await self._read_unknown()
                if not ended and not is_emptied:
                    break
                await self._read_keys(ended, await self._clock())  # their windows ended while others were read
            if (refusal := self._refused.commands_error) and not (self._rows or self._unknown):
                raise refusal
            return self._sample(count, all_read=all_read)

    async def _judge_anew(self) -> None:
        """Read all followed keys, if the user has set or removed a limit since: ranks by two limits do not compare."""
        async with self._judging:
            if self._judged_by != (version := self._context.choices.version):
                self._floor = LOWEST_RANK
                await self._read_keys(list(self._rows), await self._clock())
                self._judged_by = version

    async def _catch_up(self, take: Take) -> bool:
        """Read keys that were written during the poll; returns whether none is left."""
        for _ in range(CATCH_UP):
            written = await take()
            if not written:
                return True
            await self.examine(written)
            await self._read_keys(list(filter(self._rows.__contains__, written)), await self._clock())
        return False

    async def _read_unknown(self) -> None:
        """Drop unknown keys that are gone, and read some of the others again."""
        asked = list(self._unknown)[: 2 * FOLLOWED]
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key in asked])
        refused_command(replies)
        for key, reply in zip(asked, replies, strict=True):
            if reply == -2:
                self._unknown.pop(key, None)
                self._key_group.discard(key)
        again, self._unknown_start = round_robin(list(self._unknown), self._unknown_start, UNKNOWN_AT_ONCE)
        await self._read_keys(again, await self._clock())

    async def _try_refused(self) -> None:
        """Read some of the refused keys again, and all of them if the right was given meanwhile."""
        if not self._refused:
            return
        self._refused.keep(self._key_group.keys)
        tried = self._refused.some()
        await self._read_keys(tried, await self._clock())
        await self.examine(self._refused.release_if_allowed(tried))

    @property
    def _follows_all(self) -> bool:
        """Whether neither the running pass nor the last one found more keys than are followed."""
        passes = self._context.keyspace.passes
        return passes - self._dropped_in_pass > 1 and len(self._unknown) <= 2 * FOLLOWED

    def _chosen(self) -> list[bytes]:
        """The keys to read in this poll, if not all can be read."""
        keys = list(self._rows)
        near, self._near_start = round_robin(
            [key for key in keys if is_near(self._rows[key])], self._near_start, FOLLOWED
        )
        fullest = heapq.nlargest(OTHERS_AT_ONCE, keys, key=lambda key: rank(self._rows[key]))
        others, self._start = round_robin(keys, self._start, OTHERS_AT_ONCE)
        return list(dict.fromkeys([*near, *fullest, *others]))

    async def _clock(self) -> Clock:
        return await clock_of(self._context.deployment)

    async def _read_keys(self, keys: Sequence[bytes], clock: Clock) -> None:
        """Read usage; a key that does not fit its dialect is tried in each of the others."""
        found: dict[bytes, str] = {}
        async with self._reading:  # the scan and a poll may try dialects on the same key
            refused: dict[bytes, list[ReplyError]] = {}
            for _ in LIMIT_DIALECTS:
                keys = await self._try_to_read(keys, clock, found, refused)
                if not keys:
                    return
        for key in keys:
            self._drop(key)
            if key in refused and not found[key]:
                self._refused.add(key, refused[key], locked=any(map(is_key_refused, refused[key])))
        keys = [key for key in keys if key not in self._refused]
        untold = [key for key in keys if not found[key]]
        types = await self._context.deployment.pipeline([(b"TYPE", key) for key in untold])
        refused_command(types)
        found.update(zip(untold, map(type_name, types), strict=True))
        if len(self._unknown) < HELD:  # a key that is gone by now is dropped in the next poll
            self._unknown.update({key: found[key] for key in keys})

    def _drop(self, key: bytes) -> None:
        self._rows.pop(key, None)
        self._read_at.pop(key, None)
        self._unknown.pop(key, None)
        self._refused.discard(key)
        self._limiters.forget(key)

    async def _try_to_read(
        self, keys: Sequence[bytes], clock: Clock, found: dict[bytes, str], refused: dict[bytes, list[ReplyError]]
    ) -> list[bytes]:
        """Read keys once; returns those whose dialect did not fit, or whose reading is refused.

        Args:
            found: what these are is noted here.
            refused: refusals of commands and keys are added here.
        """
        plan: list[tuple[bytes, Limiter, int]] = []
        commands: list[Command] = []
        for key in keys:
            limiter = self._limiters.of(key)
            reads = limiter.dialect.reads(key, clock.now, limiter.rule)
            plan.append((key, limiter, len(reads)))
            commands += reads
        asked_at = time.monotonic()
        replies = await self._context.deployment.pipeline(commands)
        read = Span(asked_at, time.monotonic())
        others, begin = [], 0
        for key, limiter, length in plan:
            at = clock.at if limiter.dialect.by_clock else read
            own = replies[begin : begin + length]
            if refusals := refusals_among(own):
                refused.setdefault(key, []).extend(refusals)
            try:
                self._take(key, limiter, own, clock, at)
            except OtherDialectError as error:
                found[key] = str(error) or found.get(key, "")
                self._limiters.try_next(key)
                others.append(key)
            begin += length
        return others

    def _take(self, key: bytes, limiter: Limiter, replies: list[object], clock: Clock, at: Span) -> None:
        if any(map(is_about_the_key, replies)) or refusals_among(replies):
            raise OtherDialectError
        usage = limiter.dialect.decode(key, [check(reply) for reply in replies], clock.now, limiter.rule)
        if usage is None:
            self._drop(key)
            self._key_group.discard(key)
        else:
            self._limiters.confirm(key)
            self._unknown.pop(key, None)
            self._refused.discard(key)
            self._rows[key], self._read_at[key] = limit_row(key, limiter, usage), at

    async def _count(self, began: float, *, all_read: bool, all_named: bool) -> Count:
        counts = self._context.keyspace.counts
        if not (all_read and self._follows_all) or self._refused:
            read = sum(at.asked >= self._began for at in self._read_at.values())
            return (await counts.count_now(KEY_GROUP)).at_lowest(read)
        known, dropped = len(self._rows) + len(self._unknown), self._dropped_in_pass
        info = await counts.info_after(time.monotonic())
        if self._dropped_in_pass != dropped:  # the scan has found more meanwhile
            return await counts.count_now(KEY_GROUP)
        names = self._rows | self._unknown
        all_named = all_named and len(names) == known
        return counts.count_asked(KEY_GROUP, len(names), info, names=names, since=began, all_named=all_named)

    def _sample(self, count: Count, *, all_read: bool) -> Sample[RateLimitsFrame]:
        listed = fullest(self._rows, self._read_at, self._context, self._limiters)
        full = {key: row for key, row in self._rows.items() if is_near(row)}
        # As late as possible, and once for the figures and the rows: which windows have ended.
        at = self._read_at
        ended = {key: stays_near(row, at[key]) for key, row in full.items() if has_fallen(row, at[key])}
        rows = tuple(fallen(row, stays_near=ended[key]) if key in ended else row for key, row in listed)
        unrecognised = tuple(Counter(self._unknown.values()).most_common())
        unread = self._context.unread_note(self.topic)
        refused = self._refused.count(count, len(self._rows) + len(self._unknown), is_all=self._follows_all)
        is_whole = not (self._refused or self._context.is_partial(self.topic, unread))
        count = self._context.without_unread(count, self.topic, unread)
        nothing_read = not rows and bool(count.value or unread.text)
        current = [key for key in full if ended.get(key, True) and at[key].asked >= self._began]
        all_read = all_read and self._follows_all and is_whole and len(current) == len(full)
        all_read = all_read and not any(map(may_be_near, self._rows.values()))
        blocked = sum(full[key].blocked for key in current if key not in ended)
        frame = RateLimitsFrame(
            count=count,
            blocked=of_those(blocked, count, all_read=all_read, nothing_read=nothing_read),
            near=of_those(len(current) - blocked, count, all_read=all_read, nothing_read=nothing_read),
            rows=rows,
            unlimited=not any(row.limit for row in self._rows.values()) and (bool(rows) or not self._limiters.has_rule),
            unrecognised=unrecognised,
            has_seen_all=self._context.keyspace.passes > 0,
            limiters=len({row.limiter for row in self._rows.values()}),
            unjudged=sum(not row.knows_blocked for row in self._rows.values()),
        )
        odd = unrecognised_note(unrecognised), misfit_note(self._rows.values()), self._context.dialects_note
        left_out = self._context.left_out_note(self.topic, "--limit")
        notes = [self._context.scan_note, self._refused.note(refused), unread, left_out, *odd]
        notes.append(self._refused.commands_note(notes))
        return sample(frame, count, self._context.scope(self.topic, self._scope), notes)
