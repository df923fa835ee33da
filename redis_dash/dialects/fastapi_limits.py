"""Limiters of FastAPI: fastapi-limiter 0.1, and pyrate-limiter, which fastapi-limiter uses from 0.2 on."""

from __future__ import annotations

import re

from redis_dash.dialects.layout import Framework, Layout, expires, literally, named
from redis_dash.dialects.limit_values import is_count

_MEMBER = re.compile(rb".+:[0-9a-f]{10}:\d{1,9}", re.DOTALL)


def _are_requests(value: object) -> bool:
    """Whether a sorted set holds requests of any client, with their times in milliseconds."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(_MEMBER.fullmatch(member) is not None and 1e12 < score < 1e13 for member, score in value)
    )


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="fastapi-limiter",
            topic="rate_limits",
            keys=named(rb"fastapi-limiter:(?P<id>(?:ws:)?(?P<client>.+?)(?::/.*|:\d{1,6}:\d{1,6}))"),
            type="string",
            value=is_count,
            also=expires,
            evidence="fastapi-limiter:<client>:<path>:<n>:<n>, a number that expires",
            dialect="fixed window",
        ),
        Layout(
            name="pyrate-limiter",
            topic="rate_limits",
            keys=re.compile(rb"(?P<id>.{1,200})", re.DOTALL),
            id_glob=literally,
            type="zset",
            value=_are_requests,
            evidence="sorted set, members <client>:…:<10 hex digits>:<n> with times in ms; one bucket for all clients",
            dialect="sliding window, ms",
        ),
    ),
)
