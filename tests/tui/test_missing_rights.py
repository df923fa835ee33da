"""A missing right on the screen: certainty and range come first, then what is missing, and what would grant it."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from redis_dash.core.certainty import Count, at_least, counted, unknown
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.sessions import Search
from redis_dash.core.reading import Reading
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.tui.screens import confirm
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, tap, until

SMALL = (80, 24)
SCAN = "not allowed to run SCAN: new keys may be missed"
ROWS = tuple(fakes.limit(f"198.51.100.{i}", i) for i in range(40))


def reduced(topic: str, frame: Any, note: str, remedy: str, count: Count) -> Reading[Any]:
    return Reading(topic, "reduced", frame, time.time(), note, count, remedy=remedy)


def limits(note: str, remedy: str, count: Count, rows: tuple[Any, ...] = ROWS) -> Reading[Any]:
    blocked = at_least(0) if rows else unknown()
    return reduced("rate_limits", RateLimitsFrame(count, blocked, blocked, rows), note, remedy, count)


async def test_certainty_and_range_come_before_what_is_missing() -> None:
    feed = FakeFeed()
    async with running(feed, SMALL) as (app, pilot):
        await tap(pilot, "3")
        feed.put(limits(SCAN, "ACL SETUSER ann +scan", at_least(40, at=time.time() - 485)))
        await shows(
            app,
            pilot,
            "1–18 of 40 ",
            " at least, counted 8 min ago · reduced: not allowed to run SCAN ─╯",
            "40+ clients",
        )
        await pilot.resize_terminal(160, 28)
        await tap(pilot, "z")
        feed.put(limits(SCAN, "ACL SETUSER ann +scan", at_least(40, at=time.time() - 485)))
        await shows(app, pilot, " of 40 ", f"at least, counted 8 min ago · reduced: {SCAN}: ACL SETUSER ann +scan ─╯")


async def test_what_is_missing_is_told_before_what_would_grant_it() -> None:
    feed = FakeFeed(
        limits(
            "9 keys may not be read: counted, but not listed",
            "ACL SETUSER somebody %R~rl:*",
            counted(40, 40, 40, time.time()),
        )
    )
    async with running(feed, SMALL) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "1–18 of 40 ", "just counted · reduced: 9 keys may not be read ─╯")
        await pilot.resize_terminal(120, 24)
        await shows(app, pilot, "reduced: 9 keys may not be read: counted, but not listed ─╯")
        await pilot.resize_terminal(80, 24)
        two = limits(
            "SCAN is refused: new keys may be missed; 9 keys may not be read", "", counted(40, 40, 40, time.time())
        )
        feed.put(two)
        await shows(app, pilot, "just counted · reduced, see help ─╯")


async def test_the_help_says_in_full_what_is_missing_now() -> None:
    feed = FakeFeed(
        limits(SCAN, "ACL SETUSER ann +scan", at_least(40)),
        Reading("events", "off", note="not allowed to listen to *", remedy="ACL SETUSER ann &*"),
    )
    async with running(feed, SMALL) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "Missing now", "not allowed to listen to *. ACL SETUSER ann &*", f"{SCAN}. ACL")
        await tap(pilot, "escape")
        feed.put(fakes.ok("rate_limits", fakes.rate_limits(*ROWS)), fakes.ok("events", fakes.events(MessageRing())))
        await until(pilot, lambda: not feed.pending)
        await pilot.pause(0.1)
        await tap(pilot, "question_mark")
        await shows(app, pilot, "Everywhere")
        assert "Missing now" not in screen_text(app)


@pytest.mark.parametrize(
    ("key", "reading"),
    [
        ("3", limits("40 keys may not be read", "ACL SETUSER ann %R~rl:*", counted(40, 40, 40, 0.0), ())),
        (
            "4",
            reduced(
                "leaderboards",
                LeaderboardsFrame((), msgspec.structs.replace(unknown(), coverage=1.0)),
                "40 keys may not be read",
                "ACL SETUSER ann %R~rl:*",
                msgspec.structs.replace(unknown(), coverage=1.0),
            ),
        ),
    ],
)
async def test_a_pane_without_a_readable_key_says_why_and_not_that_there_is_none(key: str, reading: Any) -> None:
    async with running(FakeFeed(reading), SMALL) as (app, pilot):
        await tap(pilot, key)
        await shows(app, pilot, "40 keys may not be read. ACL SETUSER ann %R~rl:* allows it.")
        text = screen_text(app)
        assert "No key" not in text
        assert "limit not known" not in text
        assert "0 blocked" not in text
        assert "0 % scanned" not in text


async def test_a_pane_that_is_off_says_what_would_grant_the_right() -> None:
    feed = FakeFeed(Reading("server", "off", note="not allowed to run INFO", remedy="ACL SETUSER ann +info"))
    async with running(feed, SMALL) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "not allowed to run INFO. ACL SETUSER ann +info allows it.")


async def test_a_question_says_before_that_it_will_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole question fits the smallest terminal in which it is asked."""
    monkeypatch.setattr(confirm, "QUIET_S", 0.0)
    sessions = fakes.sessions(fakes.session(1))
    why, remedy = "no right to write this key", "ACL SETUSER ann ~sess:*"
    frame = msgspec.structs.replace(sessions, can_undo=False, no_delete=why, delete_remedy=remedy)
    async with running(FakeFeed(fakes.ok("sessions", frame, coverage=1.0)), (50, 18)) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?", f"Likely refused: {why}.", f"{remedy} allows it.", "(y)")
        await shows(app, pilot, "If not, the key is deleted, nothing else.")
        assert "No undo" not in screen_text(app)


