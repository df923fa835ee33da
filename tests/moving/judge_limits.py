"""Judges rate limits: the numbers of clients, blocked and near ones, and each row's usage as the limiter counts it."""

from __future__ import annotations

import bisect

from redis_dash.core.certainty import Count
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from tests.moving.bench import Bench
from tests.moving.fixed_window import FixedWindow
from tests.moving.levels import NEAR
from tests.moving.lifetimes import Lifetimes
from tests.moving.limiters import Limiter
from tests.moving.merged import merged
from tests.moving.observer import Seen
from tests.moving.sliding_window import SlidingWindow
from tests.moving.timeline import Span, Timeline

UNTOLD_AGE_S = 0.05
"""Rows younger than this show no age; an answer may also wait this long before it is read."""
RESET_TOLERANCE_S = 0.25
TAKEN_S = 0.02
"""A frame is taken this long before its reading ends, at most; windows that ended before must not be counted."""


class LimitsJudge:
    """Judges rows by the true values at the time when they were read, as their age says."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._requests = sorted(bench.recording.requests)
        limiters = bench.world.limiters
        self._count = merged([limiter.truth.count for limiter in limiters])
        self._blocked = merged([limiter.levels.blocked for limiter in limiters])
        self._near = merged([limiter.levels.near for limiter in limiters])

    def judge(self, seen: Seen) -> None:
        """Judge one frame."""
        frame = seen.reading.frame
        assert isinstance(frame, RateLimitsFrame)
        self._bench.count("limits", frame.count, seen, self._count)
        self._bench.count("blocked", frame.blocked, seen, self._blocked, lambda: self._differences(frame, seen))
        self._bench.count("near", frame.near, seen, self._near, lambda: self._differences(frame, seen))
        self._when_taken("blocked", frame.blocked, seen, self._blocked)
        self._when_taken("near", frame.near, seen, self._near)
        for row in frame.rows:
            self._row(row, frame, seen)

    def _when_taken(self, what: str, count: Count, seen: Seen, timeline: Timeline) -> None:
        """Judge a figure by the windows that had not ended when the frame was taken."""
        truth = timeline.values(*seen.span, clock_from=seen.span.end - TAKEN_S)
        most = truth.base + truth.ups
        right = truth.has_apart(count.value) if count.certainty == "exact" else count.low <= most
        self._bench.check(
            f"{what}: when taken", right, seen, f"shown {count.low} {count.certainty}, truth {truth}", timeline
        )

    def _differences(self, frame: RateLimitsFrame, seen: Seen) -> str:
        """The clients that were shown as blocked or near and were not, or the reverse."""
        rows = {row.key: row for row in frame.rows}
        lines = []
        for limiter in self._bench.world.limiters:
            for key, used in limiter.levels.used.items() if limiter.limit is not None else ():
                truth = used.values(*seen.span)
                shown = rows[key].used if key in rows else 0
                if truth.high >= NEAR * (limiter.limit or 0) and (shown != truth.low or shown != truth.high):
                    lines.append(f"\n  {key} shown {shown}, truth {truth}")
        return "".join(lines)

    def _row(self, row: LimitRow, frame: RateLimitsFrame, seen: Seen) -> None:
        limiter = self._limiter(row.key)
        read = self._read(seen.span.begin - row.age_s - UNTOLD_AGE_S, seen.span.end - row.age_s)
        if row.age_s <= seen.span.end - seen.span.begin:  # asked for in this reading, and answered before its end
            read = Span(read.begin, max(read.end, seen.span.end))
        used = limiter.levels.used.get(row.key, Timeline())
        truth = used.values(*read)
        message = f"{row.key} used {row.used} of {row.limit}, {row.age_s:.2f} s old, {row.dialect}; truth {truth}"
        self._bench.check("limit: used", truth.has(row.used), seen, message, used)
        if row.has_ended:
            # Its end counts from the question, so it is told sooner than the server ends it, by a round trip at most.
            soon = used.values(seen.span.begin, seen.span.end + UNTOLD_AGE_S)
            self._bench.check("limit: ended", soon.low < row.used, seen, message)
        blocked = limiter.limit is not None and row.used >= limiter.limit and not row.has_ended
        self._bench.check("limit: blocked", row.blocked == blocked and row.limit == limiter.limit, seen, message)
        there = limiter.truth.was_there(row.key, *read)
        self._bench.check("limit: exists", there, seen, message)
        if there and isinstance(limiter, FixedWindow):
            self._reset(row, limiter.truth, read, seen)
        elif there and isinstance(limiter, SlidingWindow) and truth.low == truth.high == row.used > 0:
            self._falls(row, limiter, read, seen)
        if frame.count.certainty == "exact":
            just_read = row.age_s <= seen.span.end - seen.span.begin + UNTOLD_AGE_S
            self._bench.check("limit: exact, so just read", just_read, seen, message)

    def _read(self, begin: float, end: float) -> Span:
        """When a row was read that was asked for in this interval: the age counts from the request, not the answer."""
        first, last = (bisect.bisect(self._requests, moment, key=lambda asked: asked.begin) for moment in (begin, end))
        return Span(begin, max([end, *(asked.end for asked in self._requests[first:last])]))

    def _reset(self, row: LimitRow, truth: Lifetimes, read: Span, seen: Seen) -> None:
        """Judge ``reset_s`` of a fixed window: usage falls to 0 when the key expires."""
        deadlines = [deadline for deadline in truth.deadlines_of(row.key, *read) if deadline is not None]
        right = row.reset_s is not None and any(
            deadline - seen.span.end - RESET_TOLERANCE_S
            <= row.reset_s
            <= max(0.0, deadline - read.begin) + RESET_TOLERANCE_S
            for deadline in deadlines
        )
        message = f"{row.key} clears in {row.reset_s} s, truth {[d - seen.span.end for d in deadlines]}"
        self._bench.check("limit: clears in", right, seen, message)

    def _falls(self, row: LimitRow, limiter: SlidingWindow, read: Span, seen: Seen) -> None:
        """Judge ``reset_s`` of a sliding window: usage falls when the oldest request inside the window leaves it."""
        before = [leaves for span, leaves in limiter.requests[row.key] if span.end < read.begin]
        oldest = min(before[-row.used :])
        low, high = oldest - seen.span.end - RESET_TOLERANCE_S, max(0.0, oldest - read.begin) + RESET_TOLERANCE_S
        message = f"{row.key} falls in {row.reset_s} s, truth {low:.3f}..{high:.3f}, {row.used} used"
        self._bench.check("limit: falls in", row.reset_s is not None and low <= row.reset_s <= high, seen, message)

    def _limiter(self, key: str) -> Limiter:
        return next(one for one in self._bench.world.limiters if key.startswith(one.glob.removesuffix("*")))
