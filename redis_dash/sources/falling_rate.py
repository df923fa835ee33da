"""Whether a hit rate has fallen: it stays so for as long as the rate is low, not only until that is the usual rate."""

from __future__ import annotations

import math

from redis_dash.core.frames.cache import ENOUGH_LOOKUPS

FALL = 0.15
"""A rate that is this far below the usual one has fallen."""
DEVIATIONS = 3.5
"""The least number of standard deviations: the rate of a few lookups varies by itself."""
LEFT = 0.5
"""The fall lasts while this share of the distance is left, so that it does not come and go with each reading."""


class FallingRate:
    """Remembers the rate from which another one has fallen."""

    def __init__(self) -> None:
        self._before: float | None = None
        """The usual rate when the fall began; None while there is no fall."""

    def judge(self, usual: float | None, now: float | None, lookups: int | None) -> bool | None:
        """Whether the rate of the last lookups is a fallen one; None if that cannot be said."""
        before = usual if self._before is None else self._before
        if before is None or now is None or lookups is None or lookups < ENOUGH_LOOKUPS:
            return None
        distance = max(FALL, DEVIATIONS * math.sqrt(before * (1 - before) / lookups))
        is_low = before - now >= distance * (1.0 if self._before is None else LEFT)
        self._before = before if is_low else None
        return is_low
