"""Judges sessions: their number, and each row's existence, lifetime, user and role."""

from __future__ import annotations

from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from tests.moving.bench import Bench
from tests.moving.observer import Seen

ROWS = 500
TTL_TOLERANCE_S = 0.02
ROLE_AGE = 6
"""Readings after which a changed value must be shown: each reads 500 values."""


class SessionsJudge:
    """Judges rows; a session that existed during two complete passes must be listed, if all can be."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._sessions = bench.world.sessions
        self._begins: list[float] = []
        self._passes: list[tuple[int, float]] = []

    def judge(self, seen: Seen) -> None:
        """Judge one frame."""
        frame = seen.reading.frame
        assert isinstance(frame, SessionsFrame)
        self._begins.append(seen.span.begin)
        self._bench.count("sessions", frame.count, seen, self._sessions.truth.count)
        for row in frame.rows:
            self._row(row, seen)
        if frame.count.certainty == "exact" and frame.count.value <= ROWS:
            message = f"{len(frame.rows)} rows of exactly {frame.count.value}"
            self._bench.check("sessions: as many rows as counted", len(frame.rows) == frame.count.value, seen, message)

    def _row(self, row: SessionRow, seen: Seen) -> None:
        key, (begin, end), truth = row.key.reveal().decode(), seen.span, self._sessions.truth
        there = truth.was_there(key, begin, end)
        self._bench.check("session: exists", there, seen, f"{key} is listed with {row.ttl_s} s to live")
        if not there:
            return
        deadlines = truth.deadlines_of(key, begin, end)
        self._bench.check(
            "session: lifetime",
            row.ttl_known and any(_fits(row.ttl_s, deadline, begin, end) for deadline in deadlines),
            seen,
            f"{key} has {row.ttl_s} s to live, truth {[d and (d - end, d - begin) for d in deadlines]}",
        )
        self._bench.check("session: user", row.user == self._sessions.users[key], seen, f"{key} is {row.user}")
        since = self._begins[-ROLE_AGE] if len(self._begins) >= ROLE_AGE else 0.0
        roles = self._sessions.roles[key].values(since, end)
        self._bench.check("session: role", row.role in roles, seen, f"{key} is {row.role!r}, truth {roles}")


def _fits(ttl_s: float | None, deadline: float | None, begin: float, end: float) -> bool:
    if ttl_s is None or deadline is None:
        return ttl_s is None and deadline is None
    # A slow answer leaves open when the server gave it; half of its time may be added or missing.
    tolerance = max(TTL_TOLERANCE_S, (end - begin) / 2)
    return deadline - end - tolerance <= ttl_s <= deadline - begin + tolerance
