"""Limiters of Ruby: Rack::Attack, and rate_limit of Rails 8."""

from __future__ import annotations

import re
from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, Layout, expires, named, numbered
from redis_dash.dialects.limit_values import IP, Counter, clock_period, count, is_count, seconds

_NUMBER = re.compile(rb".*?rack::attack:(?:g\d{1,9}:)?(?P<number>\d{1,12}):.*", re.DOTALL)


class RackAttack(Counter):
    """A counter for each window; the name holds the number of the window."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counter and its lifetime."""
        return [(b"GET", key), (b"PTTL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter; None if its window is over. The key ends a second after its window.

        Raises:
            OtherDialectError: the value is no count.
        """
        match = _NUMBER.fullmatch(key)
        if match is None:
            raise OtherDialectError("key of another name")
        if replies[0] is None:
            return None
        window = int(match["number"])
        period = clock_period(window, now)
        used = count(replies[0])
        if period is not None:
            return Usage(used, (window + 1) * period - now, window_s=float(period), resets=True)
        left_s = seconds(replies[1])
        return Usage(used, left_s - 1, resets=True) if left_s is not None and left_s > 1 else None


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Rack::Attack",
            topic="rate_limits",
            keys=named(
                rb"rack::attack:(?:g\d{1,9}:)?(?P<id>\d{1,12}:(?:fail2ban:count:|allow2ban:count:)?"
                rb"(?:[^:]+:(?=.))?(?P<client>.+))"
            ),
            id_glob=numbered,
            type="string",
            value=is_count,
            also=expires,
            evidence="rack::attack:<number of the window>:<throttle>:<client>, a number that expires",
            dialect="Rack::Attack",
        ),
        Layout(
            name="Rack::Attack (bans)",
            topic="other",
            keys=named(rb"rack::attack:(?:g\d{1,9}:)?(?:fail2ban|allow2ban):ban:(?P<id>.+)"),
            type="string",
            value=lambda value: isinstance(value, bytes),
            evidence="rack::attack:fail2ban:ban:<client>",
        ),
        Layout(
            name="Rails (rate_limit)",
            topic="rate_limits",
            keys=named(rb"rate-limit:(?P<id>[a-z_][\w/-]*:(?:[\w-]+:)??(?P<client>%b))" % IP),
            type="string",
            value=is_count,
            also=expires,
            confidence="likely",
            evidence="rate-limit:<controller>:<address>, a number that expires",
            dialect="fixed window",
        ),
    ),
    limits=(RackAttack("Rack::Attack"),),
)
