"""Limiters that keep one sorted set a client: a member a request, its time as the score."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.dialects.base import Command, OtherDialectError, Usage


class SlidingWindow:
    """Scores are epoch times in one unit; a set whose scores are of another magnitude is another dialect's."""

    def __init__(self, name: str, per_second: int) -> None:
        self.name = name
        self._per_second = per_second

    def reads(self, key: bytes, now: float, window_s: float | None) -> Sequence[Command]:
        """ZCARD first: its reply says whether the key is there, which the others' do not."""
        since = b"-inf" if window_s is None else b"(" + repr((now - window_s) * self._per_second).encode()
        return [
            (b"ZCARD", key),
            (b"ZCOUNT", key, since, b"+inf"),
            (b"ZRANGEBYSCORE", key, since, b"+inf", b"WITHSCORES", b"LIMIT", b"0", b"1"),
        ]

    def decode(self, replies: Sequence[object], now: float, window_s: float | None) -> Usage | None:
        """Counts the requests inside the window; all that are held where the window is unknown.

        Raises:
            OtherDialectError: the scores are no times in this unit.
        """
        size, used, oldest = replies
        if size == 0:
            return None
        if not isinstance(used, int) or not isinstance(oldest, list):
            raise OtherDialectError
        if not oldest:
            return Usage(0, None)
        first = float(oldest[1]) / self._per_second
        if not now / 3 < first < now * 3:
            raise OtherDialectError
        return Usage(used, None if window_s is None else max(0.0, first + window_s - now))
