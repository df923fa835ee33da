"""Limiters of Django: the throttles of Django REST framework, and django-ratelimit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.decoders import UndecodableError, decode
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, Layout, expires
from redis_dash.dialects.limit_values import IP, Counter, MustRead, count, in_window, is_count, seconds

_PREFIX = rb"(?:(?:.{0,100}:)?(?P<added>\d{1,4}:)|.{0,100}[^0-9A-Za-z])?"
"""``myapp:1:``, with the version that Django adds to the names of all keys."""
_SCOPE = rb"(?:anon|user|[A-Za-z][\w.-]*?)"
_IDENT = rb"(?:%b|[^_]+)" % IP


def _times(value: object) -> list[float] | None:
    """The times in a cached list; None if it is no such list."""
    if not isinstance(value, bytes):
        return None
    try:
        found = decode(value).value
    except UndecodableError:
        return None
    if not isinstance(found, list) or not all(isinstance(part, float) and 1e9 < part < 1e10 for part in found):
        return None
    return [float(part) for part in found if isinstance(part, float)]


def _are_times(value: object) -> bool:
    return _times(value) is not None


class RestThrottle(MustRead):
    """A cached list of times, newest first. Each request renews the key's lifetime, so that it shows the window."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the list and its lifetime."""
        return [(b"GET", key), (b"PTTL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The times inside the window.

        Raises:
            OtherDialectError: the value is no list of times.
        """
        value, pttl = replies
        if value is None or pttl == -2:
            return None
        times, left_s = _times(value), seconds(pttl)
        if times is None:
            raise OtherDialectError("no list of times")
        if not times:
            return Usage(0, None)
        if rule is not None:
            return in_window(times, rule.window_s, now, rule)
        if left_s is None:
            return Usage(len(times), None, is_held=True)
        return in_window(times, float(max(1, round(left_s + now - max(times)))), now)


class HashedCounter(Counter):
    """A counter of a window whose end is not known: its key lives longer, by 5 seconds to a whole window."""

    by_clock = False

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter; it may be of a window that is over.

        Raises:
            OtherDialectError: the value is no count.
        """
        return None if replies[0] is None else Usage(count(replies[0]), None, may_be_over=True, resets=True)


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Django REST framework",
            topic="rate_limits",
            keys=re.compile(rb"%bthrottle_(?P<id>%b_(?P<client>%b))" % (_PREFIX, _SCOPE, _IDENT), re.DOTALL),
            type="string",
            value=_are_times,
            also=expires,
            evidence="throttle_<scope>_<client>, a cached list of times",
            dialect="Django REST framework",
        ),
        Layout(
            name="django-ratelimit",
            topic="rate_limits",
            keys=re.compile(rb".{0,100}:(?P<added>\d{1,4}:)rl:(?P<id>[0-9a-f]{32,128})", re.DOTALL),
            type="string",
            value=is_count,
            also=expires,
            evidence=":1:rl:<SHA-256>, a number that expires; the client is part of the hash",
            dialect="django-ratelimit",
        ),
    ),
    limits=(RestThrottle("Django REST framework"), HashedCounter("django-ratelimit")),
)