async def test_a_search_counts_the_sessions_that_it_may_not_read() -> None:
    frame = msgspec.structs.replace(fakes.sessions(fakes.session(1)), count=counted(40, 40, 40, time.time()))
    feed = FakeFeed(reduced("sessions", frame, "37 keys may not be read", "ACL SETUSER ann +x", frame.count))
    async with running(feed, SMALL) as (app, pilot):
        await tap(pilot, "2", "slash", "z", "z", "enter")
        await until(pilot, lambda: bool(feed.asked))
        search = Search((), 0, 3, 1.0, False, 0.1, refused=37)
        found = msgspec.structs.replace(frame, search=search)
        feed.put(reduced("sessions", found, "37 keys may not be read", "ACL SETUSER ann +x", frame.count))
        await shows(app, pilot, "0 found among 3 · 37 may not be read", "37 more may not be read.")


@pytest.mark.parametrize("size", [SMALL, (160, 40)])
async def test_sessions_that_may_not_be_read_are_told_in_the_title_as_in_the_note(size: tuple[int, int]) -> None:
    frame = fakes.sessions(*map(fakes.session, range(31)), count=100)
    frame = msgspec.structs.replace(frame, refused=counted(69, 69, 69, time.time()))
    note = "69 keys may not be read"
    feed = FakeFeed(reduced("sessions", frame, note, "ACL SETUSER ann %R~sess:*", counted(100, 100, 100, time.time())))
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "2", *(["z"] if size != SMALL else []))
        await shows(app, pilot, "100 sessions · 31 listed · 69 may not be read", note)
        assert "(not readable)" not in screen_text(app)


MANY = "ACL SETUSER somebody " + " ".join(f"~application-{number}:web:sessions:*" for number in range(10))


def in_box(text: str) -> str:
    """The text in the box in the middle, its lines joined as one reads them."""
    return " ".join(line[3:77].strip(" │") for line in text.splitlines())


async def test_a_question_shows_the_whole_command_that_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 0.0)
    frame = msgspec.structs.replace(
        fakes.sessions(fakes.session(1)), can_undo=False, no_delete="no right to write this key", delete_remedy=MANY
    )
    async with running(FakeFeed(fakes.ok("sessions", frame, coverage=1.0)), SMALL) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?", "(y)")
        assert f"{MANY} allows it." in in_box(screen_text(app))


@pytest.mark.parametrize("place", ["pane", "help"])
async def test_what_allows_it_is_shown_whole_in_pane_and_help(place: str) -> None:
    note, remedy = "40 keys may not be read", MANY + " ~another" * 30
    feed = FakeFeed(limits(note, f"{remedy} ~last", counted(40, 40, 40, 0.0), ()))
    async with running(feed, SMALL) as (app, pilot):
        await tap(pilot, "3" if place == "pane" else "question_mark")
        await shows(app, pilot, note)
        assert "~another ~last allows it." in " ".join(screen_text(app).replace("│", " ").split())


async def test_the_edge_of_a_pane_shows_no_cut_command() -> None:
    feed = FakeFeed(limits("9 keys may not be read", MANY, counted(40, 40, 40, time.time())))
    async with running(feed, (300, 40)) as (app, pilot):
        await tap(pilot, "3", "z")
        await shows(app, pilot, "reduced: 9 keys may not be read ─╯")
