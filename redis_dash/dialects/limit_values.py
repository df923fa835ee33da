"""What the limiters of many frameworks have in common: addresses in names, counts, windows of the clock, buckets."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from redis_dash.core.frames.rate_limits import near_from
from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import KeySample

IP = (
    rb"(?:(?:\d{1,3}\.){3}\d{1,3}"
    rb"|(?=[0-9A-Fa-f:.]*::|(?:[0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:.]{2,45}(?:%\w{1,15})?)(?:/\d{1,3})?"
)
"""An address or a network, in the name of a key."""
AFTER_PREFIX = re.compile(rb"[^\n]{1,200}?[:/|](?P<id>%(ip)b|[^\n:/|]+)" % {b"ip": IP})
"""A name that the application chooses, with a prefix of its own: ``<prefix>:<client>``."""
WITHOUT_PREFIX = re.compile(rb"(?P<id>[^\n:/|]{1,200})")
"""A name that the application chooses, without a prefix."""
MOST = 10**9
"""A larger number is no count but a point in time, or an id."""
LARGEST = 1e19
"""Times in nanoseconds are the largest numbers."""
AT_ODDS_S = 120.0
"""The clocks of the server and of the application differ at most by this."""


def is_count(value: object) -> bool:
    """Whether a string is a number of requests."""
    return isinstance(value, bytes) and value.isdigit() and len(value) <= 10 and int(value) < MOST


def is_number(value: object) -> bool:
    """Whether a string is a number, perhaps with decimals or negative."""
    return number(value) is not None


def number(value: object) -> float | None:
    """A string's number; None if it is none."""
    if not isinstance(value, bytes) or len(value) > 40:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if abs(found) < LARGEST else None  # so neither "nan" nor "inf"


def is_time(found: float | None) -> bool:
    """Whether a number is a time in seconds since 1970, of this century or the next ones."""
    return found is not None and 1e9 < found < 1e10


def count(value: object) -> int:
    """A string's count.

    Raises:
        OtherDialectError: it is none.
    """
    if not isinstance(value, bytes) or not is_count(value):
        raise OtherDialectError("no count")
    return int(value)


def seconds(pttl: object) -> float | None:
    """A lifetime in seconds, from the reply to PTTL; None if there is none."""
    return pttl / 1000 if isinstance(pttl, int) and pttl >= 0 else None


def ends_at(sample: KeySample, at: float, now: float) -> bool:
    """Whether a key ends about when its value says, or a second later."""
    return sample.ttl_s is not None and abs(at - now - sample.ttl_s) < AT_ODDS_S


def clock_period(number_of_window: int, now: float) -> int | None:
    """How many seconds the windows have, of which this is the running one, counted from 1970; None if it is over.

    Every whole number of seconds is possible. Of long windows, those of whole minutes are.
    """
    if number_of_window < 1:
        return None
    least, most = math.floor(now / (number_of_window + 1)) + 1, math.floor(now / number_of_window)
    for step in (86_400, 3_600, 60, 1):
        period = most // step * step
        if period >= least and (step > 1 or period <= 3_600):
            return period
    return None


def bucket(tokens: float, at: float, now: float, rule: Rule | None) -> Usage:
    """The usage of a bucket of tokens, as it was at some time; without a rule only what was left then.

    Raises:
        OtherDialectError: there are too many tokens.
    """
    if abs(tokens) >= MOST:
        raise OtherDialectError("no number of tokens")
    if rule is None:
        return Usage(0, None, left=max(0, math.floor(tokens)))
    rate = rule.limit / rule.window_s
    tokens = min(float(rule.limit), tokens + max(0.0, now - at) * rate)
    left = max(0, math.floor(tokens))
    falls_s = (math.floor(tokens) + 1 - tokens) / rate if left < rule.limit else None
    if tokens < 0:
        falls_s = (1 - tokens) / rate
    used, least = rule.limit - left, near_from(rule.limit)
    near_s = (rule.limit - least + 1 - tokens) / rate if used >= least else None
    return Usage(used, falls_s, near_s=near_s)


class MustRead:
    """The part of a dialect whose usage only a complete read shows."""

    by_clock = True

    def __init__(self, name: str) -> None:
        self.name = name

    def probe(self, key: bytes) -> Command:
        """Ask whether the key exists."""
        return (b"EXISTS", key)

    def bound(self, reply: object) -> int:
        """0 if the key is gone.

        Raises:
            OtherDialectError: it must be read.
        """
        if reply == 0:
            return 0
        raise OtherDialectError


class Counter(MustRead):
    """The part of a dialect whose counter is the most that can be used, so that few keys of many must be read."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counter."""
        return [(b"GET", key)]

    def probe(self, key: bytes) -> Command:
        """Read the counter."""
        return self.reads(key, 0.0, None)[0]

    def bound(self, reply: object) -> int:
        """The counter.

        Raises:
            OtherDialectError: the value is no count.
        """
        return 0 if reply is None else count(reply)


def in_window(times: Sequence[float], window_s: float, now: float, rule: Rule | None = None) -> Usage:
    """The requests of the last ``window_s`` seconds; the oldest of them is the next one to leave the window."""
    inside = sorted(time for time in times if time > now - window_s)
    used, ends_s = len(inside), [time + window_s - now for time in inside]
    near_s = ends_s[-near_from(rule.limit)] if rule and used >= near_from(rule.limit) else None
    return Usage(used, ends_s[0] if ends_s else None, window_s=window_s, near_s=near_s)


def pair_near_s(running: int, then: int, then_left_s: float, left_s: float, rule: Rule | None) -> float | None:
    """How long two counters stay near a limit, if the previous one counts for less and less.

    Args:
        running: the count of the running window.
        then: the count of the previous window, which counts for the share of ``then_left_s`` in a window.
        left_s: seconds until the running window ends; then it counts in full at first.
    """
    if rule is None:
        return None
    missing = near_from(rule.limit) - running
    if missing <= 0:
        return max(0.0, left_s)
    return then_left_s - missing * rule.window_s / then if then * then_left_s >= missing * rule.window_s else None
