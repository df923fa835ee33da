"""The stream while its view stands still: which entries can be read, filtered and counted."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from redis_dash.core.frames.events import ChannelCount
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.tui.app import DashApp
from redis_dash.tui.panes.events import EventsPane
from redis_dash.tui.widgets.filter import WINDOW
from redis_dash.tui.widgets.scrollback import KEPT, Scrollback
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, WIDE, running, screen_text, shows, tap, until


def numbered(first: int, stop: int, word: bytes = b"line") -> list[tuple[bytes, bytes]]:
    return [(b"c", b"%s %06d" % (word, i)) for i in range(first, stop)]


def full_log(count: int, capacity: int = 100_000) -> MessageRing:
    log = MessageRing(capacity=capacity)
    for first in range(0, count, 1000):
        fakes.publish(log, *numbered(first, min(first + 1000, count)))
    return log


async def ready(app: DashApp, pilot: Pilot[None], log: MessageRing) -> None:
    await shows(app, pilot, f"{log.end - 1:06}")


async def test_a_paused_view_is_filtered_where_it_stands() -> None:
    log = full_log(20)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log))), WIDE) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, "space")
        for _ in range(120):
            fakes.publish(log, *numbered(0, 1000, b"after"))
        await tap(pilot, "slash", *"line", "enter")
        await shows(app, pilot, "20 of 20 up to here · filter: line", "line 000000", "line 000019", "120,000 new")
        await tap(pilot, "slash", *"lin", "enter")
        await shows(app, pilot, "20 of 20 up to here · filter: lin")
        await until(pilot, lambda: not isinstance(app.screen.focused, Input))
        await tap(pilot, "G")
        await shows(app, pilot, "0 of last 5,000")
        await tap(pilot, "escape")
        await shows(app, pilot, "after 000999")


async def test_a_filter_looks_back_from_where_one_has_scrolled_to() -> None:
    log = full_log(30_000)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log))), WIDE) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, "g", "slash", *"000003", "enter")
        await shows(app, pilot, "1 of 5,0", "around here", "line 000003")


async def test_a_filter_that_was_there_before_the_pause_is_kept() -> None:
    log = full_log(50)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log))), WIDE) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, "slash", *"line", "enter", "space")
        fakes.publish(log, *numbered(50, WINDOW * 3))
        await shows(app, pilot, "50 of 50 up to here", "line 000049")


@pytest.mark.parametrize("keys", [("g",), ("home",)])
async def test_home_reaches_the_start_of_the_ring(keys: tuple[str, ...]) -> None:
    log = full_log(100_000)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, *keys)
        await shows(app, pilot, "line 000000", "paused", "0 new")


async def test_page_up_goes_on_past_what_was_put_by() -> None:
    log = full_log(10_000)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await ready(app, pilot, log)
        tail = app.dashboard.query_one(EventsPane).log_view
        for _ in range(10_000 // (tail.outer_size.height - 1) + 2):
            tail.page(-1)
        await shows(app, pilot, "line 000000", "paused", "0 new")


async def test_new_counts_only_what_came_after_the_pause() -> None:
    log = full_log(5000)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log))), WIDE) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, "space", "pageup", "pageup", "pageup")
        fakes.publish(log, *numbered(5000, 5007))
        await shows(app, pilot, "paused", "7 new")


async def test_what_has_left_the_ring_is_told() -> None:
    log = full_log(4000, capacity=5000)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log))), WIDE) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, "space")
        for first in range(4000, 12_000, 1000):
            fakes.publish(log, *numbered(first, first + 1000))
        lost = 12_000 - 5000 - KEPT
        await shows(app, pilot, "line 003999", "paused", "8,000 new", f"{lost:,} lines no longer kept")
        await tap(pilot, *["down"] * 8)
        await shows(app, pilot, "── 3,000 lines no longer kept", "line 007001")
        await tap(pilot, "home")
        await shows(app, pilot, f"line {4000 - KEPT:06}")
        tail = app.dashboard.query_one(EventsPane).log_view
        assert tail.lost == lost
        await tap(pilot, "G")
        await shows(app, pilot, "line 011999")
        assert "no longer kept" not in screen_text(app)


async def test_old_lines_that_are_being_read_are_not_washed_away() -> None:
    log = full_log(5000, capacity=5000)
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await ready(app, pilot, log)
        await tap(pilot, "g")
        await shows(app, pilot, "line 000000")
        for first in range(5000, 12_000, 1000):
            fakes.publish(log, *numbered(first, first + 1000))
        await pilot.resize_terminal(121, 36)
        await tap(pilot, "down", "up")
        await shows(app, pilot, "line 000000", "line 000010")


def test_reading_costs_what_is_read() -> None:
    reads: list[int] = []

    class Counting(MessageRing):
        def read(self, first: int, stop: int) -> list[object]:  # type: ignore[override]
            reads.append(min(stop, self.end) - max(first, self.start))
            return super().read(first, stop)  # type: ignore[return-value]

    log = Counting()
    for _ in range(100):
        fakes.publish(log, *numbered(0, 1000))
    scrollback: Scrollback[object] = Scrollback(log)
    scrollback.halt(log.end)
    for stop in range(100_000, 50, -5000):
        scrollback.guard(stop - 50, stop)
        assert [number for number, _ in scrollback.before(stop, 50)] == list(range(stop - 50, stop))
        assert [number for number, _ in scrollback.after(stop - 60, 50)] == list(range(stop - 59, stop - 9))
    assert max(reads) <= KEPT


async def test_channels_that_are_known_by_number_only_are_counted() -> None:
    channels = tuple(ChannelCount(f"channel-{i:03}", 5, 1.5) for i in range(200))
    frame = msgspec.structs.replace(fakes.events(full_log(1), channels=channels), channel_count=5000)
    async with running(FakeFeed(fakes.ok("events", frame)), MEDIUM) as (app, pilot):
        await until(pilot, lambda: " more" in screen_text(app))
        line = next(line for line in screen_text(app).splitlines() if " more" in line)
        assert f"+{5000 - line.count('channel-'):,} more" in line


async def test_the_channel_column_fits_what_is_visible() -> None:
    channels = tuple(ChannelCount(f"c{i:02}", 5, 1.5) for i in range(60))
    log = fakes.log_of((b"seldom-heard-of", b"x"))
    async with running(FakeFeed(fakes.ok("events", fakes.events(log, channels=channels))), WIDE) as (app, pilot):
        await shows(app, pilot, "seldom-heard-of")


async def test_a_channel_without_a_name_is_called_empty() -> None:
    frame = fakes.events(fakes.log_of((b"", b"x")), channels=(ChannelCount("", 1, 1.5),))
    async with running(FakeFeed(fakes.ok("events", frame))) as (app, pilot):
        await shows(app, pilot, "(empty) 1.5/s")
