"""The titles and texts of each pane, and its keys."""

from __future__ import annotations

import time

import msgspec
import pytest

from redis_dash.core.certainty import exact
from redis_dash.core.frames.cache import CacheGroup
from redis_dash.core.frames.events import ChannelCount
from redis_dash.core.frames.leaderboards import BoardRow
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.frames.server import Cost
from redis_dash.tui.formatting import clock
from redis_dash.tui.panes.cache import CachePane
from redis_dash.tui.panes.server import ServerPane
from redis_dash.tui.panes.sessions import SessionsPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until


async def test_everything_at_a_glance() -> None:
    async with running(FakeFeed(*fakes.everything()), WIDE) as (app, pilot):
        await shows(
            app,
            pilot,
            "1,240 ops/s",
            "order.created",
            "40 sessions",
            "1 blocked · 1 near · 2 clients",
            "blocked, 12 s",
            "93.4 % now · 91.0 % total",
            "leaderboard · 3 members",
            "valkey 8.1.8 · master",
        )


async def test_the_cache_pane_says_what_is_not_known_and_since_when_it_counts() -> None:
    now = time.time()
    frame = msgspec.structs.replace(fakes.cache(None), interval_hits=None, interval_misses=None, since=now)
    feed = FakeFeed(fakes.ok("cache", frame))
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, f"– now · 91.0 % since {clock(now)[:8]}")
        assert "no lookups" not in screen_text(app)
        feed.put(fakes.ok("cache", fakes.cache(None, lookups=0)))
        await shows(app, pilot, "no lookups now · 91.0 % total")
    assert "up since the server's counters were reset" in CachePane(5).nothing(frame)


async def test_events_decode_what_they_can_and_show_the_rest_literally() -> None:
    log = fakes.log_of(
        (b"orders", b'{"type": "order.created", "user_id": 7, "amount": 299.99, "at": 1}'),
        (b"raw", b"just text"),
        (b"bytes", b"\xff\x00"),
        (b"list", b"[1, 2]"),
    )
    log.mark("reconnected, 1.2 s unknown", 0.0, "gap")
    channels = tuple(ChannelCount(f"channel-{i}", 5, 1.5) for i in range(9))
    async with running(FakeFeed(fakes.ok("events", fakes.events(log, 3, channels)))) as (app, pilot):
        await shows(app, pilot, "order.created", "user 7", "amount 299.99", "just text", "\\xff\\x00", "[1, 2]")
        await shows(app, pilot, "reconnected, 1.2 s unknown ──", "3 dropped", "channel-0 1.5/s", "more")


async def test_pause_holds_the_view_and_loses_nothing() -> None:
    log = fakes.log_of(*((b"c", b"line %04d" % i) for i in range(100)))
    feed = FakeFeed(fakes.ok("events", fakes.events(log)))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "line 0099")
        await tap(pilot, "space")
        fakes.publish(log, *((b"c", b"line %04d" % i) for i in range(100, 232)))
        await shows(app, pilot, "paused", "132 new", "line 0099")
        assert "line 0231" not in screen_text(app)
        await tap(pilot, "space")
        await shows(app, pilot, "line 0231")
        assert "paused" not in screen_text(app)


async def test_scrolling_back_holds_and_end_follows() -> None:
    log = fakes.log_of(*((b"c", b"line %04d" % i) for i in range(100)))
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await tap(pilot, "pageup", "pageup")
        fakes.publish(log, (b"c", b"line 0100"))
        await shows(app, pilot, "paused", "line 0070")
        await tap(pilot, "home")
        await shows(app, pilot, "line 0000")
        await tap(pilot, "G")
        await shows(app, pilot, "line 0100")


async def test_a_flood_cannot_wash_away_what_is_held() -> None:
    log = fakes.log_of(*((b"c", b"line %04d" % i) for i in range(100)))
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await tap(pilot, "space")
        fakes.publish(log, *((b"c", b"flood") for _ in range(20_000)))
        await shows(app, pilot, "line 0099", "paused", "20,000 new")
        await tap(pilot, "up", "pageup", "home")
        await shows(app, pilot, "line 0000")


async def test_events_filter() -> None:
    log = fakes.log_of(*((b"orders" if i % 10 else b"security", b"line %04d" % i) for i in range(100)))
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await tap(pilot, "slash", *"SECUR", "enter")
        await shows(app, pilot, "filter: secur · 10 of last 100", "line 0090")
        assert "line 0099" not in screen_text(app)
        fakes.publish(log, (b"security", b"line 0100"), (b"orders", b"line 0101"))
        await shows(app, pilot, "filter: secur · 11 of last 102", "line 0100")
        await tap(pilot, "escape")
        await shows(app, pilot, "line 0101")


async def test_event_detail_is_pretty() -> None:
    log = fakes.log_of((b"orders", b'{"type":"order.created","items":[1,2]}'))
    async with running(FakeFeed(fakes.ok("events", fakes.events(log)))) as (app, pilot):
        await tap(pilot, "enter")
        await shows(app, pilot, '"items": [', "38 bytes")
        await tap(pilot, "escape")


