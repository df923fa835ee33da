"""The generic cell rate algorithm: a key holds only the time at which nothing is used any more."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from redis_dash.core.frames.rate_limits import near_from
from redis_dash.core.resp import Command
from redis_dash.dialects.base import OtherDialectError, Rule, Usage
from redis_dash.dialects.layout import KeySample
from redis_dash.dialects.limit_values import MustRead, ends_at, is_time, number


class Gcra(MustRead):
    """A time in one unit, counted from one moment. How much is used follows from it only with a rule."""

    def __init__(self, name: str, per_second: int, epoch: int) -> None:
        super().__init__(name)
        self._per_second, self._epoch = per_second, epoch

    def time(self, value: object) -> float | None:
        """The time that a value holds, in seconds since 1970."""
        found = number(value)
        return None if found is None else found / self._per_second + self._epoch

    def ends_then(self, sample: KeySample) -> bool:
        """Whether a sampled key ends about at the time that its value holds."""
        at = self.time(sample.value)
        return at is not None and ends_at(sample, at, time.time())

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the value."""
        return [(b"GET", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """What is used by a rule; without one only how long it takes until nothing is.

        Raises:
            OtherDialectError: the value is no time.
        """
        if replies[0] is None:
            return None
        at = self.time(replies[0])
        if at is None or not is_time(at):
            raise OtherDialectError("no point in time")
        left_s = max(0.0, at - now)
        if rule is None:
            return Usage(0, None, clear_s=left_s)
        each_s = rule.window_s / rule.limit
        used = math.ceil(left_s / each_s - 1e-9)
        least = near_from(rule.limit)
        near_s = left_s - (least - 1) * each_s if used >= least else None
        return Usage(used, left_s - (min(used, rule.limit) - 1) * each_s if used else None, near_s=near_s)
