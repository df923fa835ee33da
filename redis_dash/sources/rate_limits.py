"""The rate limits topic: the clients nearest to their limits are read in each poll, all clients are counted."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from redis_dash.client.deployment import check
from redis_dash.config import Config
from redis_dash.core.certainty import Count, at_least, counted, exact
from redis_dash.core.credential import Credential
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.core.resp import Command, ReplyError
from redis_dash.dialects.base import OtherDialectError, Usage
from redis_dash.dialects.registry import LIMIT_DIALECTS
from redis_dash.keyspace.client_tracking import Take
from redis_dash.keyspace.key_group import HELD
from redis_dash.redaction.secret_fields import hide_tokens
from redis_dash.sources.base import Context, Sample, Source, round_robin, sample, text
from redis_dash.sources.limiters import Limiter, Limiters
from redis_dash.sources.refusals import missing_right

KEY_GROUP = "limits"
FOLLOWED = 1000
"""Clients that are followed: those with the highest usage; all of them if they are at most twice as many."""
OTHERS_AT_ONCE = 250
"""If there are more, each poll reads this many with the highest usage, as many others, and all near their limits."""
CATCH_UP = 3
"""Rounds in which a poll reads keys that were written during the poll."""
UNKNOWN_AT_ONCE = 50
"""Keys in no known dialect that are read again in one poll: they may have been replaced."""
ROWS = 500
NEAR = 0.8

Rank = tuple[bool, float, int]
LOWEST_RANK: Rank = (False, -1.0, -1)


class Span(NamedTuple):
    """When a value was read: at some moment between the two, ``time.monotonic()``."""

    asked: float
    answered: float


class Clock(NamedTuple):
    """The server's clock, by which usage is counted."""

    now: float
    at: Span
    """When it was read."""


