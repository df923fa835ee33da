"""Compares every value of every frame with the true values while it was read."""

from __future__ import annotations

from tests.moving.bench import Bench, TopicJudge
from tests.moving.judge_boards import BoardsJudge
from tests.moving.judge_cache import CacheJudge
from tests.moving.judge_events import EventsJudge
from tests.moving.judge_limits import LimitsJudge
from tests.moving.judge_server import ServerJudge
from tests.moving.judge_sessions import SessionsJudge
from tests.moving.observer import Seen
from tests.moving.recording import Recording
from tests.moving.tally import Tally

BACK_WITHIN_S = 5.0
"""Time after the server was away in which readings may be stale."""
CONNECTED_WITHIN_S = 2.0
"""Time after the start in which the events' source may have nothing to read."""
JUDGES: dict[str, type[TopicJudge]] = {
    "sessions": SessionsJudge,
    "rate_limits": LimitsJudge,
    "leaderboards": BoardsJudge,
    "cache": CacheJudge,
    "events": EventsJudge,
    "server": ServerJudge,
}


def judge(recording: Recording) -> Tally:
    """Judge all readings of one scene after its end; first check the true values themselves."""
    bench = Bench(recording)
    for beginning, timeline in bench.world.numbers().items():
        truth, found = timeline.values(*recording.looked), recording.found[beginning]
        message = f"{beginning}*: the server has {found}, the truth is thought to be {truth}"
        bench.check("the truth itself", truth.has(found), recording.looked, message, timeline)
    judges = {topic: make(bench) for topic, make in JUDGES.items()}
    for seen in recording.seen:
        reading = seen.reading
        bench.tally.frames += 1
        if _status(bench, seen) and reading.frame is not None:
            judges[reading.topic].judge(seen)
    return bench.tally


def _status(bench: Bench, seen: Seen) -> bool:
    """Whether a reading's values can be compared; if not, check that there is a reason."""
    reading = seen.reading
    message = f"{reading.topic} is {reading.status}: {reading.note}"
    away = any(away.begin <= seen.span.end and seen.span.begin <= away.end + BACK_WITHIN_S for away in bench.world.away)
    cut_before_the_first = reading.status == "error" and reading.frame is None and reading.away and away
    bench.check(f"{reading.topic}: no error", reading.status != "error" or cut_before_the_first, seen, message)
    if reading.status == "reduced":
        due = reading.topic == "leaderboards" and "more boards are not read" in reading.note
        bench.check(f"{reading.topic}: reduced for a reason", due, seen, message)
    if reading.status == "stale":
        connecting = reading.topic == "events" and seen.span.begin < bench.recording.phases[0][0] + CONNECTED_WITHIN_S
        bench.check(f"{reading.topic}: stale for a reason", away or connecting, seen, message)
    return reading.status in ("ok", "reduced")
