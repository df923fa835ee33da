"""Streams in the events pane: their entries, their state, and how streams that were found are followed."""

from __future__ import annotations

import time

import msgspec
import pytest

from redis_dash.core.commands import FollowStreams
from redis_dash.core.frames.events import EventsFrame, Group, StreamCount
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.pubsub.message_log import MessageRing, RawEntry
from redis_dash.tui.event_line import EventLine
from redis_dash.tui.segments import clip
from tests.tui import fakes, hostile
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, strips, tap, until
from tests.tui.test_hostile import assert_inert
from tests.tui.test_key_kinds import feed_of, opened

ORDERS = StreamCount(
    "orders", 3, 1.5, length=1204, groups=(Group("shipping", 2, 3, 40), Group("mail", 1, 0, None)), missed=0
)
QUEUE = fakes.kind("bull:mail:events", 1, 300.0, types=(("stream", 1),), endless=1)
CARTS = fakes.kind("cart:*", 40_000, 100.0, types=(("hash", 15),), endless=12, longest_s=60.0)
CHAT = (
    b"\x93\xa6Ab3dEf\x83\xa4type\x02\xa4data\x92\xa4chat\xa2hi\xa3nsp\xa1/"
    b"\x83\xa5rooms\x91\xa5room1\xa6except\x90\xa5flags\x80"
)


def log_with(*entries: tuple[bytes, ...], stream: bytes = b"orders") -> MessageRing:
    log = MessageRing()
    sizes = [sum(map(len, parts)) for parts in entries]
    raw = [RawEntry(b"1526919030474-%d" % n, parts, sizes[n], stream) for n, parts in enumerate(entries)]
    log.append(raw, 5.0, sum(sizes))
    return log


def frame(log: MessageRing, *streams: StreamCount, patterns: tuple[str, ...] = ("*",)) -> EventsFrame:
    return msgspec.structs.replace(fakes.events(log), streams=streams, patterns=patterns)


def feed(shown: EventsFrame) -> FakeFeed:
    return FakeFeed(fakes.ok("events", shown))


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_an_entry_has_its_stream_its_time_and_its_fields(size: tuple[int, int]) -> None:
    log = log_with((b"type", b"order.created", b"user", b"7"))
    async with running(feed(frame(log, ORDERS)), size) as (app, pilot):
        await tap(pilot, "1")
        await shows(app, pilot, "orders", "order.created", "user 7", "May 2018", ":30.4")


async def test_the_details_of_an_entry_tell_its_stream() -> None:
    log = log_with((b"type", b"order.created", b"data", b'{"total":[1,2]}'))
    async with running(feed(frame(log, ORDERS)), WIDE) as (app, pilot):
        await tap(pilot, "1", "up", "enter")
        await shows(app, pilot, "1526919030474-0", "1,204 entries", "entry of a stream", '"total": [')
        await shows(app, pilot, "shipping: lag 40, 3 pending, 2 consumers", "mail: lag unknown, 0 pending, 1 consumer")


async def test_what_was_missed_is_told_in_the_title() -> None:
    log = log_with((b"n", b"1"))
    missing = msgspec.structs.replace(ORDERS, missed=1203)
    unsure = msgspec.structs.replace(ORDERS, may_miss=True)
    both = msgspec.structs.replace(missing, may_miss=True)
    async with running(feed(frame(log, missing))) as (app, pilot):
        await shows(app, pilot, "1,203 missed")
    async with running(feed(frame(log, unsure))) as (app, pilot):
        await shows(app, pilot, "may have missed")
    async with running(feed(frame(log, both))) as (app, pilot):
        await shows(app, pilot, "1,203+ missed")


async def test_the_rates_tell_lag_and_trouble() -> None:
    log = log_with((b"n", b"1"))
    lagging = msgspec.structs.replace(ORDERS, groups=ORDERS.groups[:1] if ORDERS.groups else ())
    slow = StreamCount("clicks", 9, 900.0, behind_s=4.0)
    absent = StreamCount("payments", 0, None, is_absent=True, trouble="there is no such key yet")
    async with running(feed(frame(log, lagging, slow, absent)), WIDE) as (app, pilot):
        await tap(pilot, "1", "z")
        await shows(app, pilot, "orders 1.5/s lag 40", "clicks 900/s 4 s behind", "payments –", "no key payments yet")


