"""The library limits, which counts for slowapi and Flask-Limiter. Its keys' names hold the limit and the window."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from redis_dash.core.decoding import text
from redis_dash.core.id_parts import is_generated
from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, Layout, expires, named
from redis_dash.dialects.limit_values import (
    IP,
    MustRead,
    count,
    in_window,
    is_count,
    is_time,
    number,
    pair_near_s,
    seconds,
)

_SECONDS = {
    b"second": 1,
    b"minute": 60,
    b"hour": 3600,
    b"day": 86_400,
    b"month": 30 * 86_400,
    b"year": 360 * 86_400,
}
_PARTS = (
    rb"LIMITER/(?P<id>.*)"
    rb"/(?P<amount>[1-9]\d{0,8})/(?P<multiples>[1-9]\d{0,5})/(?P<unit>second|minute|hour|day|month|year)"
)
"""``LIMITER/[prefix/]<client>/<route>/5/1/minute``; a route may hold slashes, and begin with one."""
_TWO_PARTS = re.compile(rb"(?P<first>[^/]+)/(?P<second>[^/]+)(?P<route>//)?", re.DOTALL)
_ADDRESS = re.compile(rb"%b|[^@\s]+@[^@\s]+\.[^@\s]+" % IP)
_ALIKE = re.compile(rb"[a-z]+|[A-Z]+|[0-9]+")
_GENERATED = 6
"""Runs of small letters, of capitals and of digits in a generated id, at least; a word has fewer."""
LONGEST_LIST = 2000
"""Most times that are read of one client."""


def _is_client(part: bytes) -> bool:
    """Whether a part of a name cannot be a prefix or a route: it is an address, a number, or a generated id."""
    last = re.split(rb"[:=|]", part)[-1]  # of user:42
    if _ADDRESS.fullmatch(part) or last.isdigit():
        return True
    return len(_ALIKE.findall(last)) >= _GENERATED and is_generated(text(last))


def _client(match: re.Match[bytes]) -> tuple[int, int]:
    """The place of the client: the first part of the name, or the second one after a prefix.

    One name cannot always tell which. The first part is a prefix if only the second one looks like a client, or if a
    route that begins with a slash follows the second one. Otherwise it is the client.
    """
    begin = match.start("id")
    parts = _TWO_PARTS.match(match["id"])
    if parts is not None and not _is_client(parts["first"]) and (parts["route"] or _is_client(parts["second"])):
        return begin + parts.start("second"), begin + parts.end("second")
    return begin, begin + len(match["id"].partition(b"/")[0])


def _rule(match: re.Match[bytes]) -> Rule:
    return Rule(int(match["amount"]), float(int(match["multiples"]) * _SECONDS[match["unit"]]))


def _are_times(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(is_time(number(part)) for part in value)


class MovingWindow(MustRead):
    """A list of times, newest first; those that left the window may still be in it."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read as many times as the limit allows, and one more if there is no limit to tell."""
        most = LONGEST_LIST if rule is None else min(rule.limit, LONGEST_LIST)
        return [(b"LRANGE", key, b"0", b"%d" % (most - 1))]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The times inside the window.

        Raises:
            OtherDialectError: the elements are no times, or too many.
        """
        (found,) = replies
        if not isinstance(found, list) or (found and not _are_times(found)):
            raise OtherDialectError("list")
        if not found:
            return None
        if rule is None:
            return Usage(len(found), None, is_held=True)
        usage = in_window([float(part) for part in found], rule.window_s, now, rule)
        if usage.used == LONGEST_LIST < rule.limit:
            raise OtherDialectError(f"list of more than {LONGEST_LIST:,} times")
        return usage


class SlidingPair(MustRead):
    """Counters of the running and of the previous window; the previous one counts for less and less."""

    by_clock = False

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read both counters and their lifetimes."""
        before = key + b"/-1"
        return [(b"GET", before), (b"PTTL", before), (b"GET", key), (b"PTTL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """Both counters, weighed as the library does; a running window that is over is the previous one.

        Raises:
            OtherDialectError: the values are no counts.
        """
        before, before_ms, running, running_ms = replies
        left_s = seconds(running_ms)
        if running is None or left_s is None:
            return None
        now_used, then_used = count(running), count(before) if before is not None else 0
        if rule is None:
            return Usage(now_used + then_used, None, is_held=True)
        then_left_s = seconds(before_ms) or 0.0
        if left_s < rule.window_s:
            now_used, then_used, left_s, then_left_s = 0, now_used, left_s + rule.window_s, left_s
        then_left_s = min(then_left_s, rule.window_s)
        weighed = math.floor(then_used * then_left_s / rule.window_s)
        used = weighed + now_used
        falls_s = then_left_s - weighed * rule.window_s / then_used if weighed else left_s - rule.window_s
        near_s = pair_near_s(now_used, then_used, then_left_s, left_s - rule.window_s, rule)
        return Usage(used, max(0.0, falls_s) if used else None, near_s=near_s)


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="limits (fixed window)",
            family="limits",
            topic="rate_limits",
            keys=named(_PARTS),
            type="string",
            value=is_count,
            also=expires,
            evidence="LIMITER/<client>/<route>/5/1/minute, a number that expires",
            dialect="fixed window",
            rule=_rule,
            client=_client,
        ),
        Layout(
            name="limits (moving window)",
            family="limits",
            topic="rate_limits",
            keys=named(_PARTS),
            type="list",
            value=_are_times,
            also=expires,
            evidence="LIMITER/<client>/<route>/5/1/minute, a list of times",
            dialect="limits (moving window)",
            rule=_rule,
            client=_client,
        ),
        Layout(
            name="limits (sliding window)",
            topic="rate_limits",
            keys=named(rb"\{%b\}" % _PARTS),
            type="string",
            value=is_count,
            also=expires,
            evidence="{LIMITER/<client>/<route>/5/1/minute}, a number that expires",
            dialect="limits (sliding window)",
            rule=_rule,
            client=_client,
        ),
        Layout(
            name="limits (previous window)",
            topic="other",
            keys=named(rb"\{%b\}/-1" % _PARTS),
            type="string",
            value=is_count,
            evidence="{LIMITER/…}/-1, a number; counted with the running window",
        ),
    ),
    limits=(MovingWindow("limits (moving window)"), SlidingPair("limits (sliding window)")),
)
