"""Who is near, at or over the limit? The limiters' keys from the scan, each read on every poll."""

from __future__ import annotations

from redis_dash.config import LimitPattern
from redis_dash.connection import check
from redis_dash.dialects import LIMIT_DIALECTS
from redis_dash.dialects.base import LimitDialect, OtherDialectError, Rule, Usage
from redis_dash.model import LimitRow, RateLimitsFrame, SourceError
from redis_dash.ownreads import Command, ReplyError
from redis_dash.patterns import Pattern
from redis_dash.sources.base import Context, Sample, text

FAMILY = "limits"
KEYS_AT_ONCE = 1000
"""Clients read in one poll; with more the fullest of them are read every time, the others in turn."""
ROWS = 500
NEAR = 0.8


class RateLimitsSource:
    """Usage as the limiter itself would count it now, by the server's clock."""

    topic = "rate_limits"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.families[FAMILY]
        self._patterns = [(Pattern(limit.keys), limit) for limit in context.config.limits]
        self._dialects: dict[bytes, int] = {}
        self._rows: dict[bytes, LimitRow] = {}
        self._turn = 0

    async def read(self) -> Sample[RateLimitsFrame]:
        """The clock, then every client's commands in one pipeline."""
        await self._context.require_scan()
        keys = self._family.keys
        for gone in self._rows.keys() - set(keys):
            del self._rows[gone]
        await self._read_keys(self._chosen(keys), await self._server_time())
        return self._sample(len(keys))

    def _chosen(self, keys: list[bytes]) -> list[bytes]:
        if len(keys) <= KEYS_AT_ONCE:
            return keys
        fullest = sorted(self._rows, key=lambda key: self._rows[key].used, reverse=True)[: KEYS_AT_ONCE // 2]
        first = self._turn % len(keys)
        self._turn = first + KEYS_AT_ONCE // 2
        return list(dict.fromkeys([*fullest, *keys[first : self._turn]]))

    async def _server_time(self) -> float:
        reply = await self._context.deployment.one(b"TIME")
        if not isinstance(reply, list) or len(reply) != 2:
            raise SourceError("TIME answered in an unknown form")
        return int(reply[0]) + int(reply[1]) / 1e6

    async def _read_keys(self, keys: list[bytes], now: float) -> None:
        plan: list[tuple[bytes, LimitPattern, LimitDialect, int]] = []
        commands: list[Command] = []
        for key in keys:
            _, limit = self._identify(key)
            dialect = LIMIT_DIALECTS[self._dialects.get(key, 0)]
            reads = dialect.reads(key, now, limit.rule)
            plan.append((key, limit, dialect, len(reads)))
            commands += reads
        replies = await self._context.deployment.pipeline(commands)
        begin = 0
        for key, limit, dialect, length in plan:
            self._take(key, limit.rule, dialect, replies[begin : begin + length], now)
            begin += length

    def _take(self, key: bytes, rule: Rule | None, dialect: LimitDialect, replies: list[object], now: float) -> None:
        try:
            if any(isinstance(reply, ReplyError) and str(reply).startswith("WRONGTYPE") for reply in replies):
                raise OtherDialectError
            usage = dialect.decode([check(reply) for reply in replies], now, rule)
        except OtherDialectError:
            self._dialects[key] = (self._dialects.get(key, 0) + 1) % len(LIMIT_DIALECTS)
            return
        if usage is None:
            self._rows.pop(key, None)
            self._dialects.pop(key, None)
            self._family.discard(key)
        else:
            self._rows[key] = self._row(key, rule, dialect.name, usage)

    def _row(self, key: bytes, rule: Rule | None, dialect: str, usage: Usage) -> LimitRow:
        return LimitRow(
            key=text(key),
            identity=text(self._identify(key)[0]),
            used=usage.used,
            limit=rule.limit if rule else None,
            window_s=rule.window_s if rule else None,
            reset_s=usage.reset_s,
            blocked=rule is not None and usage.used >= rule.limit,
            dialect=dialect,
        )

    def _identify(self, key: bytes) -> tuple[bytes, LimitPattern]:
        for pattern, limit in self._patterns:
            identity = pattern.variable(key)
            if identity is not None:
                return identity, limit
        return key, LimitPattern("*")

    def _sample(self, held: int) -> Sample[RateLimitsFrame]:
        rows = sorted(self._rows.values(), key=_fullest_first)
        size = self._family.estimate()
        frame = RateLimitsFrame(
            count=size.keys,
            blocked=sum(row.blocked for row in rows),
            near=sum(not row.blocked and row.limit is not None and row.used >= NEAR * row.limit for row in rows),
            rows=tuple(rows[:ROWS]),
        )
        if held > len(rows):
            unread = held - len(rows)
            return Sample(frame, size.coverage, "reduced", f"{unread:,} keys not read yet or in an unknown form")
        return Sample(frame, size.coverage)


def _fullest_first(row: LimitRow) -> tuple[bool, float, int, str]:
    return (not row.blocked, -(row.used / row.limit if row.limit else 0.0), -row.used, row.identity)
