"""What is happening right now? The subscriber's counters, and rates over the last seconds."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import NamedTuple

from redis_dash.commands import CountAfresh, Request
from redis_dash.model import AwayError, ChannelCount, EventsFrame, MissingRightError
from redis_dash.sources.base import Context, Sample, text

RATE_WINDOW_S = 5.0
CHANNELS_SHOWN = 200


class _Past(NamedTuple):
    at: float
    received: int
    counts: dict[bytes, int]

    def before(self, channel: bytes, now: int) -> int:
        """A channel's count then; where only the busiest were remembered, an unknown one is taken as unchanged."""
        return self.counts.get(channel, 0 if len(self.counts) < CHANNELS_SHOWN else now)


class EventsSource:
    """Reads no Redis itself: the subscriber does, on its own connection."""

    topic = "events"

    def __init__(self, context: Context) -> None:
        self._subscriber = context.subscriber
        self._past: deque[_Past] = deque()

    def ask(self, request: Request) -> None:
        """Begin to count afresh."""
        if isinstance(request, CountAfresh):
            self._subscriber.start_over()
            self._past = deque([_Past(time.monotonic(), 0, {})])

    async def read(self) -> Sample[EventsFrame]:
        """The counters as they are."""
        subscriber = self._subscriber
        await subscriber.tried.wait()
        if subscriber.refused:
            raise MissingRightError(f"not allowed to subscribe: {subscriber.trouble}")
        if not subscriber.was_connected:
            raise AwayError(subscriber.trouble)
        now = time.monotonic()
        busiest = subscriber.counts.most_common(CHANNELS_SHOWN)
        past = self._remember(_Past(now, subscriber.received, dict(busiest)))
        seconds = max(now - past.at, 1e-9)
        open_gap = subscriber.open_gap
        frame = EventsFrame(
            received=subscriber.received,
            dropped=subscriber.received - subscriber.counts.total() - subscriber.other,
            overwritten=subscriber.log.overwritten,
            rate=(subscriber.received - past.received) / seconds,
            gaps=(*subscriber.gaps, *([open_gap] if open_gap else [])),
            channels=tuple(
                ChannelCount(text(channel), count, (count - past.before(channel, count)) / seconds)
                for channel, count in busiest
            ),
            other=subscriber.other + subscriber.counts.total() - Counter(dict(busiest)).total(),
            log=subscriber.log,
            patterns=subscriber.channels,
            channel_count=len(subscriber.counts),
        )
        if subscriber.connected:
            return Sample(frame)
        return Sample(frame, status="stale", note=subscriber.trouble, away=True)

    def _remember(self, present: _Past) -> _Past:
        """Keep the last seconds; returns the oldest of them."""
        self._past.append(present)
        while len(self._past) > 2 and self._past[1].at < present.at - RATE_WINDOW_S:
            self._past.popleft()
        return self._past[0]
