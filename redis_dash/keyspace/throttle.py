"""How many keys the next slice of a scan asks for, and how long to rest before it."""

from __future__ import annotations

from collections import deque
from statistics import median

FIRST_COUNT = 1000
LEAST_COUNT, MOST_COUNT = 50, 2000
BACKGROUND_S, FOREGROUND_S = (0.001, 0.003), (0.004, 0.02)
"""A slice that takes less may grow, one that takes more must shrink: nobody should wait longer behind one of ours."""
FREE_SLICES = 6
"""Slices at the start that do not wait for the budget; it is paid back afterwards. They make the panes useful."""
CREDIT_S = 1.0
"""What was not spent for this long may be spent at once."""
AIM = 0.9
"""Share of the budget that is aimed at: prices are known only afterwards."""
PINGS, QUIET_PINGS = 5, 300
HELD_BACK_MS = 2.0
"""Pings so much longer, and twice as long, as the quiet ones mean that the server has something better to do."""
LEAST_MS = 0.001
"""A ping that took no time that a clock can tell."""
LEAST_SHARE = 0.1
"""Of the budget, however slow the server answers: otherwise a pass would never end."""


class Throttle:
    """Keeps all that we ask of the server, not the scan alone, within the budget: the scan is what can wait."""

    def __init__(self, budget: float) -> None:
        """``budget`` is a share of one server core."""
        self._count = FIRST_COUNT
        self._budget = budget * AIM
        self._balance_s = 0.0
        self._spent_s = 0.0
        self._at: float | None = None
        self._free_slices = FREE_SLICES
        self._pings: deque[float] = deque(maxlen=QUIET_PINGS)
        self.share = 1.0
        """Share of the budget that is used; less than 1 while the server answers slowly."""

    @property
    def held_back(self) -> bool:
        """Does the server answer so slowly that we ask less than we may?"""
        return self.share < 1

    def count(self, *, in_background: bool) -> int:
        """For the next SCAN; ``in_background`` where nobody waits for the pass."""
        return min(self._count, FIRST_COUNT) if in_background else self._count

    def observe_ping(self, ping_ms: float) -> None:
        """A ping's round trip."""
        self._pings.append(ping_ms)
        if len(self._pings) < PINGS:
            return
        now = max(LEAST_MS, median(list(self._pings)[-PINGS:]))
        bearable = max(2 * self._quiet_ms, self._quiet_ms + HELD_BACK_MS)
        self.share = max(LEAST_SHARE, min(1.0, bearable / now))

    @property
    def _quiet_ms(self) -> float:
        """What a fifth of the pings stay below."""
        return sorted(self._pings)[len(self._pings) // 5] if self._pings else 0.0

    def took(self, seconds: float, *, in_background: bool) -> None:
        """A slice took so long to answer, all in all: fit the next one's size to it."""
        quick_s, slow_s = BACKGROUND_S if in_background else FOREGROUND_S
        seconds -= self._quiet_ms / 1000
        if seconds < quick_s:
            self._count = min(FIRST_COUNT if in_background else MOST_COUNT, self._count + self._count // 2)
        elif seconds > slow_s:
            self._count = max(LEAST_COUNT, self._count // 2)

    def rest_s(self, spent_s: float, now: float) -> float:
        """How long to wait, when the server has spent ``spent_s`` on us altogether until ``now`` (monotonic)."""
        if self._at is not None:
            self._balance_s += (now - self._at) * self._budget * self.share - (spent_s - self._spent_s)
            self._balance_s = min(self._balance_s, CREDIT_S * self._budget)
        self._at, self._spent_s = now, spent_s
        if self._free_slices:
            self._free_slices -= 1
            return 0.0
        return max(0.0, -self._balance_s / (self._budget * self.share))

    def reset_balance(self, spent_s: float, now: float) -> None:
        """What was spent until now was asked for: it is not to be saved up again."""
        self._at, self._spent_s, self._balance_s = now, spent_s, 0.0
