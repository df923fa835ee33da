"""The dialects, in the order in which they are tried: if one does not fit a key, the next one is tried."""

from __future__ import annotations

from redis_dash.dialects.base import LimitDialect, SessionDialect
from redis_dash.dialects.fixed_window import FixedWindow
from redis_dash.dialects.json_session import JsonSession
from redis_dash.dialects.sliding_window import SlidingWindow

SESSION_DIALECTS: list[SessionDialect] = [JsonSession()]
LIMIT_DIALECTS: list[LimitDialect] = [
    SlidingWindow("sliding window", 1),
    SlidingWindow("sliding window, ms", 1_000),
    SlidingWindow("sliding window, µs", 1_000_000),
    FixedWindow(),
]
