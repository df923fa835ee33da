"""Limiters of Laravel: a counter in the cache with its timer, and the middleware that counts in Redis itself."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, KeySample, Layout, expires, hexadecimal, named
from redis_dash.dialects.limit_values import Counter, MustRead, count, ends_at, is_time, number

_TIMER = b":timer"
_PHP_INTEGER = re.compile(rb"i:(\d{1,10});")
_FIELDS = frozenset((b"start", b"end", b"count"))
_HASH = rb"(?P<id>[0-9a-f]{40}|[0-9a-f]{32})"


def _plain(value: object) -> object:
    """A number, as the cache stores it: plain, or in PHP's form."""
    match = _PHP_INTEGER.fullmatch(value) if isinstance(value, bytes) else None
    return match[1] if match else value


def _holds_time(value: object) -> bool:
    return is_time(number(_plain(value)))


def _is_timer(sample: KeySample) -> bool:
    return ends_at(sample, number(_plain(sample.value)) or 0.0, time.time())


class CounterWithTimer(Counter):
    """The timer's key, from whose name that of the counter follows: only the timer shows that it is a limiter."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counter and the timer."""
        return [(b"GET", key.removesuffix(_TIMER)), (b"GET", key), (b"PTTL", key)]

    def bound(self, reply: object) -> int:
        """The counter.

        Raises:
            OtherDialectError: the value is no count.
        """
        return super().bound(_plain(reply))

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter; it ends when the timer says.

        Raises:
            OtherDialectError: the values are no count and no time.
        """
        counter, timer, left_ms = replies
        if counter is None or timer is None or left_ms == -2:
            return None
        if not key.endswith(_TIMER) or not _holds_time(timer):
            raise OtherDialectError("no timer")
        ends = number(_plain(timer)) or 0.0
        return Usage(count(_plain(counter)), max(0.0, ends - now), resets=True)


class Duration(MustRead):
    """A hash of a window's begin, its end and its requests; the key lives twice as long."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the hash."""
        return [(b"HGETALL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The requests of the window; none if it is over.

        Raises:
            OtherDialectError: the hash has other fields.
        """
        found = replies[0]
        if not isinstance(found, list) or not found:
            return None
        fields = dict(zip(found[::2], found[1::2], strict=True))
        start, end = number(fields.get(b"start")), number(fields.get(b"end"))
        if start is None or end is None or not is_time(start) or not is_time(end) or end <= start:
            raise OtherDialectError("hash")
        if now >= end:
            return Usage(0, None, window_s=end - start)
        return Usage(count(fields.get(b"count")), end - now, window_s=end - start, resets=True)


def _is_duration(value: object) -> bool:
    return (
        isinstance(value, dict) and set(value) == _FIELDS and all(number(part) is not None for part in value.values())
    )


def _timer(name: str, keys: bytes) -> Layout:
    return Layout(
        name=name,
        topic="rate_limits",
        keys=named(keys),
        type="string",
        value=_holds_time,
        also=_is_timer,
        evidence="<cache prefix><client>:timer, the time at which it ends; the client is usually a hash",
        dialect="Laravel (counter with timer)",
    )


FRAMEWORK = Framework(
    layouts=(
        _timer("Laravel (limiter)", rb"cache[-_:](?P<id>.+):timer"),
        _timer("Laravel (limiter, other prefix)", _HASH + rb":timer"),
        Layout(
            name="Laravel (throttle with Redis)",
            topic="rate_limits",
            keys=named(_HASH),
            id_glob=hexadecimal,
            type="hash",
            value=_is_duration,
            also=expires,
            evidence="<redis prefix><hash>, a hash of start, end and count",
            dialect="Laravel (throttle with Redis)",
        ),
    ),
    limits=(CounterWithTimer("Laravel (counter with timer)"), Duration("Laravel (throttle with Redis)")),
)
