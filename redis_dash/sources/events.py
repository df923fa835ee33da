"""The events topic: the subscriber's counters, and rates over the last seconds."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

from redis_dash.core.commands import CountAfresh, Request
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.events import ChannelCount, EventsFrame
from redis_dash.redaction.redact import without_last_word
from redis_dash.sources.base import Context, Sample, Source, text

RATE_WINDOW_S = 5.0
LEAST_RATE_S = 0.5
"""The least time over which a rate is computed: a message in a shorter one says little."""
CHANNELS_SHOWN = 200
NAME_BYTES = 512
"""Bytes of a channel's name that are shown."""
SHARDS_EVERY_S = 30.0
"""How often sharded channels are counted: a subscriber to all other channels does not receive them."""
_ASK_AGAIN_S = 2.0


class _Past(NamedTuple):
    at: float
    received: int
    counts: dict[int, int]
    """Counts of the busiest channels, by the hash of the channel's name, because a name may be long."""
    others: int
    """The highest count that any other channel can have had."""

    def before(self, channel: bytes, now: int) -> int:
        """A channel's count then, or an upper bound of it, so that a rate is never too high."""
        return min(now, self.counts.get(hash(channel), self.others))


class EventsSource(Source[EventsFrame]):
    """Reads the subscriber's counters; the only query of its own counts sharded channels now and then."""

    topic = "events"
    read_last = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._subscriber = context.subscriber
        self._deployment = context.deployment
        self._known_ids = context.known_ids
        self._past: deque[_Past] = deque()
        self._shard_channels = 0

    async def run(self) -> None:
        """Count sharded channels until cancelled."""
        while True:
            pause = SHARDS_EVERY_S
            try:
                info = await self._deployment.info(max_age_s=SHARDS_EVERY_S)
                number = info.values.get("pubsubshard_channels", "")
                self._shard_channels = int(number) if number.isdecimal() else 0
            except MissingRightError:
                pass
            except SourceError:
                pause = _ASK_AGAIN_S
            await asyncio.sleep(pause)

    def progress(self) -> Progress | None:
        """None: no user waits for the count."""
        return None

    def ask(self, request: Request) -> None:
        """Start counting again from zero."""
        if isinstance(request, CountAfresh):
            self._subscriber.start_over()
            self._past = deque([_Past(time.monotonic(), 0, {}, 0)])

    @property
    def connection_state(self) -> Hashable:
        """The state of the subscriber's connection."""
        return self._subscriber.state

    @property
    def is_connected(self) -> bool:
        """Whether messages are received."""
        return self._subscriber.connected

    def has_received_since(self, moment: float) -> bool:
        """Whether a message came after ``moment``."""
        return self._subscriber.has_received_since(moment)

    def connect_now(self) -> None:
        """Let the subscriber connect without delay."""
        self._subscriber.connect_now()

    async def read(self) -> Sample[EventsFrame]:
        """The current counters, once connected."""
        await self._subscriber.tried.wait()
        return self.sample()

    def sample(self) -> Sample[EventsFrame]:
        """The current counters.

        Raises:
            MissingRightError: we may not subscribe.
            AwayError: the subscriber was never connected.
        """
        subscriber = self._subscriber
        if subscriber.refusal is not None:
            raise MissingRightError(str(subscriber.refusal), subscriber.refusal.rules)
        if not subscriber.was_connected:
            raise AwayError(subscriber.trouble)
        frame, since = self._frame(), subscriber.sure_until
        if not subscriber.connected:
            return Sample(frame, status="stale", note=subscriber.trouble, away=True, taken_at=since)
        if subscriber.is_silent:
            return Sample(frame, status="stale", note="no answer yet", taken_at=since)
        some = "1 sharded channel is" if self._shard_channels == 1 else f"{self._shard_channels} sharded channels are"
        shards = f"{some} not received (SPUBLISH)" if self._shard_channels else ""
        if missing := subscriber.missing:
            note = "; ".join(filter(None, (str(missing), shards)))
            return Sample(frame, status="reduced", note=note, rules=missing.rules)
        return Sample(frame, note=shards)

    def _frame(self) -> EventsFrame:
        subscriber = self._subscriber
        now = time.monotonic()
        busiest = subscriber.counts.most_common(CHANNELS_SHOWN)
        counts = {hash(channel): count for channel, count in busiest}
        others = 0 if len(busiest) < CHANNELS_SHOWN else busiest[-1][1]
        if not subscriber.is_receiving:
            self._past.clear()
        past = self._remember(_Past(now, subscriber.received, counts, others))
        seconds = now - past.at if subscriber.is_receiving else 0.0
        open_gap = subscriber.open_gap
        return EventsFrame(
            received=subscriber.received,
            dropped=subscriber.dropped,
            overwritten=max(0, subscriber.received - subscriber.log.kept),
            rate=_rate(subscriber.received - past.received, seconds),
            gaps=(*subscriber.gaps, *([open_gap] if open_gap else [])),
            channels=tuple(
                ChannelCount(self._shown_name(channel), count, _rate(count - past.before(channel, count), seconds))
                for channel, count in busiest
            ),
            other=subscriber.received - sum(count for _, count in busiest),
            log=subscriber.log,
            logged=subscriber.log.received,
            patterns=subscriber.allowed,
            channel_count=len(subscriber.counts),
            session_globs=self._context.masked_globs,
            known_ids=self._known_ids,
            shard_channels=self._shard_channels,
        )

    def _shown_name(self, channel: bytes) -> str:
        """A channel's name without session ids and tokens: the channel of a keyspace notification holds a key."""
        is_cut = len(channel) > 2 * NAME_BYTES
        head = without_last_word(channel[: 2 * NAME_BYTES]) if is_cut else channel
        name = self._context.without_ids(text(head))
        if not is_cut and len(name) <= NAME_BYTES:
            return name
        return f"{name[:NAME_BYTES].removesuffix('…')}…"

    def _remember(self, present: _Past) -> _Past:
        """Add the present to the history of the last seconds, and return its oldest entry."""
        self._past.append(present)
        while len(self._past) > 2 and self._past[1].at < present.at - RATE_WINDOW_S:
            self._past.popleft()
        return self._past[0]


def _rate(messages: int, seconds: float) -> float | None:
    return messages / seconds if seconds >= LEAST_RATE_S else None
