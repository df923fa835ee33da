"""What is happening right now? The subscriber's counters, and rates over the last seconds."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import NamedTuple

from redis_dash.core.commands import CountAfresh, Request
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.events import ChannelCount, EventsFrame
from redis_dash.redaction.secret_fields import hide_tokens
from redis_dash.redaction.session_keys import mask_keys
from redis_dash.sources.base import Context, Sample, Source, text

RATE_WINDOW_S = 5.0
CHANNELS_SHOWN = 200
NAME_BYTES = 512
"""How much of a channel's name is told."""
SHARDS_EVERY_S = 30.0
"""How often the server is asked for sharded channels, which a subscriber of all others does not hear."""
_ASK_AGAIN_S = 2.0


class _Past(NamedTuple):
    at: float
    received: int
    counts: dict[int, int]
    """Of the busiest, by the hash of the channel's name, which may be long."""
    others: int
    """What any other channel had at most."""

    def before(self, channel: bytes, now: int) -> int:
        """A channel's count then, or more: a rate is rather told too low."""
        return min(now, self.counts.get(hash(channel), self.others))


class EventsSource(Source[EventsFrame]):
    """The subscriber reads, on its own connection; only sharded channels are asked for, now and then."""

    topic = "events"
    read_last = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._subscriber = context.subscriber
        self._deployment = context.deployment
        self._session_globs = context.config.sessions
        self._known_ids = context.known_ids
        self._past: deque[_Past] = deque()
        self._shard_channels = 0

    async def run(self) -> None:
        """Look for sharded channels until cancelled."""
        while True:
            pause = SHARDS_EVERY_S
            try:
                info = await self._deployment.info(max_age_s=SHARDS_EVERY_S)
                told = info.values.get("pubsubshard_channels", "")
                self._shard_channels = int(told) if told.isdecimal() else 0
            except MissingRightError:
                pass
            except SourceError:
                pause = _ASK_AGAIN_S
            await asyncio.sleep(pause)

    def progress(self) -> Progress | None:
        """Nobody waits for it."""
        return None

    def ask(self, request: Request) -> None:
        """Begin to count afresh."""
        if isinstance(request, CountAfresh):
            self._subscriber.start_over()
            self._past = deque([_Past(time.monotonic(), 0, {}, 0)])

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
        counts = {hash(channel): count for channel, count in busiest}
        others = 0 if len(busiest) < CHANNELS_SHOWN else busiest[-1][1]
        past = self._remember(_Past(now, subscriber.received, counts, others))
        seconds = max(now - past.at, 1e-9)
        open_gap = subscriber.open_gap
        frame = EventsFrame(
            received=subscriber.received,
            dropped=subscriber.dropped,
            overwritten=max(0, subscriber.received - subscriber.log.kept),
            rate=(subscriber.received - past.received) / seconds,
            gaps=(*subscriber.gaps, *([open_gap] if open_gap else [])),
            channels=tuple(
                ChannelCount(self._told(channel), count, (count - past.before(channel, count)) / seconds)
                for channel, count in busiest
            ),
            other=subscriber.received - sum(count for _, count in busiest),
            log=subscriber.log,
            patterns=subscriber.channels,
            channel_count=len(subscriber.counts),
            session_globs=self._session_globs,
            known_ids=self._known_ids,
            shard_channels=self._shard_channels,
        )
        if not subscriber.connected:
            return Sample(frame, status="stale", note=subscriber.trouble, away=True)
        if not self._shard_channels:
            return Sample(frame)
        some = "1 sharded channel is" if self._shard_channels == 1 else f"{self._shard_channels} sharded channels are"
        return Sample(frame, note=f"{some} not listened to (SPUBLISH)")

    def _told(self, channel: bytes) -> str:
        """A channel's name, in which no session and no token can be read; a keyspace notification's holds a key."""
        told = hide_tokens(self._known_ids.mask(mask_keys(text(channel[: 2 * NAME_BYTES]), self._session_globs)))
        return told if len(told) <= NAME_BYTES else f"{told[:NAME_BYTES]}…"

    def _remember(self, present: _Past) -> _Past:
        """Keep the last seconds; returns the oldest of them."""
        self._past.append(present)
        while len(self._past) > 2 and self._past[1].at < present.at - RATE_WINDOW_S:
            self._past.popleft()
        return self._past[0]
