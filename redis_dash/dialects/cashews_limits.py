"""Limiters of cashews. Their names are templates that the application chooses."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, Layout, expires, named
from redis_dash.dialects.limit_values import IP, MustRead, in_window, is_count, is_time, number, seconds

_MODULE = rb"(?:[A-Za-z_]\w*(?:\.\w+)+|main|app|__main__)"
_TEMPLATE = rb"(?:[A-Za-z_][\w.<>-]*:){1,6}?(?P<client>%(ip)b)|%(module)b:[A-Za-z_][\w.<>]*:[A-Za-z_]\w*:.+" % {
    b"ip": IP,
    b"module": _MODULE,
}
"""A template of the application that ends in an address, or the usual one: ``<module>:<function>:<argument>:…``."""
_ANY = rb"(?:.*?:(?=%(ip)b\Z))?(?P<client>.+)" % {b"ip": IP}
LONGEST = 1000
"""Most requests that are read of one client."""


def _are_own_scores(value: object) -> bool:
    """Whether each member of a sorted set is its own score, a time in seconds."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(1e9 < score < 1e10 and abs((number(member) or 0) - score) < 0.01 for member, score in value)
    )


class SlicedWindow(MustRead):
    """A sorted set of times. Each request renews the key's lifetime, so that it shows the window."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the newest times, and the key's lifetime; ZCARD's reply shows whether the key exists."""
        return [(b"ZCARD", key), (b"ZREVRANGE", key, b"0", b"%d" % (LONGEST - 1), b"WITHSCORES"), (b"PTTL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The times inside the window.

        Raises:
            OtherDialectError: there are too many to read them.
        """
        _, found, pttl = replies
        if not found or not isinstance(found, list) or pttl == -2:
            return None
        times, left_s = [float(score) for score in found[1::2]], seconds(pttl)
        if not all(map(is_time, times)):
            raise OtherDialectError("sorted set whose scores are no times")
        if rule is None and left_s is None:
            return Usage(len(times), None, is_held=True)
        window_s = rule.window_s if rule else float(max(1, round((left_s or 0) + now - times[0])))
        usage = in_window(times, window_s, now, rule)
        if usage.used == LONGEST:
            raise OtherDialectError(f"sorted set of more than {LONGEST:,} times")
        return usage


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="cashews (rate limit)",
            topic="rate_limits",
            keys=named(rb"rate_limit:(?P<id>%b)" % _TEMPLATE),
            type="string",
            value=is_count,
            also=expires,
            confidence="likely",
            evidence="rate_limit:<name>:<address> or rate_limit:<module>:<function>:…, a number that expires",
            dialect="fixed window",
        ),
        Layout(
            name="cashews (sliding rate limit)",
            topic="rate_limits",
            keys=named(rb"(?:srl|srate):(?P<id>%b)" % _ANY),
            type="zset",
            value=_are_own_scores,
            also=expires,
            evidence="srl:<name>, a sorted set whose members are times",
            dialect="cashews (sliding rate limit)",
        ),
    ),
    limits=(SlicedWindow("cashews (sliding rate limit)"),),
)
