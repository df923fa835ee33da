"""A number that changes by steps; each moment of a step is known only as an interval."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

CLOCK_MARGIN_S = (0.002, 0.010)
"""How much earlier or later than our clock the server's clock may end a lifetime."""


class Span(NamedTuple):
    """An interval in which something happened, in Unix epoch seconds."""

    begin: float
    end: float


def around(moment: float) -> Span:
    """The interval of our clock in which the server's clock passes a moment."""
    return Span(moment - CLOCK_MARGIN_S[0], moment + CLOCK_MARGIN_S[1])


class Step(NamedTuple):
    """One change of the number."""

    span: Span
    delta: int
    by_clock: bool
    """Whether time caused the step, as in an expiry; its order among the application's steps is not known."""


class Values(NamedTuple):
    """The values that a number can have had during an interval."""

    base: int
    written: frozenset[int]
    """The possible sums of the application's steps, in their order."""
    passed: frozenset[int]
    """The possible sums of the steps that time caused."""
    ups: int
    downs: int
    """The sums of all upward steps and of all downward steps of the interval."""

    @property
    def low(self) -> int:
        """The smallest possible value."""
        return self.base + min(self.written) + min(self.passed)

    @property
    def high(self) -> int:
        """The largest possible value."""
        return self.base + max(self.written) + max(self.passed)

    def has(self, value: int) -> bool:
        """Whether this value is possible."""
        return any(value - self.base - step in self.passed for step in self.written)

    def has_apart(self, value: int) -> bool:
        """Whether this value is possible for a count that checks keys one by one, each at another moment."""
        return self.base + self.downs <= value <= self.base + self.ups

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}..{self.high}"


class Timeline:
    """A number over time; it is written while the scene plays, and read after its end."""

    __slots__ = ("_begins", "_longest", "_sorted", "_steps", "_sums", "value")

    def __init__(self) -> None:
        self.value = 0
        """The number after all steps so far."""
        self._steps: list[Step] = []
        self._sorted = True
        self._begins: list[float] = []
        self._sums: list[int] = []
        self._longest = 0.0

    def step(self, span: Span, delta: int, *, by_clock: bool = False) -> None:
        """Note a change of the number."""
        self.value += delta
        self._steps.append(Step(span, delta, by_clock))
        self._longest = max(self._longest, span.end - span.begin)
        self._sorted = False

    @property
    def steps(self) -> list[Step]:
        """All steps so far."""
        return self._steps

    def values(self, begin: float, end: float, clock_from: float = 0.0) -> Values:
        """The values that are possible between ``begin`` and ``end``.

        Args:
            clock_from: steps that time caused before this moment have happened.
        """
        self._sort()
        last = bisect_right(self._begins, end)
        first = bisect_left(self._begins, begin - self._longest, 0, last)
        steps = [step for step in self._steps[first:last] if step.span.end >= max(begin, clock_from * step.by_clock)]
        base = (self._sums[last - 1] if last else 0) - sum(step.delta for step in steps)
        written = accumulate((step.delta for step in steps if not step.by_clock), initial=0)
        passed = accumulate((step.delta for step in steps if step.by_clock), initial=0)
        ups = sum(step.delta for step in steps if step.delta > 0)
        downs = sum(step.delta for step in steps if step.delta < 0)
        return Values(base, frozenset(written), frozenset(passed), ups, downs)

    def around(self, begin: float, end: float, count: int = 4) -> list[Step]:
        """The steps during an interval, and a few before and after it: at most 3 * ``count``."""
        self._sort()
        first, last = bisect_left(self._begins, begin), bisect_right(self._begins, end)
        within = self._steps[first:last]
        within = within if len(within) <= count else [*within[: count // 2], *within[-count // 2 :]]
        return [*self._steps[max(0, first - count) : first], *within, *self._steps[last : last + count]]

    def _sort(self) -> None:
        if not self._sorted:
            self._steps.sort(key=lambda step: step.span.begin)
            self._begins = [step.span.begin for step in self._steps]
            self._sums = list(accumulate(step.delta for step in self._steps))
            self._sorted = True
