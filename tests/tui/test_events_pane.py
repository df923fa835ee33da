"""The events pane: its cursor, the dates of its lines, and the contents that it hides."""

from __future__ import annotations

import time
from datetime import date, timedelta

import msgspec
from rich.style import Style

from redis_dash.core.frames.events import ChannelCount, Gap
from redis_dash.core.known_ids import KnownIds
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.tui.app import DashApp
from redis_dash.tui.panes.events import EventsPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, WIDE, running, screen_text, shows, strips, tap, until

SECRET = "k3J9xQpLz7-f00dfeed"


def lines(first: int, stop: int) -> list[tuple[bytes, bytes]]:
    return [(b"c", b"line %04d" % number) for number in range(first, stop)]


def feed_of(log: MessageRing, **changes: object) -> FakeFeed:
    return FakeFeed(fakes.ok("events", msgspec.structs.replace(fakes.events(log), **changes)))


def under_cursor(app: DashApp) -> list[str]:
    """The lines in the cursor's colour."""
    assert app.theme_styles is not None
    ground: Style = app.theme_styles.style("text", "cursor")
    rows = [[seg.text for seg in strip if seg.style and seg.style.bgcolor == ground.bgcolor] for strip in strips(app)]
    return ["".join(row) for row in rows if row]


async def test_the_cursor_is_on_the_latest_line_while_it_follows() -> None:
    log = fakes.log_of(*lines(0, 100))
    async with running(feed_of(log)) as (app, pilot):
        await tap(pilot, "1")
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0099"])
        fakes.publish(log, *lines(100, 101))
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0100"])
        await tap(pilot, "down", "pagedown")
        fakes.publish(log, *lines(101, 102))
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0101"])
        assert "paused" not in screen_text(app)


async def test_the_title_counts_every_message_that_is_on_the_screen() -> None:
    log = MessageRing()
    feed = FakeFeed(fakes.ok("events", fakes.events(log)))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "0 received")
        fakes.publish(log, *lines(0, 3))  # no reading follows
        await shows(app, pilot, "line 0002", "3 received")


async def test_the_rates_of_channels_change_with_that_of_all() -> None:
    """The title is new with each reading; the next refresh of the rows may be a second away."""
    log = fakes.log_of(*lines(0, 3))
    feed = feed_of(log, rate=3.0, channels=(ChannelCount("c", 3, 3.0),))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "3.0/s · 3 received", "c 3.0/s")
        app.dashboard.refresh_values = lambda: None  # type: ignore[method-assign]
        fakes.publish(log, *lines(3, 4))
        channels = (ChannelCount("c", 4, 4.0),)
        feed.put(fakes.ok("events", msgspec.structs.replace(fakes.events(log), rate=4.0, channels=channels)))
        await until(pilot, lambda: "4.0/s · 4 received" in screen_text(app))
        await shows(app, pilot, "c 4.0/s")


async def test_while_nothing_is_received_no_rate_is_shown() -> None:
    log = fakes.log_of(*lines(0, 3))
    gap = Gap(time.time() - 2, None, "the server closed the connection")
    channels = (ChannelCount("c", 3, None),)
    async with running(feed_of(log, rate=None, gaps=(gap,), channels=channels)) as (app, pilot):
        await shows(app, pilot, "not receiving · 3 received", "c –")
        assert "/s" not in screen_text(app)


async def test_up_selects_enter_opens_and_down_at_the_end_follows_again() -> None:
    log = fakes.log_of(*lines(0, 100))
    feed = feed_of(log)
    async with running(feed) as (app, pilot):
        await tap(pilot, "1", "up", "up")
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0097"])
        await shows(app, pilot, "paused")
        assert "live" not in screen_text(app)
        fakes.publish(log, *lines(100, 101))
        await tap(pilot, "enter")
        await until(pilot, lambda: "line 0097" in "\n".join(strip.text for strip in strips(app)) and _is_open(app))
        await tap(pilot, "escape", "down", "down", "down")
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0100"])
        await tap(pilot, "down")
        feed.put(*feed_of(log).pending)  # a reading that is old by now is not called live
        await shows(app, pilot, "live")
        assert "paused" not in screen_text(app)


def _is_open(app: DashApp) -> bool:
    return app.screen is not app.screen_stack[0] and "received" in screen_text(app)


async def test_a_filter_on_a_scrolled_back_view_shows_the_later_lines_that_match() -> None:
    log = MessageRing()
    fakes.publish(log, *lines(0, 900))
    fakes.publish(log, *((b"c", b"wanted %03d" % number) for number in range(153)))
    async with running(feed_of(log), WIDE) as (app, pilot):
        await tap(pilot, "1", "home")
        await shows(app, pilot, "line 0000")
        await tap(pilot, "slash", *"wanted", "enter")
        await shows(app, pilot, "wanted 000", "153 of 1,053 around here")
        await tap(pilot, "down", "down")
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["002"])
        await tap(pilot, "escape", "home")
        await shows(app, pilot, "line 0000")


