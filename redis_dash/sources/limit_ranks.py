"""How clients are ranked by their usage: the blocked ones first, then those nearest to their limits."""

from __future__ import annotations

from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.dialects.base import OtherDialectError
from redis_dash.sources.limiters import Limiter

NEAR = 0.8
"""From this share of its limit on, a client is near it."""

Rank = tuple[bool, float, int]
LOWEST_RANK: Rank = (False, -1.0, -1)


def most(limiter: Limiter, reply: object) -> Rank:
    """The highest rank that a key can have, according to its probe's reply."""
    try:
        used = limiter.dialect.bound(reply)
    except OtherDialectError:
        return True, float("inf"), 0  # must be read to know
    limit = limiter.rule.limit if limiter.rule else None
    return limit is not None and used >= limit, used / limit if limit else 0.0, used


def rank(row: LimitRow) -> Rank:
    return row.blocked, row.used / row.limit if row.limit else 0.0, row.used


def is_near(row: LimitRow) -> bool:
    return row.limit is not None and row.used >= NEAR * row.limit


def fullest_first(row: LimitRow) -> tuple[bool, float, int, str]:
    blocked, share, used = rank(row)
    return not blocked, -share, -used, row.identity
