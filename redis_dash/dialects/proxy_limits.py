"""Limiters of proxies and Go middleware: Kong, Envoy, Traefik, ulule/limiter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import Framework, Layout, expires, named
from redis_dash.dialects.limit_values import IP, Counter, MustRead, bucket, count, is_count, is_number, number

_UUID = rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_SECONDS = {b"second": 1, b"minute": 60, b"hour": 3600, b"day": 86_400}
_WINDOW = re.compile(rb".*:(?P<ms>\d{13}):(?P<unit>[a-z]+)", re.DOTALL)
_DESCRIPTORS = rb"(?:remote_address|masked_remote_address|generic_key|header_match|destination_cluster|source_cluster)"


class Kong(Counter):
    """A counter for each window, whose begin and unit are in the name."""

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The counter; None if its window is over.

        Raises:
            OtherDialectError: the value is no count.
        """
        match = _WINDOW.fullmatch(key)
        if match is None:
            raise OtherDialectError("key of another name")
        if replies[0] is None:
            return None
        begin = int(match["ms"]) / 1000
        end = _end(begin, match["unit"])
        return Usage(count(replies[0]), end - now, window_s=end - begin, resets=True) if now < end else None


def _end(begin: float, unit: bytes) -> float:
    """When a window ends; months and years follow the calendar."""
    if unit in _SECONDS:
        return begin + _SECONDS[unit]
    day = datetime.fromtimestamp(begin, UTC)
    months = 1 if unit == b"month" else 12
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=1).timestamp()


class Envoy(Counter):
    """A counter for each window, whose begin is in the name, but not its length: the key lives longer, at random."""

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """What the key holds; it may be of a window that is over.

        Raises:
            OtherDialectError: the value is no count.
        """
        if replies[0] is None:
            return None
        begin = int(key[-10:]) if key[-10:].isdigit() else 0
        if rule is None:
            return Usage(count(replies[0]), None, may_be_over=True, resets=True)
        end = begin + rule.window_s
        return Usage(count(replies[0]), end - now, resets=True) if now < end else None


class Traefik(MustRead):
    """A hash of the tokens that were left, below 0 for waiting requests, and of the time in µs."""

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the hash."""
        return [(b"HGETALL", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """What is left.

        Raises:
            OtherDialectError: the hash has other fields.
        """
        found = replies[0]
        if not isinstance(found, list) or not found:
            return None
        fields = dict(zip(found[::2], found[1::2], strict=True))
        tokens, last = number(fields.get(b"tokens")), number(fields.get(b"last"))
        if tokens is None or last is None:
            raise OtherDialectError("hash")
        return bucket(tokens, last / 1e6, now, rule)


def _is_traefik(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {b"last", b"tokens"} and all(map(is_number, value.values()))


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Kong",
            topic="rate_limits",
            keys=named(
                rb"ratelimit:(?P<id>%(uuid)b:%(uuid)b:(?P<client>.+):\d{13}):(?:second|minute|hour|day|month|year)"
                % {b"uuid": _UUID}
            ),
            type="string",
            value=is_count,
            also=expires,
            evidence="ratelimit:<UUID>:<UUID>:<client>:<ms>:minute, a number that expires",
            dialect="Kong",
        ),
        Layout(
            name="Envoy",
            topic="rate_limits",
            keys=re.compile(
                rb"[\w.-]{1,100}?_(?P<id>(?:.{0,200}_)?%b_(?P<client>%b|[^_]+)_(?:.*_)?\d{10})" % (_DESCRIPTORS, IP),
                re.DOTALL,
            ),
            type="string",
            value=is_count,
            also=expires,
            evidence="<domain>_remote_address_<address>_<begin of the window>, a number that expires",
            dialect="Envoy",
        ),
        Layout(
            name="Traefik",
            topic="rate_limits",
            keys=named(rb"rate:(?P<id>[^:]+:(?P<client>.+))"),
            type="hash",
            value=_is_traefik,
            also=expires,
            evidence="rate:<middleware>:<client>, a hash of last and tokens",
            dialect="Traefik",
        ),
        Layout(
            name="ulule/limiter",
            topic="rate_limits",
            keys=named(rb"limiter:(?P<id>%b)" % IP),
            type="string",
            value=is_count,
            also=expires,
            confidence="likely",
            evidence="limiter:<address>, a number that expires",
            dialect="fixed window",
        ),
    ),
    limits=(Kong("Kong"), Envoy("Envoy"), Traefik("Traefik")),
)
