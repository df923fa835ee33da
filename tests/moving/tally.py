"""The judge's findings: checked values, wrong ones by kind, and how often intervals held the true value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

EXAMPLES = 3
"""Wrong values of one kind that are printed in full."""
LEAST_SHARE, MOST_SHARE = 0.93, 0.99
"""Share of intervals that must hold the true value; they are 95 % intervals."""
MOST_BIAS = 0.06
"""Largest mean relative error of a count that is not exact: errors in both directions must cancel out. Frames of one
pass are wrong in the same direction, and a run has few passes."""
ENOUGH = 500
"""Least number of frames for a meaningful share, because the frames of one pass are not independent."""
FEW, GROSS_SHARE, GROSS_BIAS = 100, 0.8, 0.15
"""So many frames are enough to see that a share is far too small, or an error far too large."""


class Tally:
    """Sums findings over phases, scenes and servers."""

    def __init__(self) -> None:
        self.frames = 0
        self.figures = 0
        self.wrong: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = defaultdict(list)
        self.certainties: dict[str, Counter[str]] = defaultdict(Counter)
        """For each count: how often it had each certainty."""
        self.intervals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        """For each count and certainty: frames, and frames whose interval held the true value."""
        self.errors: dict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
        """For each count that is not exact: frames, and the sum of the relative errors of its value."""
        self.missed: dict[str, list[str]] = defaultdict(list)

    def check(self, what: str, right: bool, message: Callable[[], str]) -> None:
        """Check a value that must be right."""
        self.figures += 1
        if not right:
            self.wrong[what] += 1
            if len(self.examples[what]) < EXAMPLES:
                self.examples[what].append(message())

    def interval(self, what: str, certainty: str, held: bool, message: Callable[[], str]) -> None:
        """Check a value whose interval must hold the true value nearly always."""
        self.figures += 1
        counts = self.intervals[f"{what}, {certainty}"]
        counts[0] += 1
        counts[1] += held
        examples = self.missed[f"{what}, {certainty}"]
        if not held and len(examples) < EXAMPLES:
            examples.append(message())

    def error(self, what: str, relative: float) -> None:
        """Note how far a value is from the true value, relative to it."""
        self.figures += 1
        frames, total = self.errors[what]
        self.errors[what] = frames + 1, total + relative

    def bias(self, what: str) -> float:
        """The mean relative error of a count."""
        frames, total = self.errors[what]
        return total / frames

    def biased(self) -> list[str]:
        """The counts whose values are too low or too high on average."""
        return [
            name
            for name, (frames, _) in self.errors.items()
            if (frames >= ENOUGH and abs(self.bias(name)) > MOST_BIAS)
            or (frames >= FEW and abs(self.bias(name)) > GROSS_BIAS)
        ]

    @property
    def held(self) -> float | None:
        """Share of all intervals that held the true value."""
        frames = sum(counts[0] for counts in self.intervals.values())
        return sum(counts[1] for counts in self.intervals.values()) / frames if frames else None

    def too_narrow(self) -> list[str]:
        """The intervals that held the true value too rarely."""
        return [
            name
            for name, (frames, held) in self.intervals.items()
            if (frames >= ENOUGH and held < LEAST_SHARE * frames) or (frames >= FEW and held < GROSS_SHARE * frames)
        ]

    @property
    def good(self) -> bool:
        """Whether no value is wrong, no interval is too narrow and no count is biased."""
        return not (self.wrong or self.too_narrow() or self.biased()) and (
            self.held is None or self.held >= LEAST_SHARE
        )

    def add(self, other: Tally) -> None:
        """Add the findings of another tally."""
        self.frames += other.frames
        self.figures += other.figures
        self.wrong.update(other.wrong)
        for what, certainties in other.certainties.items():
            self.certainties[what].update(certainties)
        for what, (frames, held) in other.intervals.items():
            self.intervals[what][0] += frames
            self.intervals[what][1] += held
        for what, (number, total) in other.errors.items():
            frames_so_far, total_so_far = self.errors[what]
            self.errors[what] = frames_so_far + number, total_so_far + total
        for mine, theirs in ((self.examples, other.examples), (self.missed, other.missed)):
            for what, examples in theirs.items():
                mine[what] = [*mine[what], *examples][:EXAMPLES]