async def test_the_cursor_stays_on_its_session() -> None:
    rows = [fakes.session(i) for i in range(40)]
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))
    async with running(feed) as (app, pilot):
        table = app.dashboard.query_one(SessionsPane).table
        await tap(pilot, "2", "down", "down", "down")
        await until(pilot, lambda: table.item == rows[3])
        for _ in range(3):
            rows.insert(0, rows.pop())
            feed.put(fakes.ok("sessions", fakes.sessions(*rows)))
            await until(pilot, lambda: not feed.pending)
        await until(pilot, lambda: table.item is not None and table.item.user == "user3@example.com")
        await shows(app, pilot, "▸ user3@example.com")


async def test_the_cursor_keeps_its_place_when_its_session_goes() -> None:
    rows = [fakes.session(i) for i in range(5)]
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "down")
        del rows[1]
        feed.put(fakes.ok("sessions", fakes.sessions(*rows)))
        await shows(app, pilot, "▸ user2@example.com")
        feed.put(fakes.ok("sessions", fakes.sessions(), coverage=1.0))
        await shows(app, pilot, "No key matches")
        await tap(pilot, "r", "enter", "down")


async def test_a_list_filter_and_a_click() -> None:
    rows = [fakes.session(i, role="admin" if i % 5 == 0 else "student") for i in range(40)]
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))) as (app, pilot):
        await tap(pilot, "2", "slash", *"admin")
        await shows(app, pilot, "filter: admin · 8 found")
        await tap(pilot, "enter")
        table = app.dashboard.query_one(SessionsPane).table
        await pilot.click(table, offset=(5, 3))
        await until(pilot, lambda: table.item == rows[10])
        await pilot.click(table, offset=(5, 3))
        await shows(app, pilot, "expires in", "user10@example.com", "csrf")
        await tap(pilot, "escape", "escape")
        await until(pilot, lambda: table.matching == 40)


async def test_the_wheel_scrolls() -> None:
    rows = [fakes.session(i) for i in range(40)]
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))) as (app, pilot):
        table = app.dashboard.query_one(SessionsPane).table
        await pilot._post_mouse_events([_wheel()], table)
        await until(pilot, lambda: table.window[0] == 4)


async def test_a_paused_list_stands_still() -> None:
    feed = FakeFeed(fakes.ok("sessions", fakes.sessions(fakes.session(1))))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "space")
        feed.put(fakes.ok("sessions", fakes.sessions(fakes.session(2), fakes.session(3))))
        await shows(app, pilot, "2 sessions", "paused", "user1@example.com")
        await tap(pilot, "space")
        await shows(app, pilot, "user2@example.com", "user3@example.com")


async def test_an_unknown_limit_is_not_invented() -> None:
    frame = fakes.rate_limits(fakes.limit("10.0.0.1", 37, of=None, reset=None))
    async with running(FakeFeed(fakes.ok("rate_limits", frame))) as (app, pilot):
        await shows(app, pilot, "10.0.0.1", "1 client · limit not known")
        assert "blocked" not in screen_text(app)
        line = next(line for line in screen_text(app).splitlines() if "10.0.0.1" in line)
        assert " 37 " in line
        assert "━" not in line
        assert "37/" not in line


@pytest.mark.parametrize("size", [NARROW, MEDIUM])
async def test_a_key_that_holds_no_usage_is_shown_by_what_it_holds(size: tuple[int, int]) -> None:
    def row(identity: str, used: int = 0, reset: float | None = None, **more: object) -> LimitRow:
        return msgspec.structs.replace(fakes.limit(identity, used, of=None, reset=reset), window_s=None, **more)

    rows = row("10.0.0.1", 6, 57.0, blocked=True), row("10.0.0.2", left=7), row("10.0.0.3", clear_s=25.0)
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(*rows))), size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "1 blocked", "limit not known", "blocked, 57 s", "7 left", "clear in 25 s")
        await tap(pilot, "enter")
        await shows(app, pilot, "blocked by the application; the next is let in in 57 s")


@pytest.mark.parametrize("size", [NARROW, MEDIUM])
async def test_entries_of_any_age_are_not_told_as_usage(size: tuple[int, int]) -> None:
    held = msgspec.structs.replace(fakes.limit("10.0.0.1", 12_345, of=None, reset=None), is_held=True, window_s=None)
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(held))), size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "12,345 held")
        await tap(pilot, "enter")
        await shows(app, pilot, "entries held", "12,345, of any age")
        assert "used" not in screen_text(app).rsplit("Rate limit ", 1)[1].split("Esc closes")[0]


async def test_a_first_interval_is_not_an_idle_one() -> None:
    first = msgspec.structs.replace(
        fakes.cache(lookups=0),
        interval_hits=None,
        interval_misses=None,
        interval_hit_rate=None,
        groups=(CacheGroup("llm", exact(1), 5, 5, 0.5),),
    )
    feed = FakeFeed(fakes.ok("cache", first))
    async with running(feed) as (app, pilot):
        await tap(pilot, "5")
        await shows(app, pilot, "– now")
        await tap(pilot, "enter")
        await shows(app, pilot, "lookups now   not known")
        idle = msgspec.structs.replace(first, interval_hits=0, interval_misses=0)
        feed.put(fakes.ok("cache", idle))
        await tap(pilot, "escape")
        await shows(app, pilot, "no lookups now")


