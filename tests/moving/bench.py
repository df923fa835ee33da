"""What the judges of the topics share: the tally, and how a count is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from redis_dash.core.certainty import Count
from tests.moving.observer import Seen
from tests.moving.recording import Recording
from tests.moving.tally import Tally
from tests.moving.timeline import Span, Timeline, Values

PASS_S = 1.0
"""Longest duration of a pass at full speed: keys that expire meanwhile may have been counted."""

LEAST = 20
"""Counts of fewer keys are not judged by their relative errors: one key is too much of them."""


class Bench:
    """Checks the values of one scene."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.world = recording.world
        self.tally = Tally()

    def place(self, span: Span) -> str:
        """The phase and time at which something was seen."""
        begin, name = self.recording.phases[0][0], ""
        for moment, phase in self.recording.phases:
            if moment <= span.end:
                name = phase
        return f"{self.recording.where}, {span.begin - begin:.2f}..{span.end - begin:.2f} s, {name}"

    def check(self, what: str, right: bool, seen: Seen | Span, message: str, timeline: Timeline | None = None) -> None:
        """Check a value that must be right."""
        span = seen.span if isinstance(seen, Seen) else seen
        self.tally.check(what, right, lambda: self._describe(span, message, timeline))

    def count(
        self, what: str, count: Count, seen: Seen, timeline: Timeline, more: Callable[[], str] | None = None
    ) -> None:
        """Check a count against what its certainty claims.

        Args:
            more: explains a wrong count of keys that are checked one by one while they change.
        """
        truth = timeline.values(*seen.span)
        self.tally.certainties[what][count.certainty] += 1
        message = f"shown {_shown(count)}, truth {truth}"
        right = truth.has(count.value) if more is None else truth.has_apart(count.value)
        if more is not None and not right and count.certainty == "exact":
            message += more()
        rested_at = self.recording.rested_at
        if rested_at is not None and seen.span.begin > rested_at:
            self.check(
                f"{what}: right at rest", right or _is_right_at_rest(count, seen, timeline), seen, message, timeline
            )
        sound = count.low <= count.value and (count.high is None or count.value <= count.high)
        if count.certainty != "unknown":
            self.check(f"{what}: value within its own bounds", sound, seen, message)
        if count.certainty in ("counted", "estimated") and truth.low >= LEAST:
            self.tally.error(f"{what}, {count.certainty}", 2 * count.value / (truth.low + truth.high) - 1)
        if count.certainty == "exact":
            whole = count.coverage == 1.0 and count.low == count.value == count.high
            self.check(f"{what}: exact, and whole", whole, seen, message)
            self.check(f"{what}: exact", right, seen, message, timeline)
        elif count.certainty == "at_least":
            self.check(f"{what}: at least", truth.high >= count.low, seen, message, timeline)
            if count.high is not None:
                self._interval(f"{what}, upper bound", count, truth.low <= count.high, seen, message, timeline)
        elif count.certainty == "unknown":
            self.check(
                f"{what}: unknown, at most", count.high is None or truth.low <= count.high, seen, message, timeline
            )
        else:
            self._interval(what, count, holds(count, truth), seen, message, timeline)

    def _interval(self, what: str, count: Count, held: bool, seen: Seen, message: str, timeline: Timeline) -> None:
        self.tally.interval(what, count.certainty, held, lambda: self._describe(seen.span, message, timeline))

    def _describe(self, span: Span, message: str, timeline: Timeline | None) -> str:
        lines = [f"{self.place(span)}: {message}"]
        for step in timeline.around(*span) if timeline else ():
            begin, end = step.span.begin - span.begin, step.span.end - span.begin
            lines.append(f"  {begin:+.3f}..{end:+.3f} s: {step.delta:+d}{' by the clock' if step.by_clock else ''}")
        return "\n".join(lines)


class TopicJudge(Protocol):
    """Judges the frames of one topic, in order."""

    def __init__(self, bench: Bench) -> None:
        """Judge one scene."""

    def judge(self, seen: Seen) -> None:
        """Judge one reading with a good status and a frame."""


def holds(count: Count, truth: Values) -> bool:
    """Whether the interval holds one of the values."""
    return count.low <= truth.high and (count.high is None or truth.low <= count.high)


def _is_right_at_rest(count: Count, seen: Seen, timeline: Timeline) -> bool:
    """Whether a count is right while nothing is written: it may be a little old, so keys may have expired since.

    A count with bounds may be off by 1 %, within its bounds: expired keys are estimated from the earlier rate.
    """
    if count.certainty == "counted":
        lately = timeline.values(min(count.at, seen.span.begin) - PASS_S, seen.span.end)
        off = max(lately.low - count.value, count.value - lately.high, 0)
        if count.low < count.value and holds(count, timeline.values(*seen.span)):
            return off <= 1 + count.value / 100
        return off == 0
    return count.certainty in ("estimated", "at_least")  # these are judged elsewhere


def _shown(count: Count) -> str:
    return f"{count.value} {count.certainty} ({count.low}..{count.high}, {count.coverage:.1%} scanned)"
