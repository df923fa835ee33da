"""Requests for data: a full scan, and a search among all sessions."""

from __future__ import annotations

import time
from types import SimpleNamespace

import msgspec
import pytest
from textual.widgets import Input

from redis_dash.core import certainty
from redis_dash.core.commands import FullPass, RevokeSession, SearchSessions, StopSearch
from redis_dash.core.feed import Progress
from redis_dash.core.frames.server import Scan
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.tui.panes import session_search
from tests.tui import fakes, hostile, huge
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, strips, tap, until
from tests.tui.test_hostile import assert_inert

HALF = Progress("pass", 500_000, 1_000_000, 2.0)
SIZES = pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])


def footer(text: str) -> str:
    return text.splitlines()[-1]


async def test_a_full_scan_has_no_total_where_the_server_does_not_say_how_many_keys_there_are() -> None:
    feed = FakeFeed(*fakes.everything())
    feed.under_way = Progress("pass", 500_000, 0, 2.0, passed_over=0.5)
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "full scan ━━━━━━────── ", "50 %", "500 k keys", "2 s left")
        assert " of 0" not in screen_text(app)


@SIZES
async def test_a_full_scan_shows_how_far_it_is(size: tuple[int, int]) -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "f5")
        await until(pilot, lambda: feed.asked == [FullPass(True)])
        feed.under_way = HALF
        await shows(app, pilot, "full scan ━━━━━━────── ", "50 %", "500 k of 1.00 M", "2 s left", "Esc stops")
        await tap(pilot, "escape")
        await until(pilot, lambda: feed.asked[1:] == [FullPass(False)])
        feed.under_way = None
        await until(pilot, lambda: "full scan" not in screen_text(app))


async def test_f5_again_stops() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        feed.under_way = HALF
        await shows(app, pilot, "full scan")
        await tap(pilot, "f5")
        await until(pilot, lambda: feed.asked == [FullPass(False)])


async def test_a_click_on_stop_stops() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        feed.under_way = HALF
        await shows(app, pilot, "Esc stops")
        await pilot.click(offset=(footer(screen_text(app)).index("stops"), MEDIUM[1] - 1))
        await until(pilot, lambda: feed.asked == [FullPass(False)])


async def test_a_short_scan_is_told_when_it_is_done() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        await tap(pilot, "f5")
        await until(pilot, lambda: bool(feed.asked))
        scan = Scan(passes=7, last_s=1.4)
        feed.put(fakes.ok("server", fakes.server(scan=scan)))
        await shows(app, pilot, "Everything has been scanned, in 1.4 s.")


async def test_a_very_short_scan_did_not_take_0_s() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        await tap(pilot, "f5")
        await until(pilot, lambda: bool(feed.asked))
        feed.put(fakes.ok("server", fakes.server(scan=Scan(passes=7, last_s=0.02))))
        await shows(app, pilot, "Everything has been scanned, in <0.1 s.")


async def test_a_scan_of_a_part_of_a_cluster_says_what_it_has_not_seen() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, WIDE) as (app, pilot):
        await tap(pilot, "f5")
        await until(pilot, lambda: bool(feed.asked))
        scan = Scan(passes=7, last_s=1.4, last_partial="3 of 4 primaries; 10.0.0.2:7000: connection refused")
        feed.put(fakes.ok("server", fakes.server(scan=scan)))
        await shows(app, pilot, "but not everything", "3 of 4", "refused.")
        assert "Everything" not in screen_text(app)


async def test_what_was_only_asked_again_is_no_scan() -> None:
    """Where all sessions are followed, each reading counts them long before the pass is complete."""
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        await tap(pilot, "f5")
        await until(pilot, lambda: bool(feed.asked))
        feed.put(fakes.ok("server", fakes.server(scan=Scan(passes=7, full_speed=True))))
        done = fakes.ok("sessions", fakes.sessions(fakes.session(1)), coverage=1.0)
        feed.put(msgspec.structs.replace(done, count=certainty.exact(1, time.time())))
        await until(pilot, lambda: not feed.pending)
        await pilot.pause(0.1)
        assert "scanned" not in screen_text(app)
        feed.put(fakes.ok("server", fakes.server(scan=Scan(passes=8, last_s=1.4))))
        await shows(app, pilot, "Everything has been scanned")


