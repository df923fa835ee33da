"""Who is near, at or over the limit? The fullest clients, followed closely; all of them counted."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence

from redis_dash.connection import check
from redis_dash.dialects import LIMIT_DIALECTS
from redis_dash.dialects.base import OtherDialectError, Usage
from redis_dash.family import HELD
from redis_dash.model import LimitRow, MissingRightError, RateLimitsFrame, SourceError
from redis_dash.ownreads import Command, ReplyError
from redis_dash.sources.base import Context, Sample, counted, text, turn
from redis_dash.sources.limiters import Limiter, Limiters

FAMILY = "limits"
FOLLOWED = 1000
"""Clients that are read again and again: the fullest, as far as the scan has seen."""
ALL_AT_ONCE = 250
"""So many clients are read in each poll, if there are no more."""
OTHERS_AT_ONCE = 60
"""Otherwise those near their limit are, and so many of the fullest; so many others in turn."""
ROWS = 500
NEAR = 0.8

Rank = tuple[bool, float, int]
NOBODY: Rank = (False, -1.0, -1)


class RateLimitsSource:
    """Usage as the limiter itself would count it now, by the server's clock."""

    topic = "rate_limits"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.families[FAMILY]
        self._limiters = Limiters(context.config.limits)
        self._rows: dict[bytes, LimitRow] = {}
        self._unknown: set[bytes] = set()
        """Keys in no known form, as the running pass has seen them."""
        self._unknown_before = 0
        self._pass = 0
        self._floor = NOBODY
        """Whoever ranks no higher is not followed."""
        self._dropped_in_pass = -2
        self._turn = 0
        self._refusal: MissingRightError | None = None
        context.keyspace.readers[FAMILY] = self.look

    # -- what the scan has in hand -----------------------------------------------------------------------------------

    async def look(self, keys: Sequence[bytes]) -> None:
        """Take up those that may be fuller than the ones that are followed: one command a key tells."""
        try:
            await self._take_up(keys)
            self._refusal = None
        except MissingRightError as error:
            self._refusal = error  # the scan goes on for the others

    async def _take_up(self, keys: Sequence[bytes]) -> None:
        if self._pass != self._context.keyspace.passes:
            self._pass = self._context.keyspace.passes
            self._unknown_before, self._unknown = len(self._unknown), set()
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
            await self._read_keys(full, await self._server_time())
        if len(full) < len(new) or len(self._rows) > 2 * FOLLOWED:
            self._dropped_in_pass = self._context.keyspace.passes
        if len(self._rows) > 2 * FOLLOWED:
            self._rows = dict(heapq.nlargest(FOLLOWED, self._rows.items(), key=lambda item: _rank(item[1])))
            self._limiters.keep(self._rows)
            self._set_floor()

    def _set_floor(self) -> None:
        ranks = heapq.nlargest(FOLLOWED, map(_rank, self._rows.values()))
        self._floor = ranks[-1] if len(ranks) == FOLLOWED else NOBODY

    # -- what is followed --------------------------------------------------------------------------------------------

    async def read(self) -> Sample[RateLimitsFrame]:
        """The clock, then in one pipeline those near their limit and a share of the others."""
        await self._context.require_scan()
        if self._refusal is not None:
            raise self._refusal
        await self._read_keys(self._chosen(), await self._server_time())
        self._set_floor()
        return self._sample()

    def _chosen(self) -> list[bytes]:
        if len(self._rows) <= ALL_AT_ONCE:
            return list(self._rows)
        keys = list(self._rows)
        near = [key for key, row in self._rows.items() if _is_near(row)]
        fullest = heapq.nlargest(OTHERS_AT_ONCE, keys, key=lambda key: _rank(self._rows[key]))
        others, self._turn = turn(keys, self._turn, OTHERS_AT_ONCE)
        return list(dict.fromkeys([*near, *fullest, *others]))

    async def _server_time(self) -> float:
        reply = await self._context.deployment.one(b"TIME")
        if not isinstance(reply, list) or len(reply) != 2:
            raise SourceError("TIME answered in an unknown form")
        return int(reply[0]) + int(reply[1]) / 1e6

    async def _read_keys(self, keys: Sequence[bytes], now: float) -> None:
        """Read usage; a key in another form is tried in each of the forms that are known."""
        for _ in LIMIT_DIALECTS:
            keys = await self._try_to_read(keys, now)
            if not keys:
                return
        for key in keys:
            self._rows.pop(key, None)
            self._limiters.forget(key)
        if len(self._unknown) < HELD:
            self._unknown.update(keys)

    async def _try_to_read(self, keys: Sequence[bytes], now: float) -> list[bytes]:
        """Returns those that are of another dialect than was thought."""
        plan: list[tuple[bytes, Limiter, int]] = []
        commands: list[Command] = []
        for key in keys:
            limiter = self._limiters.of(key)
            reads = limiter.dialect.reads(key, now, limiter.rule)
            plan.append((key, limiter, len(reads)))
            commands += reads
        replies = await self._context.deployment.pipeline(commands)
        others, begin = [], 0
        for key, limiter, length in plan:
            try:
                self._take(key, limiter, replies[begin : begin + length], now)
            except OtherDialectError:
                self._limiters.try_next(key)
                others.append(key)
            begin += length
        return others

    def _take(self, key: bytes, limiter: Limiter, replies: list[object], now: float) -> None:
        if any(isinstance(reply, ReplyError) and str(reply).startswith("WRONGTYPE") for reply in replies):
            raise OtherDialectError
        usage = limiter.dialect.decode([check(reply) for reply in replies], now, limiter.rule)
        if usage is None:
            self._rows.pop(key, None)
            self._limiters.forget(key)
            self._family.discard(key)
        else:
            self._limiters.settle(key)
            self._rows[key] = _row(key, limiter, usage)

    def _sample(self) -> Sample[RateLimitsFrame]:
        rows, size = self._rows.values(), self._family.estimate()
        unknown = max(len(self._unknown), self._unknown_before)
        follows_all = self._context.keyspace.passes - self._dropped_in_pass > 1
        if size.coverage >= 1 and follows_all:
            count = len(rows) + unknown
            size = size._replace(keys=count, low=count, high=count, counted_at=time.time(), may_repeat=False)
        near = sum(map(_is_near, rows))
        blocked = sum(row.blocked for row in rows)
        frame = RateLimitsFrame(
            count=size.keys,
            blocked=blocked,
            near=near - blocked,
            rows=tuple(heapq.nsmallest(ROWS, rows, key=_fullest_first)),
            low=size.low,
            high=size.high,
            at_least=self._floor[1] >= NEAR,
        )
        note = f"{unknown:,} keys in an unknown form" if unknown else ""
        return counted(frame, size, note)


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
    )


def _most(limiter: Limiter, reply: object) -> Rank:
    """The highest rank that a key can have, by its probe's reply."""
    try:
        used = limiter.dialect.bound(reply)
    except OtherDialectError:
        return True, float("inf"), 0  # to be looked at closely
    limit = limiter.rule.limit if limiter.rule else None
    return limit is not None and used >= limit, used / limit if limit else 0.0, used


def _rank(row: LimitRow) -> Rank:
    return row.blocked, row.used / row.limit if row.limit else 0.0, row.used


def _is_near(row: LimitRow) -> bool:
    return row.limit is not None and row.used >= NEAR * row.limit


def _fullest_first(row: LimitRow) -> tuple[bool, float, int, str]:
    blocked, share, used = _rank(row)
    return not blocked, -share, -used, row.identity