async def test_before_an_entry_has_come_the_state_of_each_stream_is_told() -> None:
    absent = StreamCount("payments", 0, None, trouble="there is no such key yet")
    async with running(feed(frame(MessageRing(), ORDERS, absent)), NARROW) as (app, pilot):
        await tap(pilot, "1")
        await until(pilot, lambda: "payments: there is no such key yet." in " ".join(words(screen_text(app))))
        assert "orders: no new entry yet." in " ".join(words(screen_text(app)))


def words(screen: str) -> list[str]:
    return screen.replace("│", " ").split()


async def test_streams_that_were_found_are_followed_by_a_key() -> None:
    feed = feed_of(fakes.keys(CARTS, QUEUE))
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "f")
        await shows(app, pilot, "Only kinds whose keys are streams can be followed")
        assert FollowStreams(QUEUE.id) not in feed.asked
        await tap(pilot, "down", "f")
        await until(pilot, lambda: FollowStreams(QUEUE.id) in feed.asked)
        await shows(app, pilot, "--stream bull:mail:events")


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_nothing_in_a_stream_moves_the_terminal(size: tuple[int, int]) -> None:
    log, streams = MessageRing(), list[StreamCount]()
    for text in hostile.STRINGS:
        raw = text.encode("utf-8", "surrogatepass")
        raw = raw[:200]
        parts = raw, raw, b"data", b'{"a":"%b"}' % raw
        log.append([RawEntry(b"1526919030474-1", parts, sum(map(len, parts)), raw)], 5.0, 60)
        streams.append(StreamCount(text, 1, 1.0, groups=(Group(text, 1, 1, 1),), length=1, trouble=text))
    everything = tuple(text.encode("utf-8", "surrogatepass")[:200] for text in hostile.STRINGS for _ in range(2))
    log.append([RawEntry(b"1526919030474-2", everything, sum(map(len, everything)), everything[0])], 5.0, 60)
    async with running(feed(frame(log, *streams)), size) as (app, pilot):
        await tap(pilot, "1", "z")
        await shows(app, pilot, "Monday, 21 May 2018")
        assert_inert(strips(app))
        await tap(pilot, "up", "enter")
        await shows(app, pilot, "entry of a stream")
        assert_inert(strips(app))


def test_where_few_fields_of_an_entry_fit_the_amount_is_among_them_and_is_not_cut() -> None:
    event = log_with((b"type", b"order.created", b"user", b"7", b"total", b"1299.90")).read(0, 1)[0]
    lines = ["".join(text for text, _ in clip(EventLine().paint(event, width), width)) for width in range(40, 100)]
    assert "total 1299.90" in lines[16]
    for line in lines:
        assert "total 1299.90" in line or "129" not in line


def painted(channel: bytes, payload: bytes, width: int, ids: KnownIds | None = None) -> str:
    painter = EventLine()
    painter.hide(("session:*",), ids or KnownIds())
    segments = painter.paint(Event(time.time(), channel, payload, len(payload)), width)
    return "".join(text for text, _ in clip(segments, width))


def test_a_line_names_what_wrote_the_message_where_there_is_room() -> None:
    line = painted(b"socket.io#/#", CHAT, 140)
    assert "chat" in line
    assert "data hi" in line
    assert line.endswith("Socket.IO broadcast")
    assert "Socket" not in painted(b"socket.io#/#", CHAT, 60)
    for width in range(20, 141):
        assert len(painted(b"socket.io#/#", CHAT, width)) <= width


def test_decoded_messages_hide_ids_and_secrets() -> None:
    ids = KnownIds()
    ids.add([b"Kx9f2LqP7TzW4mNb"])
    packed = b"\x82\xa4type\xa5login\xa8password\xa6s3cret"
    assert "s3cret" not in painted(b"orders", packed, 140)
    assert "password (hidden)" in painted(b"orders", packed, 140)
    packed = b"\x82\xa4type\xa5login\xa3who\xb0Kx9f2LqP7TzW4mNb"
    assert "type" not in painted(b"orders", packed, 140, ids)
    assert "LqP7" not in painted(b"orders", packed, 140, ids)
