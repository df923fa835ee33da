"""Limiters with one counter per client and window: INCR, and an expiry that the first request sets."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage


class FixedWindow:
    """An integer string; usage falls to 0 when the key expires."""

    name = "fixed window"
    by_clock = False

    def probe(self, key: bytes) -> Command:
        """Read the counter."""
        return (b"GET", key)

    def bound(self, reply: object) -> int:
        """The counter's value.

        Raises:
            OtherDialectError: the value is no count.
        """
        if reply is None:
            return 0
        if not isinstance(reply, bytes) or len(reply) > 18 or not reply.isdigit():
            raise OtherDialectError
        return int(reply)

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counter and its remaining lifetime."""
        return [(b"GET", key), (b"PTTL", key)]

    def decode(self, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter's value and its remaining lifetime.

        Raises:
            OtherDialectError: the value is no count, or the lifetime is longer than the window.
        """
        value, pttl = replies
        if value is None or pttl == -2:  # the key may expire between the two commands
            return None
        used = self.bound(value)
        if now / 2 < used < now * 2:  # a point in time, as GCRA stores it
            raise OtherDialectError
        if rule is not None and isinstance(pttl, int) and pttl > (rule.window_s + 1) * 1000:
            raise OtherDialectError  # longer than the window: what it counts is not known
        return Usage(used, pttl / 1000 if isinstance(pttl, int) and pttl >= 0 else None)
