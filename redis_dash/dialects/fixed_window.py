"""Limiters with one counter per client and window: INCR, and an expiry that the first request sets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage

_NEGATIVE = re.compile(rb"-\d+")
_DECIMAL = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_NUMBER = re.compile(rb"(?<=[:/_.|-])\d{1,14}$")
BLOCKING = b"rlflx:"
"""How the names of rate-limiter-flexible begin: its ``blockDuration`` becomes the lifetime of the counter."""
MOST_DIGITS = 18
PAST = 10
"""Windows that were over so long ago, in windows, are not looked for: the number is something else."""


class FixedWindow:
    """An integer string; usage falls to 0 when the key expires."""

    by_clock = False

    def __init__(self, name: str = "fixed window", blocking: bytes = BLOCKING) -> None:
        """Read counters.

        Args:
            blocking: how names of keys begin that last as long as a block once more than the limit is used.
        """
        self.name = name
        self._blocking = blocking

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
        if not isinstance(reply, bytes):
            raise OtherDialectError
        if len(reply) > MOST_DIGITS or not reply.isdigit():
            raise OtherDialectError(_kind(reply))
        return int(reply)

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counter and its remaining lifetime."""
        return [(b"GET", key), (b"PTTL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter's value and its remaining lifetime, which may not fit the window.

        Raises:
            OtherDialectError: the value is no count.
        """
        value, pttl = replies
        if value is None or pttl == -2:  # the key may expire between the two commands
            return None
        used = self.bound(value)
        if now / 2 < used < now * 2:  # a point in time, as GCRA stores it
            raise OtherDialectError("point in time")
        ends_s = pttl / 1000 if isinstance(pttl, int) and pttl >= 0 else None
        left_s = _left_by_name(key, now, rule)
        if left_s is not None:
            return Usage(used, left_s, resets=True) if left_s > 0 else Usage(0, None)  # the key outlives its window
        blocks = key.startswith(self._blocking)
        is_blocked = blocks and rule is not None and used > rule.limit and ends_s is not None
        fits = rule is None or is_blocked or (ends_s is not None and ends_s <= rule.window_s + 1)
        return Usage(used, ends_s, is_endless=ends_s is None, fits=fits, resets=True, blocks=blocks)


def _left_by_name(key: bytes, now: float, rule: Rule | None) -> float | None:
    """Seconds until the window ends whose number or beginning is the last part of the key: ``limit:ann:29931294``.

    None if the last part is no such number, or if the length of the windows is not known. Zero or less if it is over.
    """
    last = _NUMBER.search(key)
    if rule is None or last is None:
        return None
    number, length = int(last[0]), rule.window_s
    begins = [number * length, *(number / unit for unit in (1, 1000) if number / unit % length < 1)]
    return next((begin + length - now for begin in begins if -PAST * length < begin - now <= length), None)


def _kind(value: bytes) -> str:
    """What a value is that is no count."""
    if not value:
        return "empty string"
    if len(value) <= 100 and _NEGATIVE.fullmatch(value):
        return "negative number"
    if value.isdigit():
        return "number too large for a count"
    return "number with decimals" if len(value) <= 100 and _DECIMAL.fullmatch(value) else "text"