async def test_a_session_in_no_known_field_is_unnamed_not_anonymous() -> None:
    row = msgspec.structs.replace(fakes.session(1, user=""), fields=(("who", "Ann"),))
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(row)))) as (app, pilot):
        await shows(app, pilot, "(unnamed)", "1 session ")
        assert "anonymous" not in screen_text(app)


async def test_silence_is_told_of_the_channels_that_are_listened_to() -> None:
    silent = msgspec.structs.replace(fakes.events(fakes.log_of()), patterns=("orders.*",))
    async with running(FakeFeed(fakes.ok("events", silent))) as (app, pilot):
        await shows(app, pilot, "No message has come yet on orders.*")
        assert "very PUBLISH" not in screen_text(app)


async def test_boards_switch_and_movement_fades() -> None:
    rows = (
        BoardRow(1, "arjun", 9512.0, 2, 1.0),
        BoardRow(2, "priya", 8804.5, -1, 30.0),
        BoardRow(3, "raj", 1.0, 4, 300.0),
        BoardRow(4, "meera", 0.5, 0, 2.0, True),
    )
    first = msgspec.structs.replace(fakes.board("daily"), rows=rows, size=4)
    frame = fakes.leaderboards(first, fakes.board("weekly", "zed"))
    async with running(FakeFeed(fakes.ok("leaderboards", frame)), MEDIUM) as (app, pilot):
        await shows(app, pilot, "daily · 1 of 2", "▲2", "▼1", "new", "8,804.50")
        assert "▲4" not in screen_text(app)
        await tap(pilot, "4", "right_square_bracket")
        await shows(app, pilot, "weekly · 2 of 2", "zed")
        await tap(pilot, "left_square_bracket")
        await shows(app, pilot, "daily · 1 of 2")


async def test_the_server_pane_warns() -> None:
    now = time.time()
    frame = fakes.server(
        max_memory=15_000_000,
        evicted=12,
        evicted_per_s=3.0,
        evicting_since=now,
        rejected_connections=2,
        rejecting_since=now,
    )
    since = clock(now)[:8]
    async with running(FakeFeed(fakes.ok("server", frame)), WIDE) as (app, pilot):
        await tap(pilot, "6", "z")
        await shows(app, pilot, "14.2 MB of 14.3 MB", f"evicting 3.0/s since {since}", f"connections since {since}")


async def test_what_a_counter_holds_from_long_ago_is_no_warning() -> None:
    frame = fakes.server(evicted=12, rejected_connections=2, cost=Cost(errors=1))
    pane = ServerPane(6)
    assert pane.warning(frame) is None
    assert {fact.role for fact in pane.listed(frame)} <= {"text", "strong"}
    assert pane.warning(msgspec.structs.replace(frame, rejecting_since=time.time())) is not None
    assert pane.warning(msgspec.structs.replace(frame, evicting_since=time.time())) is not None


def _wheel() -> type:
    from textual.events import MouseScrollDown

    return MouseScrollDown


async def test_a_counter_of_another_window_is_told_as_such() -> None:
    rows = [
        msgspec.structs.replace(
            fakes.limit("alice", 37, of=None, reset=300.0), window_s=None, given_limit=100, given_window_s=60.0
        ),
        msgspec.structs.replace(
            fakes.limit("bob", 150, of=None, reset=None), is_endless=True, given_limit=100, given_window_s=60.0
        ),
    ]
    for size in (NARROW, (100, 30), MEDIUM, WIDE):
        async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(*rows))), size) as (app, pilot):
            await tap(pilot, "3")
            await shows(app, pilot, "alice", "ends in 5 min, not 60 s", "bob", "no expiry")
            await tap(pilot, "enter")
            await shows(app, pilot, "--limit gives 100 in 1 min 00 s, but the key", "another one")


async def test_keys_that_are_no_limiters_are_named() -> None:
    frame = msgspec.structs.replace(
        fakes.rate_limits(), count=exact(3), unrecognised=(("hash", 2), ("negative number", 1))
    )
    async with running(FakeFeed(fakes.ok("rate_limits", frame, coverage=1.0)), NARROW) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "hold no counter that is known here: hash", "(2), negative number.", " 3 keys ─╮")


async def test_keys_that_are_no_limiters_are_not_counted_as_clients() -> None:
    row = msgspec.structs.replace(
        fakes.limit("bob", 150, of=None, reset=None), is_endless=True, given_limit=100, given_window_s=60.0
    )
    frame = msgspec.structs.replace(fakes.rate_limits(row), count=exact(4), unlimited=True, unrecognised=(("hash", 3),))
    async with running(FakeFeed(fakes.ok("rate_limits", frame, coverage=1.0)), NARROW) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "bob", "4 keys · limit does not fit")