async def test_a_line_of_another_day_stands_below_its_date() -> None:
    log, now = MessageRing(), time.time()
    today = date.fromtimestamp(now)
    for days in (2, 1, 0):
        log.append(
            [[b"message", b"c", b"line %04d" % n] for n in range(100 * days, 100 * days + 60)], now - 86400 * days, 9
        )
    async with running(feed_of(log), MEDIUM) as (app, pilot):
        await shows(app, pilot, "line 0059")
        assert f"{today:%A}" not in screen_text(app)
        await tap(pilot, "1", "home")
        await shows(app, pilot, f"── {today - timedelta(2):%A, %-d %B %Y} ──", "line 0200")
        await tap(pilot, *["pagedown"] * 4)
        await shows(app, pilot, f"── {today - timedelta(1):%A, %-d %B %Y} ──", "line 0100")
        await tap(pilot, *["down"] * 60)
        await shows(app, pilot, f"── {today:%A, %-d %B %Y} ──", "line 0000")


async def test_no_session_id_and_no_secret_is_shown() -> None:
    log = fakes.log_of(
        (b"__keyspace@0__:session:" + SECRET.encode(), b"set"),
        (b"__keyevent@0__:expired", b"session:" + SECRET.encode()),
        (b"orders", b'{"type": "paid", "deep": [{"token": "%s"}], "n": 1}' % SECRET.encode()),
        (b"orders", b'{"type": "left", "auth": {"id": "%s"}}' % SECRET.encode()),
        (b"text", b"token=%s" % SECRET.encode()),
        (b"cut", b'{"token": "%s", "n": "%s"}' % (SECRET.encode(), b"x" * 9000)),
    )
    feed = feed_of(log, session_globs=("session:*",), channels=(ChannelCount("c", 1, 1.0),))
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "session:k3J9…", "paid", "left", "(hidden)")
        await tap(pilot, "1", "z")
        await until(pilot, lambda: app.dashboard.pane_layout.is_alone)
        for _ in range(log.end):
            assert SECRET[4:] not in screen_text(app)
            await tap(pilot, "enter")
            await until(pilot, lambda: _is_open(app))
            assert SECRET[4:] not in screen_text(app)
            await tap(pilot, "escape", "up")
        assert app.dashboard.query_one(EventsPane).log_view.entry == log.read(0, 1)[0]


async def test_an_id_is_masked_as_soon_as_it_is_known() -> None:
    log, ids = fakes.log_of((b"ev", b"login " + SECRET.encode()), (b"usr:" + SECRET.encode(), b"hi")), KnownIds()
    feed = feed_of(log, known_ids=ids)
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, f"login {SECRET}")
        ids.add([SECRET.encode()])
        feed.put(fakes.ok("events", msgspec.structs.replace(fakes.events(log), known_ids=ids)))
        await shows(app, pilot, "login k3J9…", "usr:k3J9…")
        await tap(pilot, "1", "z")
        await until(pilot, lambda: app.dashboard.pane_layout.is_alone)
        for _ in range(log.end):
            assert SECRET[4:] not in screen_text(app)
            await tap(pilot, "enter")
            await until(pilot, lambda: _is_open(app))
            assert SECRET[4:] not in screen_text(app)
            await tap(pilot, "escape", "up")


async def test_sharded_channels_are_told_not_heard() -> None:
    async with running(feed_of(fakes.log_of(*lines(0, 9)), shard_channels=3), WIDE) as (app, pilot):
        await shows(app, pilot, "0 dropped · 3 sharded not received")


async def test_a_view_stands_still_as_it_is_seen() -> None:
    log = fakes.log_of(*lines(0, 100))
    async with running(feed_of(log)) as (app, pilot):
        await tap(pilot, "1")
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0099"])
        tail = app.dashboard.query_one(EventsPane).log_view
        fakes.publish(log, *lines(100, 400))  # received, but not drawn yet when the key is pressed
        tail.move(-1)
        await shows(app, pilot, "paused", "300 new", "line 0099")
        assert [row.split()[-1] for row in under_cursor(app)] == ["0098"]


async def test_a_flood_washes_the_cursor_to_the_latest_line() -> None:
    log = MessageRing(capacity=1000)
    fakes.publish(log, *lines(0, 100))
    async with running(feed_of(log)) as (app, pilot):
        await tap(pilot, "1")
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["0099"])
        tail = app.dashboard.query_one(EventsPane).log_view
        for first in range(1000, 9000, 1000):
            fakes.publish(log, *lines(first, first + 1000))
        tail.move(-1)
        await until(pilot, lambda: [row.split()[-1] for row in under_cursor(app)] == ["8998"])


async def test_a_new_id_changes_only_the_lines_that_hold_it() -> None:
    """An application signs somebody in every second; all other lines need not be drawn again."""
    ids, log = KnownIds(), fakes.log_of((b"c", b"login " + SECRET.encode()), *lines(0, 3))
    feed = feed_of(log, known_ids=ids)
    async with running(feed) as (app, pilot):
        await shows(app, pilot, SECRET, "line 0002")
        view = app.query_one(EventsPane).log_view
        before = list(view._strips)
        ids.add([SECRET.encode()])
        feed.put(fakes.ok("events", msgspec.structs.replace(fakes.events(log), known_ids=ids)))
        await until(pilot, lambda: SECRET not in screen_text(app))
        kept = [one is other for one, other in zip(before, view._strips, strict=True)]
        assert kept.count(False) == 1
        assert kept.count(True) >= 3
