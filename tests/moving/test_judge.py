"""The judge finds wrong values: each test changes true readings of a scene in one way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from demo_server.process.embedded import EmbeddedServer
from redis_dash.core.certainty import at_least, counted, exact
from redis_dash.core.reading import AnyReading
from tests.moving.judge import judge
from tests.moving.phases import ALL, SMALL, Phase
from tests.moving.recording import Recording
from tests.moving.scene import Scene
from tests.moving.tally import FEW, Tally
from tests.moving.timeline import Span, Timeline

replace = msgspec.structs.replace
ALTERED = 5
"""So many of the last frames of a topic are changed."""


@pytest.fixture(scope="module")
def recording() -> Recording:
    """The recording of a short, small scene, as long as it takes a loaded machine to show each topic often enough."""
    for seconds in (1.0, 3.0, 9.0):
        with EmbeddedServer() as server:
            recorded = asyncio.run(Scene(server, SMALL, 3, [Phase("busy", seconds, 0.01, 4, ALL)]).record())
        frames = Counter(one.reading.topic for one in recorded.seen)
        if min(frames[topic] for topic, _ in LIES.values()) >= ALTERED:
            break
    return recorded


@pytest.fixture(scope="module")
def fair(recording: Recording) -> Tally:
    """The findings for the unchanged recording."""
    return judge(recording)


def altered(recording: Recording, topic: str, alter: Callable[[Any], Any]) -> Recording:
    """The recording with the last frames of one topic changed."""

    def changed(reading: AnyReading) -> AnyReading:
        return replace(reading, frame=alter(reading.frame))

    seen = list(recording.seen)
    for place in [place for place, one in enumerate(seen) if one.reading.topic == topic][-ALTERED:]:
        seen[place] = seen[place]._replace(reading=changed(seen[place].reading))
    return recording._replace(seen=seen)


def first(rows: tuple[Any, ...], /, **values: object) -> tuple[Any, ...]:
    """The rows with the first one changed."""
    return (replace(rows[0], **values), *rows[1:])


LIES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sessions: exact": ("sessions", lambda frame: replace(frame, count=exact(frame.count.value + 400))),
    "sessions: at least": ("sessions", lambda frame: replace(frame, count=at_least(frame.count.value + 400))),
    "sessions: right at rest": ("sessions", lambda frame: replace(frame, count=counted(900, 0, 1000, 1e9))),
    "session: user": ("sessions", lambda frame: replace(frame, rows=first(frame.rows, user="nobody"))),
    "session: role": ("sessions", lambda frame: replace(frame, rows=first(frame.rows, role="king"))),
    "session: lifetime": ("sessions", lambda frame: replace(frame, rows=first(frame.rows, ttl_s=77.0))),
    "limit: used": ("rate_limits", lambda frame: replace(frame, rows=first(frame.rows, used=5000, blocked=True))),
    "limit: blocked": ("rate_limits", lambda frame: replace(frame, rows=first(frame.rows, limit=3))),
    "limit: ended": (
        "rate_limits",
        # Of all rows: the window of one of them may in fact have ended before a loaded machine had taken the frame.
        lambda frame: replace(frame, rows=tuple(replace(row, blocked=False, has_ended=True) for row in frame.rows)),
    ),
    "limits: exact": ("rate_limits", lambda frame: replace(frame, count=exact(5000))),
    "blocked: exact": ("rate_limits", lambda frame: replace(frame, blocked=exact(5000))),
    "board: size": ("leaderboards", lambda frame: replace(frame, boards=first(frame.boards, size=5000))),
    "board: page": ("leaderboards", lambda frame: replace(frame, boards=first(frame.boards, rows=()))),
    "boards: exact": ("leaderboards", lambda frame: replace(frame, count=exact(70))),
    "cache: hits": ("cache", lambda frame: replace(frame, hits=frame.hits + 5)),
    "cache: misses of the interval": ("cache", lambda frame: replace(frame, interval_misses=900)),
    "cache group: counters": ("cache", lambda frame: replace(frame, groups=first(frame.groups, hits=-1))),
    "server: keys": ("server", lambda frame: replace(frame, keys=3)),
    "channel: received": (
        "events",
        lambda frame: replace(frame, channels=first(frame.channels, count=frame.channels[0].count + 1)),
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_what_is_wrong_is_found(recording: Recording, fair: Tally, what: str) -> None:
    topic, lie = LIES[what]
    after = judge(altered(recording, topic, lie))
    assert after.wrong[what] >= fair.wrong[what] + ALTERED - 1
    assert not after.good


def test_an_interval_that_holds_too_seldom_is_found(recording: Recording) -> None:
    tally = judge(recording)
    for _ in range(1000):
        tally.interval("sessions", "counted", False, lambda: "shown 1, truth 2")
    assert "sessions, counted" in tally.too_narrow()
    assert not tally.good


def test_a_count_that_is_too_low_on_average_is_found(recording: Recording) -> None:
    tally = judge(recording)
    tally.interval("sessions", "counted", True, lambda: "")
    for error in [0.1, -0.1, -0.2] * 300:
        tally.error("sessions, counted", error)
    assert "sessions, counted" in tally.biased()
    assert not tally.good


def test_a_window_that_had_ended_when_the_frame_was_taken_is_found() -> None:
    blocked = Timeline()
    blocked.step(Span(0.0, 0.1), 1)
    blocked.step(Span(10.02, 10.03), -1, by_clock=True)
    assert blocked.values(10.0, 10.1).high == 1
    assert blocked.values(10.0, 10.1, clock_from=10.09).high == 0
    assert blocked.values(10.0, 10.025, clock_from=10.024).high == 1


def test_a_status_without_a_reason_is_found(recording: Recording) -> None:
    seen = [one._replace(reading=replace(one.reading, status="stale")) for one in recording.seen]
    last = [one for one in seen if one.reading.topic == "sessions"][-6:]
    assert judge(recording._replace(seen=last)).wrong["sessions: stale for a reason"] == 6


def test_the_truth_itself_is_looked_at(recording: Recording, fair: Tally) -> None:
    assert fair.wrong["the truth itself"] == 0
    missing = {**recording.found, "session:": recording.found["session:"] + 100}
    assert judge(recording._replace(found=missing)).wrong["the truth itself"] == 1


def test_few_frames_are_enough_for_a_gross_error() -> None:
    tally = Tally()
    for number in range(FEW):
        tally.interval("sessions", "estimated", number < 79, str)
        tally.error("sessions, estimated", 0.16)
        tally.interval("limits", "estimated", number < 85, str)
        tally.error("limits, estimated", 0.1)
    assert (tally.too_narrow(), tally.biased()) == (["sessions, estimated"], ["sessions, estimated"])
    assert not tally.good
