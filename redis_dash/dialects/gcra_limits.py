"""Limiters that hold only a time, see ``Gcra``: redis_rate and throttled in Go, and the module redis-cell."""

from __future__ import annotations

import re

from redis_dash.dialects.gcra import Gcra
from redis_dash.dialects.layout import Framework, Layout, literally, named
from redis_dash.dialects.limit_values import AFTER_PREFIX, IP, WITHOUT_PREFIX

_SECONDS = Gcra("redis_rate", 1, 1_483_228_800)
"""Seconds since 2017."""
_NANOSECONDS = Gcra("GCRA in nanoseconds", 10**9, 0)
_DECIMALS = re.compile(rb"\d{9,10}(?:\.\d+)?")


def _is_since_2017(value: object) -> bool:
    return isinstance(value, bytes) and _DECIMALS.fullmatch(value) is not None


def _is_in_nanoseconds(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 19 and value.isdigit()


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="redis_rate",
            topic="rate_limits",
            keys=named(rb"rate:(?P<id>.+)"),
            type="string",
            value=_is_since_2017,
            also=_SECONDS.ends_then,
            evidence="rate:<client>, the seconds since 2017 at which the key ends",
            dialect=_SECONDS.name,
        ),
        Layout(
            name="throttled (Go)",
            topic="rate_limits",
            keys=re.compile(
                rb"(?:[^\n]{0,100}?[^0-9A-Za-z\n](?=%(ip)b\n))?(?P<id>(?P<client>[^\n]+)(?:\n[^\n]*)*)\n" % {b"ip": IP}
            ),
            type="string",
            value=_is_in_nanoseconds,
            also=_NANOSECONDS.ends_then,
            evidence="<prefix><client> and a line feed, the time in ns at which the key ends",
            dialect=_NANOSECONDS.name,
        ),
        Layout(
            name="redis-cell",
            topic="rate_limits",
            keys=AFTER_PREFIX,
            type="string",
            value=_is_in_nanoseconds,
            also=_NANOSECONDS.ends_then,
            evidence="<prefix>:<client>, the time in ns at which the key ends",
            dialect=_NANOSECONDS.name,
        ),
        Layout(
            name="redis-cell (single key)",
            topic="rate_limits",
            keys=WITHOUT_PREFIX,
            id_glob=literally,
            type="string",
            value=_is_in_nanoseconds,
            also=_NANOSECONDS.ends_then,
            evidence="the time in ns at which the key ends",
            dialect=_NANOSECONDS.name,
        ),
    ),
    limits=(_SECONDS, _NANOSECONDS),
)
