"""The events topic: the counters of channels and streams, and rates over the last seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

import msgspec

from redis_dash.config.settings import MOST_STREAMS
from redis_dash.core.commands import CountAfresh, Request
from redis_dash.core.decoding import raw
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.events import ChannelCount, EventsFrame, Group, StreamCount
from redis_dash.redaction.redact import without_last_word
from redis_dash.sources.base import NO_NOTE, Context, Note, Sample, Source, text
from redis_dash.streams.stream import Stream, behind_s

RATE_WINDOW_S = 5.0
LEAST_RATE_S = 0.5
"""The least time over which a rate is computed: a message in a shorter one says little."""
CHANNELS_SHOWN = 200
NAME_BYTES = 512
"""Bytes of a channel's name that are shown."""
SHARDS_EVERY_S = 30.0
"""How often sharded channels are counted: a subscriber to all other channels does not receive them."""
_ASK_AGAIN_S = 2.0
STREAMS_WITHIN_S = 1.0
"""How long a reading waits for the latest entries of streams."""


class _Past(NamedTuple):
    at: float
    received: int
    counts: dict[int, int]
    """Counts of the busiest channels, by the hash of the channel's name, because a name may be long."""
    others: int
    """The highest count that any other channel can have had."""
    of_streams: dict[bytes, int]

    def before(self, channel: bytes, now: int) -> int:
        """A channel's count then, or an upper bound of it, so that a rate is never too high."""
        return min(now, self.counts.get(hash(channel), self.others))


class EventsSource(Source[EventsFrame]):
    """Reads the counters of the subscriber and of the streams; it counts sharded channels now and then."""

    topic = "events"
    read_last = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._subscriber = context.subscriber
        self._streams = context.streams
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
            self._streams.start_over()
            self._past = deque([_Past(time.monotonic(), 0, {}, 0, {})])

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
        """The current counters, once connected; entries that were added until now are counted."""
        await self._subscriber.tried.wait()
        if self._streams.streams:
            with contextlib.suppress(SourceError, TimeoutError):  # the counts of channels do not wait for the server
                async with asyncio.timeout(STREAMS_WITHIN_S):
                    await self._streams.read()
        return self.sample()

    def sample(self) -> Sample[EventsFrame]:
        """The current counters.

        Raises:
            MissingRightError: we may not subscribe, and no stream is followed.
            AwayError: the subscriber was never connected.
        """
        subscriber = self._subscriber
        if subscriber.refusal is not None:
            if not any(stream.state == "followed" for stream in self._streams.streams):
                notes, rules = self._missing_of_streams()
                text_ = "; ".join((str(subscriber.refusal), *notes))
                raise MissingRightError(text_, tuple(dict.fromkeys((*subscriber.refusal.rules, *rules))))
            return self._with_streams(
                self._frame(), Note(f"no channels: {subscriber.refusal}", subscriber.refusal.rules)
            )
        if not subscriber.was_connected:
            raise AwayError(subscriber.trouble)
        frame, since = self._frame(), subscriber.sure_until
        if not subscriber.connected:
            return Sample(frame, status="stale", note=subscriber.trouble, away=True, taken_at=since)
        if subscriber.is_silent:
            return Sample(frame, status="stale", note="no answer yet", taken_at=since)
        number = self._shards_not_received
        some = "1 sharded channel is" if number == 1 else f"{number} sharded channels are"
        shards = f"{some} not received (SPUBLISH)" if number else ""
        refused = subscriber.missing
        whole = self._with_streams(frame, Note(str(refused), refused.rules) if refused else NO_NOTE, shards)
        return msgspec.structs.replace(whole, taken_at=since)

    @property
    def _shards_not_received(self) -> int:
        """Sharded channels with subscribers that are not received."""
        received = sum(not why for why in self._subscriber.shard_states.values())
        return max(0, self._shard_channels - received)

    def _with_streams(self, frame: EventsFrame, missing: Note, shards: str = "") -> Sample[EventsFrame]:
        """The sample, with what is missing of channels and of streams."""
        notes, rules = [missing.text] if missing.text else [], [*missing.rules]
        names = {name: why for name, why in self._subscriber.shard_states.items() if why}
        notes += [f"shard channel {self._shown_name(raw(name))} is not received: {why}" for name, why in names.items()]
        if self._streams.streams and self._streams.trouble:
            notes.append(f"streams are not read: {self._streams.trouble}")
        if self._streams.left_out:
            notes.append(f"{self._streams.left_out:,} more streams are not followed: at most {MOST_STREAMS} are")
        of_streams, their_rules = self._missing_of_streams()
        notes, rules = [*notes, *of_streams], [*rules, *their_rules]
        if notes:
            return Sample(
                frame, "reduced", "; ".join(filter(None, (*notes, shards))), rules=tuple(dict.fromkeys(rules))
            )
        return Sample(frame, note=shards)

    def _missing_of_streams(self) -> tuple[list[str], list[str]]:
        """Why streams are not read as a whole, and the ACL rules that would allow it."""
        notes, rules = list[str](), list[str]()
        for stream in self._streams.streams:
            if why := stream.refusals.text or (stream.trouble if stream.away or stream.state == "other type" else ""):
                notes.append(f"{self._shown_name(stream.name)}: {why}")
                rules += stream.refusals.rules
                if stream.refusals.needs_key_right:
                    rules += self._context.read_rules([text(stream.name)])
        return notes, rules

    def _frame(self) -> EventsFrame:
        subscriber = self._subscriber
        now = time.monotonic()
        busiest = subscriber.counts.most_common(CHANNELS_SHOWN)
        counts = {hash(channel): count for channel, count in busiest}
        others = 0 if len(busiest) < CHANNELS_SHOWN else busiest[-1][1]
        is_receiving = subscriber.is_receiving or subscriber.refused
        if not is_receiving:
            self._past.clear()
        received, streams = subscriber.received + self._streams.received, self._streams.streams
        past = self._remember(_Past(now, received, counts, others, {one.name: one.received for one in streams}))
        seconds = now - past.at if is_receiving else 0.0
        open_gap = subscriber.open_gap
        return EventsFrame(
            received=received,
            dropped=subscriber.dropped,
            overwritten=max(0, received - subscriber.log.kept),
            rate=_rate(received - past.received, seconds),
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
            shard_channels=self._shards_not_received,
            streams=tuple(self._count_of(stream, past, seconds) for stream in streams),
        )

    def _count_of(self, stream: Stream, past: _Past, seconds: float) -> StreamCount:
        """The counts and the state of a stream."""
        gained = stream.received - past.of_streams.get(stream.name, 0)
        trouble = stream.trouble or self._streams.trouble
        return StreamCount(
            self._shown_name(stream.name),
            stream.received,
            None if trouble else _rate(gained, seconds),
            stream.missed,
            stream.may_miss,
            behind_s(stream),
            stream.length,
            None if stream.groups is None else tuple(map(self._shown_group, stream.groups)),
            stream.state == "absent",
            trouble,
        )

    def _shown_group(self, group: Group) -> Group:
        return msgspec.structs.replace(group, name=self._shown_name(raw(group.name)))

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
