"""The rate of something over the last seconds."""

from __future__ import annotations

from collections import deque

WINDOW_S = 5.0


class Throughput:
    """Computes a rate; times are ``time.monotonic()``."""

    def __init__(self) -> None:
        self._total = 0
        self._marks: deque[tuple[float, int]] = deque()

    def add(self, number: int, now: float) -> None:
        """Add to the total."""
        if not self._marks:
            self._marks.append((now, 0))
        self._total += number
        if now - self._marks[-1][0] > WINDOW_S / 50:
            self._marks.append((now, self._total))

    def per_s(self, now: float) -> float:
        """The rate over the last seconds; 0 before the first ``add``."""
        while len(self._marks) > 1 and self._marks[1][0] <= now - WINDOW_S:
            self._marks.popleft()
        if not self._marks:
            return 0.0
        began_at, before = self._marks[0]
        return (self._total - before) / max(now - began_at, 0.1)
