"""Limiters with one sorted set per client: one member per request, with its time as the score."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.frames.rate_limits import near_from
from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage


class SlidingWindow:
    """Scores are epoch times in one unit; scores of another magnitude belong to another dialect."""

    by_clock = True

    def __init__(self, name: str, per_second: int) -> None:
        self.name = name
        self._per_second = per_second

    def probe(self, key: bytes) -> Command:
        """Read the set's size, which is at least the number of requests inside the window."""
        return (b"ZCARD", key)

    def bound(self, reply: object) -> int:
        """The set's size.

        Raises:
            OtherDialectError: the key is no sorted set.
        """
        if not isinstance(reply, int):
            raise OtherDialectError
        return reply

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """ZCARD is the first and the last command, because only its reply shows whether the key exists."""
        newest = (b"ZREVRANGE", key, b"0", b"0", b"WITHSCORES")
        if rule is None:
            return [(b"ZCARD", key), newest, (b"ZCARD", key)]
        since = b"(" + repr((now - rule.window_s) * self._per_second).encode()
        only, newest_of_all = (b"WITHSCORES", b"LIMIT"), (b"ZREVRANGEBYSCORE", key, b"+inf", since)
        return [
            (b"ZCARD", key),
            newest,
            (b"ZCOUNT", key, since, b"+inf"),
            (b"ZRANGEBYSCORE", key, since, b"+inf", *only, b"0", b"1"),
            # The limit-th newest request: when it leaves the window, the next request is allowed.
            (*newest_of_all, *only, b"%d" % (rule.limit - 1), b"1"),
            # With that one usage falls below what is near.
            (*newest_of_all, *only, b"%d" % (near_from(rule.limit) - 1), b"1"),
            (b"ZCARD", key),
        ]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The number of requests inside the window; of all requests in the set, if the window is not known.

        Raises:
            OtherDialectError: the scores are no times in this unit.
        """
        size, newest, *window, still = replies
        if size == 0 or still == 0:
            return None
        if not isinstance(still, int) or not isinstance(newest, list):
            raise OtherDialectError
        if not newest:
            return None
        if not now / 3 < float(newest[1]) / self._per_second < now * 3:
            raise OtherDialectError("sorted set whose scores are no times")
        if rule is None:
            return Usage(still, None, is_held=True)
        used, oldest, pivot, last_near = window
        if not isinstance(used, int) or not isinstance(oldest, list):
            raise OtherDialectError
        if not oldest:
            return Usage(used, None)
        first = float(oldest[1]) / self._per_second
        if isinstance(pivot, list) and pivot:
            first = float(pivot[1]) / self._per_second
        if first > now * 3:  # came between two of the commands
            raise OtherDialectError("sorted set whose scores are no times")
        near_s = None
        if isinstance(last_near, list) and last_near:
            near_s = max(0.0, float(last_near[1]) / self._per_second + rule.window_s - now)
        return Usage(used, max(0.0, first + rule.window_s - now), near_s=near_s)
