"""Whether a hit rate has fallen: that is news for some minutes; a rate that stays lower is the usual one then."""

from __future__ import annotations

import math

from redis_dash.core.frames.cache import ENOUGH_LOOKUPS, FALL_IS_NEWS_S

FALL = 0.15
"""A rate that is this far below the usual one has fallen."""
DEVIATIONS = 3.5
"""The least number of standard deviations: the rate of a few lookups varies by itself."""
LEFT = 0.5
"""The fall lasts while this share of the distance is left, so that it does not come and go with each reading."""


class FallingRate:
    """Remembers the rate from which another one has fallen."""

    def __init__(self) -> None:
        self.is_usual = False
        """Whether the last rate is that of a fall which has lasted so long that it is no news any more."""
        self._before: float | None = None
        """The usual rate when the fall began; None while there is no fall."""
        self._began_at = 0.0

    @property
    def lasts(self) -> bool:
        """Whether there is a fall, also while nobody looks anything up."""
        return self._before is not None

    def judge(self, usual: float | None, now: float | None, lookups: int | None, at: float) -> bool | None:
        """Whether the rate of the last lookups is a fallen one; None if that cannot be said.

        Args:
            at: the present moment, in seconds.
        """
        self.is_usual = False
        before = usual if self._before is None else self._before
        if before is None or now is None or lookups is None or lookups < ENOUGH_LOOKUPS:
            return None
        distance = max(FALL, DEVIATIONS * math.sqrt(before * (1 - before) / lookups))
        is_low = before - now >= distance * (1.0 if self._before is None else LEFT)
        if is_low and self._before is None:
            self._began_at = at
        self.is_usual = is_low and at - self._began_at >= FALL_IS_NEWS_S
        self._before = before if is_low and not self.is_usual else None
        return is_low and not self.is_usual
