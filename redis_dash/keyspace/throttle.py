"""How many keys the scan requests at once, and how long it pauses before the next slice."""

from __future__ import annotations

from collections import deque
from statistics import median

FIRST_COUNT = 1000
LEAST_COUNT, MOST_COUNT = 50, 3000
"""3,000 keys take a server 0.8 ms. ``benchmarks.scan_cluster`` with 2,000: 1.13 of our processor time; with 5,000: the
same, but 1.1 of the servers'.
"""
BACKGROUND_S, FOREGROUND_S = (0.001, 0.003), (0.004, 0.02)
"""A faster slice may grow, a slower one must shrink: no other client should wait longer behind one of ours."""
FREE_SLICES = 6
"""First slices, which do not wait for the budget, so that the panes show something soon; later slices pay it back."""
CREDIT_S = 1.0
"""The budget of this time may be saved up and spent at once."""
DEBT_S = 5.0
"""The scan never pauses longer than this: what was spent above the budget of this time is not paid back."""
LEAST_PART = 0.3
"""Part of the budget that a pass may use whatever our other commands take: otherwise it would take hours."""
AIM = 0.9
"""Share of the budget that is aimed at: the cost of a command is known only afterwards."""
PINGS, QUIET_PINGS = 5, 300
HELD_BACK_MS = 2.0
"""Latency this far above the baseline, and twice the baseline, slows the scan, whoever causes it."""
LEAST_MS = 0.001
"""The least time that a ping is taken to last."""
LEAST_SHARE = 0.1
"""Least share of the budget, even if the server answers slowly: otherwise a pass would never end."""


class _Account:
    """The server's time that may be spent: it grows with time, and is below 0 after more was spent."""

    def __init__(self, rate: float) -> None:
        """``rate`` is a share of one server core."""
        self.balance_s = 0.0
        self._rate = rate

    def settle(self, elapsed_s: float, spent_s: float, share: float) -> None:
        """Add the budget of a time, of which only ``share`` is in use, and take off what was spent."""
        rate = self._rate * share
        balance_s = self.balance_s + elapsed_s * rate - spent_s
        self.balance_s = max(-DEBT_S * rate, min(balance_s, CREDIT_S * self._rate))

    def rest_s(self, share: float) -> float:
        """How long it takes until the balance is 0 again."""
        return max(0.0, -self.balance_s / (self._rate * share))


class Throttle:
    """Keeps the cost of all our commands within the budget by delaying the scan, down to its least part of it."""

    def __init__(self, budget: float) -> None:
        """``budget`` is a share of one server core."""
        self._count = FIRST_COUNT
        self._all = _Account(budget * AIM)
        self._scan = _Account(budget * AIM * LEAST_PART)
        self._spent_s = self._scan_spent_s = 0.0
        self._at: float | None = None
        self._free_slices = FREE_SLICES
        self._pings: deque[float] = deque(maxlen=QUIET_PINGS)
        self.share = 1.0
        """Share of the budget in use; less than 1 while pings take long."""

    @property
    def held_back(self) -> bool:
        """Whether the scan is slower than the budget allows because pings take longer than they usually do."""
        return self.share < 1

    def count(self, *, in_background: bool) -> int:
        """COUNT for the next SCAN; ``in_background`` if no user waits for the pass."""
        return min(self._count, FIRST_COUNT) if in_background else self._count

    def observe_ping(self, ping_ms: float) -> None:
        """Take a ping's round trip into account."""
        self._pings.append(ping_ms)
        if len(self._pings) < PINGS:
            return
        now = max(LEAST_MS, self.ping_ms or 0.0)
        bearable = max(2 * self._quiet_ms, self._quiet_ms + HELD_BACK_MS)
        self.share = max(LEAST_SHARE, min(1.0, bearable / now))

    @property
    def ping_ms(self) -> float | None:
        """The median of the last few pings; None before there are some."""
        return median(list(self._pings)[-PINGS:]) if len(self._pings) >= PINGS else None

    @property
    def _quiet_ms(self) -> float:
        """The baseline latency: the 20th percentile."""
        return sorted(self._pings)[len(self._pings) // 5] if self._pings else 0.0

    def took(self, seconds: float, *, in_background: bool) -> None:
        """Adapt the size of the next slice to the time that the latest one took."""
        quick_s, slow_s = BACKGROUND_S if in_background else FOREGROUND_S
        seconds -= self._quiet_ms / 1000
        if seconds < quick_s:
            self._count = min(FIRST_COUNT if in_background else MOST_COUNT, self._count + self._count // 2)
        elif seconds > slow_s:
            self._count = max(LEAST_COUNT, self._count // 2)

    def rest_s(self, spent_s: float, scan_spent_s: float, now: float) -> float:
        """How long to pause before the next slice.

        Args:
            spent_s: the server's time that all our commands took until ``now`` (monotonic).
            scan_spent_s: the part of it that passes took: SCAN, and what was asked about the keys that it returned.
        """
        if self._at is not None:
            elapsed_s = now - self._at
            self._all.settle(elapsed_s, spent_s - self._spent_s, self.share)
            self._scan.settle(elapsed_s, scan_spent_s - self._scan_spent_s, self.share)
        self._at, self._spent_s, self._scan_spent_s = now, spent_s, scan_spent_s
        if self._free_slices:
            self._free_slices -= 1
            return 0.0
        return min(self._all.rest_s(self.share), self._scan.rest_s(self.share))

    def reset_balance(self, spent_s: float, scan_spent_s: float, now: float) -> None:
        """Forget the time that was spent until now, as at full speed: later slices do not pay it back."""
        self._at, self._spent_s, self._scan_spent_s = now, spent_s, scan_spent_s
        self._all.balance_s = self._scan.balance_s = 0.0
