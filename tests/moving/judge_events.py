"""Judges events: the received messages of each channel are the published ones."""

from __future__ import annotations

from redis_dash.core.frames.events import EventsFrame
from tests.moving.bench import Bench
from tests.moving.observer import Seen

ON_ITS_WAY_S = 2.0
"""Longest time that a message takes to arrive."""


class EventsJudge:
    """Judges counts of messages; if the server was away, only an upper bound is known."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def judge(self, seen: Seen) -> None:
        """Judge one frame."""
        frame = seen.reading.frame
        assert isinstance(frame, EventsFrame)
        shown = {channel.channel: channel.count for channel in frame.channels}
        lossless = not any(away.begin <= seen.span.end for away in self._bench.world.away)
        for name, published in self._bench.world.channels.published.items():
            most = published.values(*seen.span).high
            least = published.values(0.0, seen.span.begin - ON_ITS_WAY_S).high if lossless else 0
            message = f"{name}: {shown.get(name, 0)} received, {least}..{most} published"
            self._bench.check("channel: received", least <= shown.get(name, 0) <= most, seen, message, published)
        whole = frame.received == sum(shown.values()) + frame.other
        self._bench.check("events: the channels add up", whole, seen, f"{frame.received} received, {shown}")
