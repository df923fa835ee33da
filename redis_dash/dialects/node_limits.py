"""Limiters of Node.js: rate-limit-redis, rate-limiter-flexible, @fastify/rate-limit, better-auth, NestJS throttler."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.resp import Command
from redis_dash.dialects.base import Rule, Usage
from redis_dash.dialects.fixed_window import FixedWindow
from redis_dash.dialects.layout import Framework, Layout, expires, named
from redis_dash.dialects.limit_values import IP, MustRead, count, is_count, seconds


class NestThrottler(MustRead):
    """A counter, and a second key while the client is blocked."""

    by_clock = False

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the counter, and how long the client is blocked."""
        blocked = key.removesuffix(b":hits") + b":blocked"
        return [(b"GET", key), (b"PTTL", key), (b"PTTL", blocked)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter; the next request is allowed when the client is not blocked any more.

        Raises:
            OtherDialectError: the value is no count.
        """
        hits, hits_ms, blocked_ms = replies
        blocked_s, left_s = seconds(blocked_ms), seconds(hits_ms)
        if hits is None:
            return None if blocked_s is None else Usage(0, blocked_s, is_blocked=True, resets=True)
        if blocked_s is not None:
            return Usage(count(hits), blocked_s, is_blocked=True, resets=True)
        return Usage(count(hits), left_s, is_endless=left_s is None, resets=True)


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="rate-limit-redis",
            topic="rate_limits",
            keys=named(rb"rl:(?:[\w-]{1,40}:){0,3}?(?P<id>%b)" % IP),
            type="string",
            value=is_count,
            also=expires,
            evidence="rl:<address>, a number that expires",
            confidence="likely",  # hand-written counters often have this name
            dialect="fixed window",
        ),
        Layout(
            name="rate-limiter-flexible",
            topic="rate_limits",
            keys=named(rb"rlflx:(?P<id>.+)"),
            type="string",
            value=is_count,
            evidence="rlflx:<client>, a number",
            dialect="rate-limiter-flexible",
            other_names=True,
        ),
        Layout(
            name="@fastify/rate-limit",
            topic="rate_limits",
            keys=named(rb"fastify-rate-limit-(?P<id>(?:[A-Z]+/.*-(?=%(ip)b$))?(?P<client>.+))" % {b"ip": IP}),
            type="string",
            value=is_count,
            also=expires,
            evidence="fastify-rate-limit-<client>, a number that expires",
            dialect="fixed window",
        ),
        Layout(
            name="better-auth (rate limit)",
            topic="rate_limits",
            keys=named(rb"better-auth:(?P<id>(?P<client>[^|]+)\|/.*)"),
            id_glob=lambda variable: "*|*",
            type="string",
            value=is_count,
            also=expires,
            evidence="better-auth:<client>|<path>, a number that expires",
            dialect="fixed window",
        ),
        Layout(
            name="NestJS throttler",
            topic="rate_limits",
            keys=named(rb"\{(?P<id>[0-9a-f]{64}):[^:}]{1,60}\}:hits"),
            type="string",
            value=is_count,
            also=expires,
            evidence="{<SHA-256>:<throttler>}:hits, a number that expires; the client is part of the hash",
            dialect="NestJS throttler",
        ),
        Layout(
            name="NestJS throttler (blocked)",
            topic="other",
            keys=named(rb"\{(?P<id>[0-9a-f]{64}):[^:}]{1,60}\}:blocked"),
            type="string",
            value=is_count,
            also=expires,
            evidence="{<SHA-256>:<throttler>}:blocked, shown with the client's hits",
        ),
    ),
    limits=(NestThrottler("NestJS throttler"), FixedWindow("rate-limiter-flexible", blocking=b"")),
)
