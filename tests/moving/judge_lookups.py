"""Judges the application's lookups as the server counts them, without ours: since its start and in each interval."""

from __future__ import annotations

from redis_dash.core.frames.cache import CacheFrame
from tests.moving.bench import Bench
from tests.moving.observer import Seen
from tests.moving.timeline import Values


class LookupsJudge:
    """Judges the values of the INFO that the frame was made from.

    Lookups between CONFIG RESETSTAT, or a lost connection, and the next INFO may be missing for ever; so may lookups in
    an interval that is not shown. The tally counts how often that happens.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        lookups = bench.world.lookups
        self._timelines = {"hits": lookups.hits, "misses": lookups.misses}
        self._left_out = dict.fromkeys(self._timelines, (0, 0))
        """The possible number of missing lookups of each kind, from and to."""
        self._beginnings = 0
        """How often counters had been reset or connections lost until the previous frame."""
        self._before: Seen | None = None
        """The last frame that showed an interval."""
        self._shown: tuple[int | None, int | None] = (None, None)

    def judge(self, frame: CacheFrame, seen: Seen) -> None:
        """Judge one frame."""
        shown = {"hits": frame.interval_hits, "misses": frame.interval_misses}
        is_shown = self._interval(shown, seen)
        began = [by_command for span, by_command in self._bench.world.lookups.beginnings if span.end < seen.info.begin]
        for what, value in (("hits", frame.hits), ("misses", frame.misses)):
            assert value is not None
            timeline = self._timelines[what]
            truth = timeline.values(*seen.info)
            if len(began) != self._beginnings and not began[-1]:
                self._left_out[what] = 0, 0
            elif len(began) != self._beginnings or not is_shown:
                self._left_out[what] = max(0, truth.low - value), max(0, truth.high - value)
            least, most = self._left_out[what]
            right = truth.low - most <= value <= truth.high - least
            message = f"shown {value}, truth {truth}, of which {least}..{most} were left out earlier"
            self._bench.check(f"cache: {what}", right, seen, message, timeline)
        self._beginnings = len(began)

    def _interval(self, shown: dict[str, int | None], seen: Seen) -> bool:
        """Judge the interval between two INFOs; returns False if the frame shows none."""
        before, values = self._before, (shown["hits"], shown["misses"])
        apart_s = self._bench.world.refresh_s / 2
        if before is not None and seen.info.begin - before.info.end < apart_s and values == self._shown:
            return True
        self._before, self._shown = seen, values
        if before is None:
            return True
        changes = {name: (one.values(*before.info), one.values(*seen.info)) for name, one in self._timelines.items()}
        gained = {name: value for name, value in shown.items() if value is not None}
        if len(gained) < len(changes):
            self._bench.tally.certainties["cache: interval"]["not shown"] += 1
            return False
        self._bench.tally.certainties["cache: interval"]["shown"] += 1
        for name, (then, now) in changes.items():
            value = gained[name]
            right = _gained(then, now, value) or (self._was_cut(before, seen) and 0 <= value <= now.high)
            message = f"shown {value}, truth {then} -> {now}"
            self._bench.check(f"cache: {name} of the interval", right, seen, message, self._timelines[name])
        return True

    def _was_cut(self, before: Seen, seen: Seen) -> bool:
        """Whether counters were reset or connections lost between the two frames."""
        beginnings = self._bench.world.lookups.beginnings
        return any(before.info.begin <= span.end and span.begin <= seen.info.end for span, _ in beginnings)


def _gained(then: Values, now: Values, shown: int) -> bool:
    return now.low - then.high <= shown <= now.high - then.low
