"""Limiters that keep one counter a client and window: INCR, and an expiry set with the first request."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage


class FixedWindow:
    """An integer string; usage falls to nothing when the key expires."""

    name = "fixed window"
    by_clock = False

    def probe(self, key: bytes) -> Command:
        """The counter itself."""
        return (b"GET", key)

    def bound(self, reply: object) -> int:
        """The counter as it stands.

        Raises:
            OtherDialectError: the value is no count.
        """
        if reply is None:
            return 0
        if not isinstance(reply, bytes) or len(reply) > 18 or not reply.isdigit():
            raise OtherDialectError
        return int(reply)

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """The counter and the time it has left."""
        return [(b"GET", key), (b"PTTL", key)]

    def decode(self, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter as it stands.

        Raises:
            OtherDialectError: the value is no count, or not that of a window of this length.
        """
        value, pttl = replies
        if value is None or pttl == -2:  # it may have expired between the two
            return None
        used = self.bound(value)
        if now / 2 < used < now * 2:  # a point in time, as GCRA keeps it
            raise OtherDialectError
        if rule is not None and isinstance(pttl, int) and pttl > (rule.window_s + 1) * 1000:
            raise OtherDialectError  # it outlives the window: which one it counts cannot be told
        return Usage(used, pttl / 1000 if isinstance(pttl, int) and pttl >= 0 else None)
