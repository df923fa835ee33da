"""Loading, empty, stale, reduced, off and error: each has its own text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import msgspec
import pytest

from redis_dash.core.certainty import counted
from redis_dash.core.errors import ConfigError
from redis_dash.core.feed import Feed
from redis_dash.core.frames.base import Frame
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.core.frames.server import Cost, ServerFrame
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.sources import SOURCES
from redis_dash.tui.app import DashApp
from redis_dash.tui.formatting import clock
from redis_dash.tui.panes import PANES
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until

TOPICS = [source.topic for source in SOURCES]

EMPTY_CACHE = msgspec.structs.replace(fakes.cache(), hits=0, misses=0, groups=())
EMPTY: dict[str, Frame] = {
    "events": fakes.events(fakes.log_of()),
    "sessions": fakes.sessions(),
    "rate_limits": fakes.rate_limits(),
    "leaderboards": fakes.leaderboards(),
    "cache": EMPTY_CACHE,
}


def bare(topic: str, status: str, note: str = "") -> AnyReading:
    """A reading without a frame."""
    return Reading[ServerFrame](topic, status, note=note, away=status == "stale")  # type: ignore[arg-type]


class FreshFeed(FakeFeed):
    """Makes its readings anew at each call: on a slow machine seconds pass until one is painted."""

    def __init__(self, make: Callable[[], Iterable[AnyReading]]) -> None:
        super().__init__()
        self.make = make

    def drain(self) -> list[AnyReading]:
        return list(self.make())


async def test_nothing_read_yet() -> None:
    async with running(FakeFeed()) as (app, _):
        assert screen_text(app).count("reading…") >= 5


@pytest.mark.parametrize("topic", EMPTY)
async def test_empty_says_what_would_be_here(topic: str) -> None:
    pane = next(pane for pane in PANES if topic == pane.TOPIC)
    async with running(FakeFeed(fakes.ok(topic, EMPTY[topic]))) as (app, pilot):
        await shows(app, pilot, pane.EMPTY.split()[0], pane.EMPTY.split()[-1])
        await tap(pilot, str(PANES.index(pane) + 1), "down", "end", "enter", "r")


async def test_stale_shows_the_last_frame_its_age_and_why() -> None:

    def aged(note: str = "connection refused, trying again", *, away: bool = True) -> list[AnyReading]:
        return [
            msgspec.structs.replace(one, status="stale", note=note, away=away, taken_at=one.taken_at - 7)
            for one in fakes.everything()
        ]

    feed = FreshFeed(aged)
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "✖ disconnected 7 s — connection refused", "stale 7 s ")
        assert screen_text(app).count("connection refused") == 1
        assert "user0@example.com" in screen_text(app)
        feed.make = lambda: [*aged()[:2], aged("no right to GET", away=False)[2], *aged()[3:]]
        await shows(app, pilot, "· no right to GET")


def away(reading: AnyReading, status: str = "stale", note: str = "no such host") -> AnyReading:
    """The server cannot be reached."""
    return msgspec.structs.replace(reading, status=status, note=note, away=True)


async def test_the_next_attempt_to_connect_is_told() -> None:
    feed = FakeFeed(*(away(reading, note="connection refused") for reading in fakes.everything()))
    feed.next_attempt_s = 3.2
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "127.0.0.1:6379/0", "✖ disconnected 30 s — connection refused", "retry in 4 s")
        feed.next_attempt_s = 0.0
        await until(pilot, lambda: "connecting…" in screen_text(app) and "retry" not in screen_text(app))
        feed.next_attempt_s = None
        feed.put(*fakes.everything())
        await until(pilot, lambda: "connect" not in screen_text(app).splitlines()[0])


async def test_why_the_server_cannot_be_reached_is_told_once() -> None:
    readings = [
        msgspec.structs.replace(away(reading, "error"), frame=None, taken_at=0.0) for reading in fakes.everything()
    ]
    async with running(FakeFeed(*readings), WIDE) as (app, pilot):
        await shows(app, pilot, "✖ not connected — no such host", "Not connected.")
        text = screen_text(app)
        assert text.count("no such host") == 1
        assert text.count("Not connected.") == len(TOPICS)
        assert "error" not in text


async def test_what_is_wrong_with_the_whole_server_is_told_once() -> None:
    readings = [bare(topic, "error", "this is a Sentinel") for topic in TOPICS if topic != "cache"]
    async with running(FakeFeed(*readings, bare("cache", "error", "WRONGTYPE")), WIDE) as (app, pilot):
        await shows(app, pilot, "✖ error — this is a Sentinel", "WRONGTYPE", "This could not be read.")
        assert screen_text(app).count("Sentinel") == 1


async def test_why_the_server_went_away_is_told_once_and_its_pane_tells_it_in_full() -> None:
    note = "the server closed the connection without a word, and nobody answers any more on its port"
    readings = [away(reading, note=note) for reading in fakes.everything()]
    async with running(FakeFeed(*readings), WIDE) as (app, pilot):
        await shows(app, pilot, "✖ disconnected", "stale", "user0@example.com")
        assert screen_text(app).count("the server closed the connection") == 1
    async with running(FakeFeed(*readings), (60, 24)) as (app, pilot):
        await tap(pilot, "6")
        await until(pilot, lambda: screen_text(app).count("the server clo") == 2)


async def test_events_alone_without_a_connection_say_why() -> None:
    readings = [reading for reading in fakes.everything() if reading.topic != "events"]
    events = away(fakes.ok("events", fakes.events(fakes.log_of())), note="too many clients")
    feed = FakeFeed(*readings, events)
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "too many clients")
        feed.put(msgspec.structs.replace(events, frame=None, status="error"))
        await shows(app, pilot, "Not connected: too many clients")


async def test_a_server_that_is_there_is_not_called_disconnected() -> None:
    """Some of the values of the server are old."""
    old = [msgspec.structs.replace(reading, status="stale", note="not read since") for reading in fakes.everything()]
    feed = FakeFeed(*old)
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "✖ stale", "not read since")
        assert "connected" not in screen_text(app)
        feed.put(*map(away, fakes.everything()))
        await shows(app, pilot, "✖ disconnected", "no such host")
        feed.put(*old)
        await until(pilot, lambda: "connected" not in screen_text(app))


async def test_stale_before_anything_was_read() -> None:
    feed = FakeFeed(*(away(bare(topic, "stale", ""), note="connection refused") for topic in TOPICS))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "Not connected.", "✖ disconnected — connection refused")


@pytest.mark.parametrize(("status", "words"), [("error", "WRONGTYPE"), ("off", "no INFO right")])
async def test_a_topic_that_cannot_be_had(status: str, words: str) -> None:
    feed = FakeFeed(*(bare(topic, status, f"{words} [/]") for topic in TOPICS))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, status, f"{words} [/]")


@pytest.mark.parametrize("topic", EMPTY)
@pytest.mark.parametrize(
    ("status", "is_away", "words"),
    [
        ("stale", True, "Not connected: connection refused"),
        ("stale", False, "Not read since: connection refused"),
        ("error", True, "refused"),
    ],
)
async def test_empty_and_away_are_told_apart(topic: str, status: str, is_away: bool, words: str) -> None:
    pane = next(pane for pane in PANES if topic == pane.TOPIC)
    reading: AnyReading = Reading(topic, status, EMPTY[topic], note="connection refused", away=is_away)  # type: ignore[arg-type]
    async with running(FakeFeed(reading)) as (app, pilot):
        await tap(pilot, str(PANES.index(pane) + 1), "z")
        await shows(app, pilot, words)
        assert pane.EMPTY[:20] not in screen_text(app)


async def test_reduced_shows_the_frame_and_what_is_missing() -> None:
    reading = msgspec.structs.replace(fakes.ok("cache", fakes.cache()), status="reduced", note="no INFO right")
    async with running(FakeFeed(reading)) as (app, pilot):
        await shows(app, pilot, "reduced: no INFO right", "product")


async def test_age_and_coverage_are_told() -> None:
    frame = fakes.sessions(fakes.session(1), count=1_010_000, spread=9000)
    feed = FreshFeed(lambda: [fakes.ok("sessions", frame, coverage=0.12, age=3)])
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "12 % scanned · 3 s old", "1.01 M ± 1 % sessions")


async def test_a_server_that_refuses_is_not_disconnected() -> None:
    first, *_ = fakes.everything()
    refused = msgspec.structs.replace(first, status="stale", note="the server is loading its data")
    async with running(FakeFeed(refused), WIDE) as (app, pilot):
        await shows(app, pilot, "✖ stale", "the server is loading its data")
        assert "connected" not in screen_text(app)


async def test_recovery() -> None:
    first, *_ = fakes.everything()
    feed = FakeFeed(away(first))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "disconnected")
        feed.put(first)
        await until(pilot, lambda: "disconnected" not in screen_text(app))


class _Failing(FakeFeed):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def run(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigError("no such profile [/]"), "no such profile [/]"),
        (RuntimeError("redis://:hunter2@host"), "the reader stopped, by an error in redis-dash itself"),
    ],
)
async def test_a_feed_that_fails_is_a_state(error: Exception, words: str) -> None:
    async with running(_Failing(error)) as (app, pilot):
        await shows(app, pilot, words[:40])
        assert "hunter2" not in screen_text(app)


async def test_a_feed_that_cannot_be_opened_is_a_state() -> None:
    def refuse() -> Feed:
        raise ConfigError("bad URL")

    app = DashApp(refuse)
    async with app.run_test(size=MEDIUM) as pilot:
        await shows(app, pilot, "bad URL")


@pytest.mark.parametrize(
    ("frame", "falling"),
    [
        (fakes.cache(0.5, 0.9, 100, fallen=True), True),
        (fakes.cache(0.5, 0.9, 100, fallen=False), False),  # other dashboards may have raised the rate since the start
        (fakes.cache(0.5, 0.9, 100, fallen=None), False),
    ],
)
async def test_a_falling_hit_rate_is_marked(frame: CacheFrame, falling: bool) -> None:
    async with running(FakeFeed(fakes.ok("cache", frame)), (80, 24)) as (app, pilot):
        await shows(app, pilot, "5 Cache ▼" if falling else "5 Cache  ")
        await tap(pilot, "5")
        await shows(app, pilot, "▼ 50.0 % now" if falling else "% now")


async def test_a_node_of_a_cluster_is_called_one() -> None:
    frame = fakes.server(kind="cluster")
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "of this node", "one node of a cluster")
        assert "one node of a cluster" in screen_text(app).splitlines()[0]
        await tap(pilot, "z")
        await shows(app, pilot, "one node of a cluster: only its share of the keys is seen")


async def test_a_replica_that_has_lost_its_primary_is_told_in_the_header_and_its_pane() -> None:
    frame = msgspec.structs.replace(fakes.server(), role="slave", primary_lost_s=72.0)
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "replica without its primary for 1 min 12 s", "· replica ·", "lost for 1 min 12 s")
        assert "1,240 ops/s" in screen_text(app).splitlines()[0]


async def test_what_is_not_known_of_a_server_is_a_dash_and_our_errors_are_told() -> None:
    frame = fakes.server(ops_per_s=None, ping_ms=None)
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "ping –", "– ops/s")
        assert "our errors" not in screen_text(app)
    worse = fakes.server(ping_ms=0.088, cost=Cost(1204, 38.2, 0.04, errors=3, messages_ms=30, messages_share=0.035))
    async with running(FakeFeed(fakes.ok("server", worse)), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "ping <0.1 ms", "our errors", "3.50 % messages")


@pytest.mark.parametrize(("age", "words"), [(0.5, ""), (4.0, "4 s old")])
async def test_the_header_says_how_old_its_figures_are(age: float, words: str) -> None:
    """A server that hangs is not called away for some seconds: the figures are of the moment before."""
    async with running(FakeFeed(fakes.ok("server", fakes.server(), age=age)), NARROW) as (app, _):
        header = screen_text(app).splitlines()[0]
        assert "1,240 ops/s" in header
        assert (" old" in header, words in header) == (bool(words), True)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (NARROW, "total: any earlier dashboards too"),
        (MEDIUM, "incl. any earlier dashboards"),
        (WIDE, "any earlier dashboards"),
    ],
)
async def test_the_cache_says_that_earlier_dashboards_may_be_in_its_rate(size: tuple[int, int], words: str) -> None:
    frame = fakes.cache()

    def reading() -> list[AnyReading]:
        count = counted(200, 200, 200, time.time() - 104)
        return [msgspec.structs.replace(fakes.ok("cache", frame), count=count)]

    feed = FreshFeed(reading)
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "5")
        await shows(app, pilot, words, "counted 10")
        assert "dashboards …" not in screen_text(app)
        frame = msgspec.structs.replace(frame, earlier_dashboards=False)
        await shows(app, pilot, "% total ", "counted 10")
        await until(pilot, lambda: "earlier" not in screen_text(app))


@pytest.mark.parametrize(
    ("dashboards", "now", "since", "long", "short"),
    [
        (2, 0.934, None, "both rates: other dashboards too ", "incl. other dashboards "),
        (1, 0.934, None, "total: other dashboards too ", "total: other dashboards too "),
        (2, None, None, "total: other dashboards too ", "total: other dashboards too "),
        (1, 0.934, 0.0, f"since {clock(0.0)[:8]}: other dashboards too ", f"since {clock(0.0)[:8]}: others too "),
    ],
)
async def test_the_cache_says_which_rate_holds_lookups_of_others(
    dashboards: int, now: float, since: float | None, long: str, short: str
) -> None:
    frame = msgspec.structs.replace(fakes.cache(now), dashboards=dashboards, had_others=True, since=since)
    frame = msgspec.structs.replace(frame, interval_hits=None, interval_misses=None) if now is None else frame
    for size, words in ((NARROW, long), (MEDIUM, short), (WIDE, short)):
        async with running(FakeFeed(fakes.ok("cache", frame)), size) as (app, pilot):
            await tap(pilot, "5")
            await shows(app, pilot, words)
            assert "earlier" not in screen_text(app)


async def test_that_a_reading_is_old_is_shown_before_the_next_refresh() -> None:
    app = DashApp(lambda: FakeFeed(fakes.ok("sessions", fakes.sessions(fakes.session(1)), 1.0)), refresh=3600)
    async with app.run_test(size=MEDIUM) as pilot:
        await shows(app, pilot, "exact")
        await shows(app, pilot, "exact · 1 s old")
