"""Compares readings with ``/truth``: what is called exact must be right, bounds must hold, intervals mostly."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.certainty import Count
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from tests.deployments.truths import Figure, Recorder, Window
from tests.moving.observer import Seen
from tests.moving.tally import Tally
from tests.moving.timeline import Span

UNTOLD_AGE_S = 0.06
"""A row younger than this shows no age."""
LATE_S = 0.3
"""The application forgets a request as much too late as the answer was to the one before, on a busy machine."""


class Verdicts:
    """Judges all readings after the fact."""

    def __init__(self, recorder: Recorder, acts: Sequence[tuple[float, str]]) -> None:
        """``acts`` are the times at which something began."""
        self._acts = acts
        self.tally = Tally()
        self._recorder = recorder

    def judge(self, seen: Seen) -> None:
        """Judge one reading; only what has a good status says anything."""
        frame, window = seen.reading.frame, self._recorder.window(*seen.span)
        self.tally.frames += 1
        if frame is None or window is None or seen.reading.status not in ("ok", "reduced"):
            return
        is_whole = seen.reading.status == "ok"
        if isinstance(frame, SessionsFrame):
            self._count("sessions", frame.count, window, lambda truth: truth["sessions"], window.session_changes, seen)
            if frame.count.certainty == "exact":
                self._check("sessions: rows", len(frame.rows) == frame.count.value, seen, f"{len(frame.rows)} rows")
        elif isinstance(frame, LeaderboardsFrame):
            self._boards(frame, window, is_whole, seen)
        elif isinstance(frame, CacheFrame) and is_whole:
            self._caches(frame, window, seen)
        elif isinstance(frame, RateLimitsFrame):
            self._limits(frame, is_whole, seen)

    def _count(self, what: str, count: Count, window: Window, figure: Figure, slack: int, seen: Seen) -> None:
        low, high = window.range(figure)
        self.tally.certainties[what][count.certainty] += 1
        shown = f"{count.value} {count.certainty} ({count.low}..{count.high}), truth {low:g}..{high:g}, ± {slack}"
        if count.certainty == "exact":
            self._check(f"{what}: exact", low - slack <= count.value <= high + slack, seen, shown)
        elif count.certainty == "at_least":
            self._check(f"{what}: at least", count.low <= high + slack, seen, shown)
        elif count.certainty in ("counted", "estimated"):
            held = count.low <= high + slack and (count.high is None or low - slack <= count.high)
            self.tally.interval(what, count.certainty, held, lambda: self._message(seen, shown))

    def _boards(self, frame: LeaderboardsFrame, window: Window, is_whole: bool, seen: Seen) -> None:
        board = next((one for one in frame.boards if one.key == "leaderboard"), None)
        if board is None:
            if is_whole and frame.count.certainty == "exact":
                self._check("board: there", False, seen, "no board")
            return
        low, high = window.range(lambda truth: truth["leaderboard"]["players"])
        self._check("board: size", low <= board.size <= high, seen, f"{board.size}, truth {low:g}..{high:g}")
        if window.is_still("leaderboard"):
            top = [[row.member, row.score] for row in board.rows[:10]]
            true = window.truths[0]["leaderboard"]["top"]
            self._check("board: first ten", top == true, seen, f"{top}, truth {true}")

    def _caches(self, frame: CacheFrame, window: Window, seen: Seen) -> None:
        for group in frame.groups:
            for name, shown in (("hits", group.hits), ("misses", group.misses)):
                low, high = window.range(lambda truth, n=name, g=group.name: truth["caches"][g][n])  # type: ignore[misc]
                message = f"{group.name} {name} {shown}, truth {low:g}..{high:g}"
                self._check(f"cache: {name}", low <= (shown or 0) <= high, seen, message)

    def _limits(self, frame: RateLimitsFrame, is_whole: bool, seen: Seen) -> None:
        for row in frame.rows:
            self._row(row, seen)
        window = self._recorder.window(*seen.span)
        if is_whole and frame.count.certainty == "exact" and window is not None:
            shown = {row.identity for row in frame.rows}
            always = set.intersection(*({c for c, o in t["rate_limits"].items() if o["used"]} for t in window.truths))
            self._check("limits: exact, all clients", always <= shown, seen, f"missing: {always - shown}")

    def _row(self, row: LimitRow, seen: Seen) -> None:
        # An age is the longest that it may be: on a slow link the row may have been read later.
        read = Span(seen.span.begin - row.age_s - UNTOLD_AGE_S, seen.span.end + LATE_S)
        window = self._recorder.window(*read)
        if window is None or row.has_ended:
            return
        low, high = window.usage(row.identity)
        self._check("limit: used", low <= row.used <= high, seen, f"{row.identity} {row.used}, {low}..{high}")

    def _check(self, what: str, right: bool, seen: Seen, message: str) -> None:
        self.tally.check(what, right, lambda: self._message(seen, message))

    def _message(self, seen: Seen, message: str) -> str:
        begin, act = next((one for one in reversed(self._acts) if one[0] <= seen.span.begin), self._acts[0])
        return f"{seen.span.begin - begin:.2f}..{seen.span.end - begin:.2f} s after {act!r}: {message}"