class RateLimitsSource(Source[RateLimitsFrame]):
    """Reads usage as the limiter itself counts it, by the server's clock."""

    topic = "rate_limits"
    tracked = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._key_group = context.keyspace.counts.key_groups[KEY_GROUP]
        self._scope = tuple(limit.keys for limit in context.config.limits)
        self._limiters = Limiters(context.config.limits)
        self._rows: dict[bytes, LimitRow] = {}
        self._read_at: dict[bytes, Span] = {}
        """When each row was read."""
        self._unknown: dict[bytes, None] = {}
        """Existing keys in no known dialect."""
        self._unknown_start = 0
        self._floor = LOWEST_RANK
        """A key that ranks no higher is not followed."""
        self._dropped_in_pass = -2
        self._start = self._near_start = 0
        self._began = 0.0
        """When the running poll began, ``time.monotonic()``."""
        self._refusal: MissingRightError | None = None
        self._reading = asyncio.Lock()
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
        new = [key for key in keys if key not in self._rows and key not in self._unknown]
        if not new:
            return
        limiters = [self._limiters.of(key) for key in new]
        probes = [limiter.dialect.probe(key) for key, limiter in zip(new, limiters, strict=True)]
        replies = await self._context.deployment.pipeline(probes)
        full = [
            key
            for key, limiter, reply in zip(new, limiters, replies, strict=True)
            if _most(limiter, reply) > self._floor
        ]
        if full:
            await self._read_keys(full, await self._clock())
        if len(full) < len(new) or len(self._rows) > 2 * FOLLOWED:
            self._dropped_in_pass = self._context.keyspace.passes
        if len(self._rows) > 2 * FOLLOWED:
            self._rows = dict(heapq.nlargest(FOLLOWED, self._rows.items(), key=lambda item: _rank(item[1])))
            self._read_at = {key: at for key, at in self._read_at.items() if key in self._rows}
            self._limiters.keep(self._rows)
            self._set_floor()

    def _set_floor(self) -> None:
        ranks = heapq.nlargest(FOLLOWED, map(_rank, self._rows.values()))
        self._floor = ranks[-1] if len(ranks) == FOLLOWED and self._key_group.seen > 2 * FOLLOWED else LOWEST_RANK

    # -- followed keys -----------------------------------------------------------------------------------------------

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """The key group of the configured limits."""
        return {KEY_GROUP: tuple(limit.keys for limit in config.limits)}

    async def read(self) -> Sample[RateLimitsFrame]:
        """Read all known clients; if they are many, those near their limits, those just written, and some others."""
        await self._context.require_scan()
        if self._refusal is not None:
            raise self._refusal
        await self._read_unknown()
        tracking = self._context.tracking
        self._began, began = time.monotonic(), time.time()
        with tracking.reading(KEY_GROUP) as take:
            written = await take()
            await self.examine(written)
            all_read = self._follows_all
            chosen = list(self._rows) if all_read else [*self._chosen(), *self._followed(written)]
            await self._read_keys(list(dict.fromkeys(chosen)), await self._clock())
            self._set_floor()
            all_named = await self._catch_up(take) and tracking.covers(
                KEY_GROUP, min(began, self._key_group.counted_since)
            )
            return self._sample(await self._count(began, all_read=all_read, all_named=all_named), all_read=all_read)

    async def _catch_up(self, take: Take) -> bool:
        """Read keys that were written during the poll; returns whether none is left."""
        for _ in range(CATCH_UP):
            written = await take()
            if not written:
                return True
            await self.examine(written)
            await self._read_keys(self._followed(written), await self._clock())
        return False

    def _followed(self, keys: Sequence[bytes]) -> list[bytes]:
        return [key for key in keys if key in self._rows]

    async def _read_unknown(self) -> None:
        """Drop unknown keys that are gone, and read some of the others again."""
        asked = list(self._unknown)[: 2 * FOLLOWED]
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key in asked])
        missing_right(b"PTTL", replies)
        for key, reply in zip(asked, replies, strict=True):
            if reply == -2:
                self._unknown.pop(key, None)
                self._key_group.discard(key)
        again, self._unknown_start = round_robin(list(self._unknown), self._unknown_start, UNKNOWN_AT_ONCE)
        await self._read_keys(again, await self._clock())

    @property
    def _follows_all(self) -> bool:
        """Whether neither the running pass nor the last one found more keys than are followed."""
        passes = self._context.keyspace.passes
        return passes - self._dropped_in_pass > 1 and len(self._unknown) <= 2 * FOLLOWED

    def _chosen(self) -> list[bytes]:
        """The keys to read in this poll, if not all can be read."""
        keys = list(self._rows)
        near, self._near_start = round_robin(
            [key for key in keys if _is_near(self._rows[key])], self._near_start, FOLLOWED
        )
        fullest = heapq.nlargest(OTHERS_AT_ONCE, keys, key=lambda key: _rank(self._rows[key]))
        others, self._start = round_robin(keys, self._start, OTHERS_AT_ONCE)
        return list(dict.fromkeys([*near, *fullest, *others]))

    async def _clock(self) -> Clock:
        asked_at = time.monotonic()
        reply = await self._context.deployment.one(b"TIME")
        at = Span(asked_at, time.monotonic())
        if not isinstance(reply, list) or len(reply) != 2:
            raise SourceError("TIME answered in an unknown form")
        return Clock(int(reply[0]) + int(reply[1]) / 1e6, at)

    async def _read_keys(self, keys: Sequence[bytes], clock: Clock) -> None:
        """Read usage; a key that does not fit its dialect is tried in each of the others."""
        async with self._reading:  # the scan and a poll may try dialects on the same key
            for _ in LIMIT_DIALECTS:
                keys = await self._try_to_read(keys, clock)
                if not keys:
                    return
        for key in keys:
            self._drop(key)
        if len(self._unknown) < HELD:
            self._unknown.update(dict.fromkeys(keys))

    def _drop(self, key: bytes) -> None:
        self._rows.pop(key, None)
        self._read_at.pop(key, None)
        self._unknown.pop(key, None)
        self._limiters.forget(key)

    async def _try_to_read(self, keys: Sequence[bytes], clock: Clock) -> list[bytes]:
        """Read keys once; returns those whose dialect did not fit."""
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
            try:
                self._take(key, limiter, replies[begin : begin + length], clock, at)
            except OtherDialectError:
                self._limiters.try_next(key)
                others.append(key)
            begin += length
        return others

    def _take(self, key: bytes, limiter: Limiter, replies: list[object], clock: Clock, at: Span) -> None:
        if any(map(_is_about_the_key, replies)):
            raise OtherDialectError
        usage = limiter.dialect.decode([check(reply) for reply in replies], clock.now, limiter.rule)
        if usage is None:
            self._drop(key)
            self._key_group.discard(key)
        else:
            self._limiters.confirm(key)
            self._unknown.pop(key, None)
            self._rows[key], self._read_at[key] = _row(key, limiter, usage), at

    async def _count(self, began: float, *, all_read: bool, all_named: bool) -> Count:
        counts = self._context.keyspace.counts
        if not (all_read and self._follows_all):
            read = sum(at.asked >= self._began for at in self._read_at.values())
            return (await counts.count_now(KEY_GROUP)).at_lowest(read)
        known, dropped = len(self._rows) + len(self._unknown), self._dropped_in_pass
        info = await counts.info_after(time.monotonic())
        if self._dropped_in_pass != dropped:  # the scan has found more meanwhile
            return await counts.count_now(KEY_GROUP)
        now = len(self._rows) + len(self._unknown)
        return counts.count_asked(KEY_GROUP, now, info, since=began, all_named=all_named and now == known)

    def _sample(self, count: Count, *, all_read: bool) -> Sample[RateLimitsFrame]:
        rows, unknown = self._rows.values(), len(self._unknown)
        all_read = all_read and self._follows_all
        blocked = sum(row.blocked for row in rows)
        near = sum(map(_is_near, rows)) - blocked
        fullest = heapq.nsmallest(ROWS, self._rows.items(), key=lambda item: _fullest_first(item[1]))
        now = time.monotonic()
        frame = RateLimitsFrame(
            count=count,
            blocked=_of_those(blocked, count, all_read=all_read),
            near=_of_those(near, count, all_read=all_read),
            rows=tuple(self._shown(key, _aged(row, now, self._read_at[key])) for key, row in fullest),
            unlimited=not any(row.limit for row in rows),
        )
        note = f"{unknown:,} keys are not read: in no form that is known here, or not allowed to us" if unknown else ""
        return sample(frame, count, self._context.scope(self._scope), [self._context.scan_note, note])

    def _shown(self, key: bytes, row: LimitRow) -> LimitRow:
        """The row without session ids and tokens: the identity of a client may be its API key."""
        shown, identity = (hide_tokens(self._context.known_ids.mask(part)) for part in (row.key, row.identity))
        if (shown, identity) == (row.key, row.identity):
            return row
        return msgspec.structs.replace(row, key=shown, identity=identity, masked=Credential(key))


