"""What happens to the servers while the dashboard watches, and how long the dashboard takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from redis_dash.core.certainty import Count
from tests.deployments.truths import Recorder
from tests.live.test_hub import Desk

BY_SCAN = ("sessions", "rate_limits", "leaderboards")
NOTICED_WITHIN_S, RIGHT_WITHIN_S = 2.0, 5.0
PATIENCE_S = 60.0


class Servers(Protocol):
    """A deployment that can lose its primary, and get another one."""

    missing: str
    """How a note begins that tells that a primary is missing."""

    def kill(self) -> None:
        """Kill a primary."""

    def is_promoted(self) -> bool:
        """Whether a replica has taken its place."""

    def restore(self) -> None:
        """Start it again; returns when it is a replica."""


class Times(NamedTuple):
    """Seconds after a primary was killed, of which the last two count from the failover."""

    noticed: float
    promoted: float
    certain: float
    right: float
    last: str
    """What was wrong until then."""

    @property
    def good(self) -> bool:
        """Whether they are short enough."""
        return self.noticed <= NOTICED_WITHIN_S and self.right <= RIGHT_WITHIN_S


async def lose_a_primary(servers: Servers, desk: Desk, recorder: Recorder) -> Times:
    """Kill a primary under load, and measure until all is well again; the dead one comes back afterwards."""
    killed = time.time()
    await asyncio.to_thread(servers.kill)
    noticed = await moment(lambda: _is_missing(desk, servers.missing))
    while not await asyncio.to_thread(servers.is_promoted):
        desk.statuses()
        await asyncio.sleep(0.01)
    promoted = time.time()
    reasons: list[str] = []

    def is_right() -> bool:
        reasons.append(_what_is_wrong(desk, recorder, promoted))
        return not reasons[-1]

    right = await moment(is_right)
    certain = recorder.certain_after(promoted)
    assert certain is not None
    await asyncio.to_thread(servers.restore)
    return Times(noticed - killed, promoted - killed, certain - promoted, right - promoted, ["", *reasons][-2])


async def moment(condition: Callable[[], bool]) -> float:
    """Return when a condition begins to hold. Raises TimeoutError if it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the dashboard does not get there")
        await asyncio.sleep(0.01)
    return time.time()


def _is_missing(desk: Desk, note: str) -> bool:
    desk.statuses()
    return all(
        desk.latest[topic].status in ("reduced", "stale", "error") and desk.latest[topic].note.startswith(note)
        for topic in (*BY_SCAN, "server")
    )


def _what_is_wrong(desk: Desk, recorder: Recorder, since: float) -> str:
    """Which topic is not read again, or which figure does not hold the truth as it is now; empty if all is right."""
    desk.statuses()
    for topic, reading in desk.latest.items():
        if reading.status != "ok" or reading.taken_at < since:
            return f"{topic} is {reading.status}, {reading.note}"
    latest = recorder.latest
    if latest is None or latest.truth["exact_since"] is None or latest.span.begin < since:
        return "/truth is not exact"
    truth, sessions = latest.truth, desk.frame("sessions").count
    players = truth["leaderboard"]["players"]
    boards = {board.key: board.size for board in desk.frame("leaderboards").boards}
    shown = {row.identity for row in desk.frame("rate_limits").rows}
    used = {client for client, one in truth["rate_limits"].items() if one["used"] > 2}
    holds = sessions.holds(truth["sessions"]) or abs(sessions.value - truth["sessions"]) <= 2
    if not _is_whole(sessions) or not holds:
        return f"{sessions.value} sessions {sessions.certainty}, {truth['sessions']} in /truth"
    if abs(boards.get("leaderboard", 0) - players) > 1:
        return f"boards {boards}, {players} players in /truth"
    return "" if used <= shown else f"clients missing: {used - shown}"


def _is_whole(count: Count) -> bool:
    return count.certainty in ("exact", "counted") and count.coverage == 1.0
