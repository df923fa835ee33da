"""The rows of the rate limits topic: as they get older, and in their order."""

from __future__ import annotations

import heapq
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.core.certainty import Count, at_least, counted, exact, unknown
from redis_dash.core.credential import Credential
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.rate_limits import NEAR, LimitRow
from redis_dash.dialects.base import OtherDialectError
from redis_dash.sources.base import Context
from redis_dash.sources.limiters import Limiter, Limiters

Rank = tuple[bool, float, int]
ROWS = 500
LOWEST_RANK: Rank = (False, -1.0, -1)


class Span(NamedTuple):
    """When a value was read: at some moment between the two, ``time.monotonic()``."""

    asked: float
    answered: float


class Clock(NamedTuple):
    """The server's clock, by which usage is counted; with several nodes the first one's."""

    now: float
    at: Span
    """When it was read."""


async def clock_of(deployment: Deployment) -> Clock:
    """Read the server's clock.

    Raises:
        SourceError: the server could not be reached, or answers in an unknown form.
    """
    asked_at = time.monotonic()
    reply = await deployment.on_first(b"TIME")
    at = Span(asked_at, time.monotonic())
    if not isinstance(reply, list) or len(reply) != 2:
        raise SourceError("TIME answered in an unknown form")
    return Clock(int(reply[0]) + int(reply[1]) / 1e6, at)


def aged(row: LimitRow, now: float, read: Span) -> LimitRow:
    """A row with its age and the remaining time as of now, never younger and never falling earlier than it may."""
    age_s = now - read.asked
    if age_s < 0.05:
        return row
    reset_s = None if row.reset_s is None else max(0.0, row.reset_s - (now - read.answered))
    clear_s = None if row.clear_s is None else max(0.0, row.clear_s - (now - read.answered))
    return msgspec.structs.replace(row, age_s=age_s, reset_s=reset_s, clear_s=clear_s)


def has_fallen(row: LimitRow, read: Span) -> bool:
    """Whether the usage in a row may have fallen since it was read: a request has left the window, or it has ended."""
    return row.reset_s is not None and time.monotonic() >= read.asked + row.reset_s


def stays_near(row: LimitRow, read: Span) -> bool:
    """Whether a client is certainly near its limit although usage has fallen: enough requests are left."""
    return row.near_s is not None and time.monotonic() < read.asked + row.near_s


def fallen(row: LimitRow, *, stays_near: bool) -> LimitRow:
    """A row whose usage has fallen since it was read; how far is not known before it is read again."""
    return msgspec.structs.replace(row, blocked=False, has_ended=True, stays_near=stays_near)


def most(limiter: Limiter, reply: object) -> Rank:
    """The highest rank that a key can have, according to its probe's reply."""
    try:
        used = limiter.dialect.bound(reply)
    except OtherDialectError:
        return True, float("inf"), 0  # must be read to know
    limit = limiter.limit
    return limit is not None and used >= limit, used / limit if limit else 0.0, used


def may_be_above(floor: Rank, limiters: Sequence[Limiter], replies: Sequence[object]) -> list[bool]:
    """Which keys can rank higher than ``floor``, according to their probes' replies."""
    if limiters.count(limiters[0]) < len(limiters) or list in set(map(type, replies)):
        return [most(limiter, reply) > floor for limiter, reply in zip(limiters, replies, strict=True)]
    above = {reply for reply in set(replies) if most(limiters[0], reply) > floor}  # many keys have the same usage
    return [reply in above for reply in replies]


def rank(row: LimitRow) -> Rank:
    """Orders rows: blocked ones highest, then by the used share of the limit."""
    return row.blocked, row.used / row.limit if row.limit else 0.0, row.used


def is_near(row: LimitRow) -> bool:
    """Whether a client is near its limit, at it, or blocked."""
    return row.blocked or (_uses_most(row) and not row.may_be_over)


def may_be_near(row: LimitRow) -> bool:
    """Whether a client is near its limit unless its window is over, which its key does not say."""
    return row.may_be_over and _uses_most(row)


def _uses_most(row: LimitRow) -> bool:
    return row.limit is not None and row.used >= NEAR * row.limit


def fullest_first(row: LimitRow) -> tuple[bool, float, int, str]:
    """The sort key by which rows are shown."""
    blocked, share, used = rank(row)
    return not blocked, -share, -used, row.identity


def fullest(
    rows: Mapping[bytes, LimitRow], read_at: Mapping[bytes, Span], context: Context, limiters: Limiters
) -> list[tuple[bytes, LimitRow]]:
    """The rows that are shown, by key."""
    now = time.monotonic()
    first = heapq.nsmallest(ROWS, rows.items(), key=lambda item: fullest_first(item[1]))
    return [(key, shown(key, aged(row, now, read_at[key]), context, limiters)) for key, row in first]


def shown(key: bytes, row: LimitRow, context: Context, limiters: Limiters) -> LimitRow:
    """The row without session ids and tokens: the identity of a client may be its API key."""
    name, identity, limiter = map(context.shown_name, (row.key, row.identity, row.limiter))
    glob = row.pattern if row.limit_from == "user" else limiters.pattern_of(key, row.pattern)
    pattern = glob if context.shown_glob(glob) == glob else ""
    return msgspec.structs.replace(
        row, key=name, identity=identity, limiter=limiter, pattern=pattern, whole_key=Credential(key)
    )


def of_those(value: int, count: Count, *, all_read: bool, nothing_read: bool) -> Count:
    """The number of read keys in some state; a lower bound if not all keys were read."""
    if nothing_read:
        return unknown(count.high)
    if not all_read or count.certainty not in ("exact", "counted"):
        return at_least(value, coverage=count.coverage, at=count.at)
    if count.certainty == "exact":
        return exact(value, count.at)
    return counted(value, value, None if count.high is None else value + count.high - count.value, count.at)