def _of_those(value: int, count: Count, *, all_read: bool) -> Count:
    """The number of read keys in some state; a lower bound if not all keys were read."""
    if not all_read or count.certainty not in ("exact", "counted"):
        return at_least(value, coverage=count.coverage, at=count.at)
    if count.certainty == "exact":
        return exact(value, count.at)
    return counted(value, value, None if count.high is None else value + count.high - count.value, count.at)


def _aged(row: LimitRow, now: float, read: Span) -> LimitRow:
    """A row with its age and the remaining time as of now, never younger and never falling earlier than it may."""
    age_s = now - read.asked
    if age_s < 0.05:
        return row
    reset_s = None if row.reset_s is None else max(0.0, row.reset_s - (now - read.answered))
    return msgspec.structs.replace(row, age_s=age_s, reset_s=reset_s)


def _row(key: bytes, limiter: Limiter, usage: Usage) -> LimitRow:
    rule = limiter.rule
    return LimitRow(
        key=text(key),
        identity=text(limiter.identity),
        used=usage.used,
        limit=rule.limit if rule else None,
        window_s=rule.window_s if rule else None,
        reset_s=usage.reset_s,
        blocked=rule is not None and usage.used >= rule.limit,
        dialect=limiter.dialect.name,
        is_held=usage.is_held,
    )


def _is_about_the_key(reply: object) -> bool:
    """Whether the key is of another type, or our user may not read this key in particular."""
    if not isinstance(reply, ReplyError):
        return False
    text = str(reply)
    return text.startswith("WRONGTYPE") or (text.startswith("NOPERM") and "access" in text)


def _most(limiter: Limiter, reply: object) -> Rank:
    """The highest rank that a key can have, according to its probe's reply."""
    try:
        used = limiter.dialect.bound(reply)
    except OtherDialectError:
        return True, float("inf"), 0  # must be read to know
    limit = limiter.rule.limit if limiter.rule else None
    return limit is not None and used >= limit, used / limit if limit else 0.0, used


def _rank(row: LimitRow) -> Rank:
    return row.blocked, row.used / row.limit if row.limit else 0.0, row.used


def _is_near(row: LimitRow) -> bool:
    return row.limit is not None and row.used >= NEAR * row.limit


def _fullest_first(row: LimitRow) -> tuple[bool, float, int, str]:
    blocked, share, used = _rank(row)
    return not blocked, -share, -used, row.identity
