"""What the judge found: figures looked at, wrong ones by kind, and how often intervals held the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

EXAMPLES = 3
"""Wrong figures of one kind that are told in full."""
LEAST_SHARE, MOST_SHARE = 0.93, 0.99
"""Intervals are meant at 95 %."""
ENOUGH = 500
"""Frames from which on a share says something: those of one pass hold, or do not, together."""


class Tally:
    """Adds up over phases, scenes and servers."""

    def __init__(self) -> None:
        self.frames = 0
        self.figures = 0
        self.wrong: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = defaultdict(list)
        self.certainties: dict[str, Counter[str]] = defaultdict(Counter)
        """Of each count: how often it was of which certainty."""
        self.intervals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        """Of each count and certainty: frames, and those that held the truth."""
        self.missed: dict[str, list[str]] = defaultdict(list)

    def check(self, what: str, right: bool, told: Callable[[], str]) -> None:
        """A figure that must be right."""
        self.figures += 1
        if not right:
            self.wrong[what] += 1
            if len(self.examples[what]) < EXAMPLES:
                self.examples[what].append(told())

    def interval(self, what: str, certainty: str, held: bool, told: Callable[[], str]) -> None:
        """A figure whose interval must hold the truth nearly always."""
        self.figures += 1
        counts = self.intervals[f"{what}, {certainty}"]
        counts[0] += 1
        counts[1] += held
        examples = self.missed[f"{what}, {certainty}"]
        if not held and len(examples) < EXAMPLES:
            examples.append(told())

    @property
    def held(self) -> float | None:
        """Share of all intervals that held the truth."""
        frames = sum(counts[0] for counts in self.intervals.values())
        return sum(counts[1] for counts in self.intervals.values()) / frames if frames else None

    def too_narrow(self) -> list[str]:
        """Which intervals held the truth too seldom."""
        return [
            name for name, (frames, held) in self.intervals.items() if frames >= ENOUGH and held < LEAST_SHARE * frames
        ]

    @property
    def good(self) -> bool:
        """Nothing is wrong, and the intervals hold what they promise."""
        return not self.wrong and not self.too_narrow() and (self.held is None or self.held >= LEAST_SHARE)

    def add(self, other: Tally) -> None:
        """Another one's findings."""
        self.frames += other.frames
        self.figures += other.figures
        self.wrong.update(other.wrong)
        for what, certainties in other.certainties.items():
            self.certainties[what].update(certainties)
        for what, (frames, held) in other.intervals.items():
            self.intervals[what][0] += frames
            self.intervals[what][1] += held
        for mine, theirs in ((self.examples, other.examples), (self.missed, other.missed)):
            for what, examples in theirs.items():
                mine[what] = [*mine[what], *examples][:EXAMPLES]
