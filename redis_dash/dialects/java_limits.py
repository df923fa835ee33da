"""Limiters of Java: Bucket4j, whose values hold the limit, and Spring Cloud Gateway."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.core.frames.rate_limits import near_from
from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, Layout, expires, literally, named
from redis_dash.dialects.limit_values import AFTER_PREFIX, IP, WITHOUT_PREFIX, MustRead, bucket, is_number, number

_BANDWIDTH = struct.Struct(">iqqqqbqbb")
_STATE = struct.Struct(">qqq")
_INT, _LONG = struct.Struct(">i"), struct.Struct(">q")
_MOST_BANDWIDTHS = 16
_MOST = 10**12
"""More tokens are no bucket's."""
_LONGEST = 400 * 86_400 * 10**9
"""A longer period, in nanoseconds, is no bucket's."""


class Bandwidth(NamedTuple):
    """One limit of a bucket, and its tokens as of the last write."""

    capacity: int
    period_s: float
    refill: int
    at_intervals: bool
    tokens: int
    refilled_at: float

    def left(self, now: float) -> float:
        """The tokens that are left by now."""
        periods = max(0.0, now - self.refilled_at) / self.period_s
        if self.at_intervals:
            periods = float(int(periods))
        return min(float(max(self.capacity, self.tokens)), self.tokens + periods * self.refill)

    def usage(self, now: float) -> Usage:
        """How much of the capacity is used, and when a token comes back."""
        left = self.left(now)
        used = max(0, self.capacity - int(left // 1))
        if not used:
            return Usage(0, None, limit=self.capacity, window_s=self.full_s)
        if self.at_intervals:
            needed_s = self.period_s - max(0.0, now - self.refilled_at) % self.period_s
        else:
            needed_s = (max(1.0, left // 1 + 1) - left) * self.period_s / self.refill
        return Usage(used, needed_s, limit=self.capacity, window_s=self.full_s, near_s=self._near_s(left, needed_s))

    def _near_s(self, left: float, needed_s: float) -> float | None:
        """Seconds until so many tokens are back that usage is not near the capacity."""
        missing = self.capacity - near_from(self.capacity) + 1 - left
        if missing <= 0:
            return None
        if self.at_intervals:
            return needed_s + (math.ceil(missing / self.refill) - 1) * self.period_s
        return missing * self.period_s / self.refill

    @property
    def full_s(self) -> float:
        """Seconds in which an empty bucket is filled."""
        return self.period_s * self.capacity / self.refill


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        values = form.unpack_from(self.data, self.at)
        self.at += form.size
        return values

    def integer(self) -> int:
        return self.take(_INT)[0]


def bandwidths(data: bytes) -> list[Bandwidth]:
    """The limits of a bucket.

    Raises:
        ValueError: the bytes are no bucket.
    """
    try:
        return _bandwidths(_Reader(data))
    except (struct.error, ZeroDivisionError, OverflowError):
        raise ValueError from None


def _bandwidths(reader: _Reader) -> list[Bandwidth]:
    version, config, number_of = reader.integer(), reader.integer(), reader.integer()
    if version not in (1, 2) or config != 1 or not 1 <= number_of <= _MOST_BANDWIDTHS:
        raise ValueError
    limits = [_limit(reader) for _ in range(number_of)]
    kind, state, longs = reader.integer(), reader.integer(), reader.integer()
    if kind != 3 or state != 1 or longs != 3 * number_of:
        raise ValueError
    states = [reader.take(_STATE) for _ in limits]
    if reader.integer() != 1 or any(abs(tokens) > _MOST for _, tokens, _ in states):
        raise ValueError
    reader.take(_LONG)  # what was consumed in all
    if version == 2 and reader.data[reader.at : reader.at + 1] == b"\x01":
        reader.at += 9
    elif version == 2:
        reader.at += 1
    if reader.at != len(reader.data):
        raise ValueError
    return [
        Bandwidth(capacity, period / 1e9, refill, bool(intervals), tokens, refilled / 1e9)
        for (capacity, period, refill, intervals), (refilled, tokens, _) in zip(limits, states, strict=True)
    ]


def _limit(reader: _Reader) -> tuple[int, int, int, int]:
    version, capacity, _, period, refill, intervals, _, _, has_id = reader.take(_BANDWIDTH)
    if version != 1 or not 1 <= capacity < _MOST or not 1 <= period < _LONGEST or not 1 <= refill < _MOST:
        raise ValueError
    if has_id:
        size = int.from_bytes(reader.data[reader.at : reader.at + 2], "big")
        reader.at += 2 + size
    return capacity, period, refill, intervals


def _is_bucket(value: object) -> bool:
    if not isinstance(value, bytes):
        return False
    try:
        return bool(bandwidths(value))
    except ValueError:
        return False


class Bucket4j(MustRead):
    """A bucket with its limits; of several the fullest is shown."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the bucket."""
        return [(b"GET", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The usage by now, with the limit that the bucket holds.

        Raises:
            OtherDialectError: the value is no bucket.
        """
        value = replies[0]
        if value is None:
            return None
        try:
            found = bandwidths(value if isinstance(value, bytes) else b"")
        except ValueError:
            raise OtherDialectError("no bucket") from None
        usages = [one.usage(now) for one in found]
        return max(usages, key=lambda usage: usage.used / (usage.limit or 1))


class SpringGateway(MustRead):
    """Tokens that were left, and when, under two keys."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read both keys."""
        return [(b"GET", key), (b"GET", key.removesuffix(b".tokens") + b".timestamp")]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """What is left.

        Raises:
            OtherDialectError: the values are no numbers.
        """
        if replies[0] is None:
            return None
        tokens, at = number(replies[0]), number(replies[1])
        if tokens is None:
            raise OtherDialectError("no number of tokens")
        return bucket(tokens, now if at is None else at, now, rule)


_CLIENT = rb"(?:[^{}]*?\.(?=%(ip)b\})|[^{}.]*\.(?=[^{}.]))?(?P<client>[^{}]+)" % {b"ip": IP}


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Bucket4j",
            topic="rate_limits",
            keys=AFTER_PREFIX,
            type="string",
            value=_is_bucket,
            evidence="<prefix>:<client>, a bucket with its limits",
            dialect="Bucket4j",
        ),
        Layout(
            name="Bucket4j (single key)",
            topic="rate_limits",
            keys=WITHOUT_PREFIX,
            id_glob=literally,
            type="string",
            value=_is_bucket,
            evidence="a bucket with its limits",
            dialect="Bucket4j",
        ),
        Layout(
            name="Spring Cloud Gateway",
            topic="rate_limits",
            keys=named(rb"request_rate_limiter\.\{(?P<id>%b)\}\.tokens" % _CLIENT),
            type="string",
            value=is_number,
            also=expires,
            evidence="request_rate_limiter.{<route>.<client>}.tokens, a number that expires",
            dialect="Spring Cloud Gateway",
        ),
        Layout(
            name="Spring Cloud Gateway (times)",
            topic="other",
            keys=named(rb"request_rate_limiter\.\{(?P<id>[^{}]+)\}\.timestamp"),
            type="string",
            value=is_number,
            evidence="request_rate_limiter.{…}.timestamp, shown with the client's tokens",
        ),
    ),
    limits=(Bucket4j("Bucket4j"), SpringGateway("Spring Cloud Gateway")),
)
