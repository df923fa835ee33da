"""Limiters of throttled-py: one layout for each algorithm. The windows follow the clock, not the keys' lifetimes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.gcra import Gcra
from redis_dash.dialects.layout import Framework, Layout, any_sample, expires, named
from redis_dash.dialects.limit_values import (
    MOST,
    Counter,
    MustRead,
    bucket,
    clock_period,
    count,
    is_count,
    is_number,
    number,
    pair_near_s,
)

_EPOCH = 1_735_660_800
"""The library counts seconds from here."""
_PERIOD = re.compile(rb"(?P<name>.*:period:)(?P<number>\d{1,12})", re.DOTALL)
_CLIENT = rb"(?:.*\|)?(?P<client>[^|]+)"


def _period(key: bytes) -> tuple[bytes, int]:
    """The name before the number of the window, and this number."""
    match = _PERIOD.fullmatch(key)
    if match is None:
        raise OtherDialectError("key of another name")
    return match["name"], int(match["number"])


def _is_bucket(value: object) -> bool:
    return (
        isinstance(value, dict) and set(value) == {b"tokens", b"last_refreshed"} and all(map(is_number, value.values()))
    )


class FixedPeriod(Counter):
    """A counter for each window."""

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter; None if its window is over.

        Raises:
            OtherDialectError: the value is no count.
        """
        if replies[0] is None:
            return None
        used, window = count(replies[0]), _period(key)[1]
        period = clock_period(window, now)
        if period is None:
            return None
        return Usage(used, (window + 1) * period - now, window_s=float(period), resets=True)


class SlidingPeriods(MustRead):
    """Counters of the running and of the previous window; the previous one counts for less and less."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counters of this window, of the one before and of the next one."""
        match = _PERIOD.fullmatch(key)
        if match is None:
            return [(b"GET", key)] * 3
        return [(b"GET", b"%b%d" % (match["name"], int(match["number"]) + step)) for step in (-1, 0, 1)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """Both counters, weighed as the library does; None if the next window has the row, or both are over.

        Raises:
            OtherDialectError: the values are no counts.
        """
        before, this, after = replies
        window = _period(key)[1]
        if this is None or after is not None:
            return None
        running, then = count(this), count(before) if before is not None else 0
        period = clock_period(window, now)
        if period is None:
            window, running, then = window + 1, 0, running
            period = clock_period(window, now)
        if period is None:
            return None
        left_s = (window + 1) * period - now
        weighed = math.floor(then * left_s / period)
        falls_s = left_s - weighed * period / then if weighed else left_s
        used = weighed + running
        near_s = pair_near_s(running, then, left_s, left_s, rule and rule._replace(window_s=float(period)))
        return Usage(used, falls_s if used else None, window_s=float(period), near_s=near_s)


class TokenBucket(MustRead):
    """A hash of the tokens that were left, and when."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the hash."""
        return [(b"HGETALL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """What is left.

        Raises:
            OtherDialectError: the hash has other fields.
        """
        found = _numbers(replies[0])
        return None if found is None else bucket(*found, now, rule)


class LeakingBucket(TokenBucket):
    """A hash of the tokens that were used, and when; how many have leaked since is not known without a rule."""

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """What is used.

        Raises:
            OtherDialectError: the hash has other fields.
        """
        found = _numbers(replies[0])
        if found is None:
            return None
        tokens, at = found
        if not 0 <= tokens < MOST:
            raise OtherDialectError("no number of tokens")
        if rule is None:
            return Usage(math.ceil(tokens), None, is_held=True)
        return bucket(rule.limit - tokens, at, now, rule)


def _numbers(reply: object) -> tuple[float, float] | None:
    """The tokens and their time; None if the key is gone."""
    if not isinstance(reply, list) or not reply:
        return None
    fields = dict(zip(reply[::2], reply[1::2], strict=True))
    tokens, at = number(fields.get(b"tokens")), number(fields.get(b"last_refreshed"))
    if tokens is None or at is None:
        raise OtherDialectError("hash")
    return tokens, at


def _layout(kind: str, rest: bytes, type_: str, **more: object) -> Layout:
    name = f"throttled-py ({kind.replace('_', ' ')})"
    return Layout(
        name=name,
        topic="rate_limits",
        keys=named(b"throttled:v1:%b:(?P<id>%b%b)" % (kind.encode(), _CLIENT, rest)),
        type=type_,
        value=_is_bucket if type_ == "hash" else is_number if kind == "gcra" else is_count,
        also=any_sample if kind == "leaking_bucket" else expires,  # its first request sets no lifetime
        evidence=f"throttled:v1:{kind}:<client>",
        dialect=name,
    )


FRAMEWORK = Framework(
    layouts=(
        _layout("fixed_window", rb":period:\d{1,12}", "string"),
        _layout("sliding_window", rb":period:\d{1,12}", "string"),
        _layout("token_bucket", b"", "hash"),
        _layout("leaking_bucket", b"", "hash"),
        _layout("gcra", b"", "string"),
    ),
    limits=(
        FixedPeriod("throttled-py (fixed window)"),
        SlidingPeriods("throttled-py (sliding window)"),
        TokenBucket("throttled-py (token bucket)"),
        LeakingBucket("throttled-py (leaking bucket)"),
        Gcra("throttled-py (gcra)", 1, _EPOCH),
    ),
)