async def test_a_scan_that_was_cut_is_not_told_as_done() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        await tap(pilot, "f5")
        await until(pilot, lambda: bool(feed.asked))
        for scan in (Scan(passes=7, full_speed=True), Scan(passes=7, last_s=1.4)):
            feed.put(fakes.ok("server", fakes.server(scan=scan)))
            await until(pilot, lambda: not feed.pending)
            await pilot.pause(0.1)
        assert "scanned" not in screen_text(app)


async def test_the_filter_is_nearer_than_the_scan_and_the_scan_nearer_than_the_zoom() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        feed.under_way = HALF
        await tap(pilot, "2", "z", "slash", *"user1", "enter")
        await shows(app, pilot, "filter: user1", "F5 stops")
        await tap(pilot, "escape")
        await shows(app, pilot, "Esc stops")
        assert not feed.asked
        await tap(pilot, "escape")
        await until(pilot, lambda: feed.asked == [FullPass(False)])
        assert "1 Events" not in screen_text(app)
        feed.under_way = None
        await shows(app, pilot, "esc all panes")
        await tap(pilot, "escape")
        await shows(app, pilot, "1 Events")


async def test_the_palette_scans_everything() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        await tap(pilot, "ctrl+p", *"everything now")
        await shows(app, pilot, "Scan everything now, at full speed")
        await tap(pilot, "down", "enter")
        await until(pilot, lambda: feed.asked == [FullPass(True)])


# -- a search --------------------------------------------------------------------------------------------------------


MILLION = SessionsFrame(certainty.exact(huge.KEYS), (fakes.session(1), fakes.session(2)))


@SIZES
async def test_a_search_among_all(size: tuple[int, int]) -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "2", "slash", *"7")
        await shows(app, pilot, "type 2 characters to search all sessions")
        await tap(pilot, *"7x")
        await shows(app, pilot, "Enter: search all sessions")
        await tap(pilot, "enter")
        await until(pilot, lambda: feed.asked == [SearchSessions("77x")])
        await shows(app, pilot, "searching 0 % · 0 found", "Nothing found so far", "search: 77x")
        feed.under_way = Progress("search", 410_000, 1_000_000, 2.0, found=3)
        await shows(app, pilot, "searching 41 % · 3 found", "Esc stops")
        match = fakes.session(3)  # by a field that is not listed
        feed.put(fakes.ok("sessions", huge.found(match, among=410_000, coverage=0.41, running=True)))
        await shows(app, pilot, "user3@example.com")
        assert "user1@example.com" not in screen_text(app)
        feed.under_way = None
        feed.put(fakes.ok("sessions", huge.found(match, among=huge.KEYS, coverage=1.0)))
        await shows(app, pilot, "1 found among 1,012,345", "Esc: back to all", "esc all sessions")
        await tap(pilot, "enter")
        await shows(app, pilot, "expires in", "user3@example.com")
        await tap(pilot, "escape", "r")
        await shows(app, pilot, "Sign this session out?")
        await pilot.pause(0.5)
        await tap(pilot, "y")
        await until(pilot, lambda: feed.submitted == [RevokeSession(match)])
        await tap(pilot, "escape")
        await until(pilot, lambda: feed.asked[1:] == [SearchSessions("")])
        await shows(app, pilot, "user1@example.com", "1,012,345 sessions")


async def test_results_of_a_search_get_old() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash", *"user", "enter")
        await until(pilot, lambda: bool(feed.asked))
        found = fakes.ok("sessions", huge.found(fakes.session(5), among=huge.KEYS, coverage=1.0))
        at = time.time() + 1  # after the request
        feed.put(msgspec.structs.replace(found, taken_at=at))
        await shows(app, pilot, "1 found among 1,012,345")
        assert " ago" not in screen_text(app)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session_search, "time", SimpleNamespace(time=lambda: at + 8))
            feed.put(msgspec.structs.replace(found, taken_at=at + 8))  # later readings repeat the results
            await shows(app, pilot, "1 found among 1,012,345 · 8 s ago")


