"""What watching costs the server: our commands, weighed by the server's own time per command."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from operator import itemgetter

from redis_dash.model import Cost
from redis_dash.ownreads import Command

WINDOW_S = 10.0
"""The share is told over this long."""


class CostMeter:
    """Counts our commands; learns from ``INFO commandstats`` what each kind takes."""

    def __init__(self) -> None:
        self.errors = 0
        """Errors in this program itself."""
        self._calls: Counter[bytes] = Counter()
        self._priced: Counter[bytes] = Counter()
        self._usec: dict[bytes, float] = {}
        self._before: dict[bytes, tuple[int, int]] = {}
        self._server_ms = 0.0
        self._spent: deque[tuple[float, float]] = deque()

    def count(self, commands: Iterable[Command]) -> None:
        """Commands that were sent."""
        self._calls.update(map(itemgetter(0), commands))

    def usec(self, name: bytes) -> float | None:
        """The server's latest time for one command, in microseconds, if it has told."""
        return self._usec.get(name)

    @property
    def spent_s(self) -> float | None:
        """The server's time for all our commands so far, the latest at the latest prices; None where it tells none."""
        return self._server_ms / 1000 + self._unpriced_us() / 1e6 if self._usec else None

    def _unpriced_us(self) -> float:
        return sum((count - self._priced[name]) * self._usec.get(name, 0.0) for name, count in self._calls.items())

    def price(self, commandstats: Mapping[str, str], now: float) -> None:
        """Take in ``INFO commandstats``: what each kind took since the last time, for everybody."""
        for field, text in commandstats.items():
            name = field.removeprefix("cmdstat_").upper().encode()
            stats = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
            calls, usec = int(stats.get("calls", 0)), int(stats.get("usec", 0))
            calls_before, usec_before = self._before.get(name, (0, 0))
            if calls > calls_before and usec >= usec_before:
                self._usec[name] = (usec - usec_before) / (calls - calls_before)
            self._before[name] = (calls, usec)
        self._server_ms += self._unpriced_us() / 1000
        self._priced = Counter(self._calls)
        self._spent.append((now, self._server_ms))
        while len(self._spent) > 2 and self._spent[0][0] < now - WINDOW_S:
            self._spent.popleft()

    def cost(self) -> Cost:
        """The figures so far."""
        share = 0.0
        if len(self._spent) > 1:
            (began, before), (ended, after) = self._spent[0], self._spent[-1]
            share = (after - before) / 1000 / (ended - began) if ended > began else 0.0
        return Cost(commands=self._calls.total(), server_ms=self._server_ms, share=share, errors=self.errors)