async def test_a_search_that_is_stopped_keeps_what_it_found() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash", *"user", "enter")
        feed.put(fakes.ok("sessions", huge.found(fakes.session(5), among=400_000, coverage=0.4, running=True)))
        await shows(app, pilot, "searching 40 % · 1 found")
        await tap(pilot, "escape")
        await until(pilot, lambda: feed.asked[-1] == StopSearch())
        await shows(app, pilot, "stopped at 40 % · 1 found", "user5@example.com")
        feed.put(fakes.ok("sessions", huge.found(fakes.session(5), among=400_000, coverage=0.4)))
        await tap(pilot, "escape")
        await until(pilot, lambda: feed.asked[-1] == SearchSessions(""))
        await shows(app, pilot, "user1@example.com")


async def test_esc_in_another_pane_stops_the_search() -> None:
    feed = FakeFeed(*fakes.everything(), fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash", *"user", "enter", "3")
        feed.under_way = Progress("search", 1, 4, 2.0, found=7)
        await shows(app, pilot, "searching ━━━", "7 found", "Esc stops")
        await tap(pilot, "escape")
        await until(pilot, lambda: feed.asked[-1] == StopSearch())


async def test_more_was_found_than_is_listed() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "z", "slash", *"user", "enter")
        rows = [fakes.session(i) for i in range(500)]
        feed.put(fakes.ok("sessions", huge.found(*rows, among=huge.KEYS, coverage=1.0, count=1204)))
        await shows(app, pilot, "1,204 found among 1,012,345 · 500 of 1,204 listed")


async def test_nothing_found_and_another_search() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed, NARROW) as (app, pilot):
        await tap(pilot, "2", "slash", *"nobody", "enter")
        feed.put(fakes.ok("sessions", huge.found(among=huge.KEYS, coverage=1.0)))
        await shows(app, pilot, "Nothing found among 1,012,345 sessions")
        await tap(pilot, "slash", *"user2")
        await shows(app, pilot, "user2", "Enter: search all sessions")
        await tap(pilot, "enter")
        await until(pilot, lambda: feed.asked[-1] == SearchSessions("user2"))
        await shows(app, pilot, "searching 0 %")


async def test_what_an_earlier_search_found_is_not_shown_for_the_new_one() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash", *"user", "enter")
        feed.put(fakes.ok("sessions", huge.found(fakes.session(9), among=5, coverage=1.0), age=3))
        await until(pilot, lambda: not feed.pending)
        await shows(app, pilot, "searching 0 %")
        assert "user9@example.com" not in screen_text(app)


async def test_a_short_text_and_a_short_list_stay_a_filter() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash", *"1", "enter")
        await shows(app, pilot, "at least 2 characters", "filter: 1")
        await tap(pilot, "escape")
        feed.put(fakes.ok("sessions", fakes.sessions(*(fakes.session(i) for i in range(5))), coverage=1.0))
        await shows(app, pilot, "5 sessions")
        await tap(pilot, "slash", *"user1", "enter")
        await shows(app, pilot, "filter: user1 · 1 found")
        assert not feed.asked


async def test_a_search_ends_a_pause() -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "space", "slash", *"user", "enter")
        feed.put(fakes.ok("sessions", huge.found(fakes.session(9), among=5, coverage=1.0)))
        await shows(app, pilot, "user9@example.com")


@pytest.mark.parametrize("text", [text for text in hostile.STRINGS if 2 <= len(text.strip()) < 200])
async def test_hostile_text_in_a_search(text: str) -> None:
    feed = FakeFeed(fakes.ok("sessions", MILLION, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "slash")
        await until(pilot, lambda: bool(app.dashboard.query(Input)))
        app.dashboard.query_one(Input).value = text
        await tap(pilot, "enter")
        await until(pilot, lambda: bool(feed.asked))
        frame = huge.found(fakes.session(1, text, text), among=3, coverage=0.5)
        assert frame.search is not None
        search = msgspec.structs.replace(frame.search, note=text)
        feed.put(fakes.ok("sessions", msgspec.structs.replace(frame, search=search)))
        await shows(app, pilot, "stopped at 50 %")
        assert_inert(strips(app))
        assert text not in repr(feed.asked)
        assert app.title == "redis-dash"


async def test_requests_without_a_feed_say_so() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed) as (app, pilot):
        app._feed = None
        await tap(pilot, "f5")
        await shows(app, pilot, "There is no connection")
