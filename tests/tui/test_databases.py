"""Several databases: which one is watched, which others hold keys, and going over to another one."""

from __future__ import annotations

import time

import msgspec
import pytest
from textual.widgets import OptionList

from redis_dash.core.certainty import Scope, exact
from redis_dash.core.commands import Outcome, RestoreSession, SearchSessions
from redis_dash.core.databases import Database
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.tui.databases import all_named, besides, named
from redis_dash.tui.screens.databases import DatabasesScreen
from redis_dash.tui.screens.detail import DetailScreen
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until

HELD = (Database(0, 1204), Database(1, 30_112), Database(3, 12))


def server(**changes: object) -> ServerFrame:
    return fakes.server(**{"keys": 1204, "databases": HELD, **changes})


def full() -> list[AnyReading]:
    return [one for one in fakes.everything() if one.topic != "server"] + [fakes.ok("server", server())]


def of_database_1() -> list[AnyReading]:
    """Readings of another database; no events, which go on."""
    row = msgspec.structs.replace(fakes.session(900, "zoe@example.com"), database=1)
    frames = {
        "sessions": fakes.sessions(row),
        "rate_limits": fakes.rate_limits(),
        "leaderboards": fakes.leaderboards(fakes.board("other", "zed")),
    }
    scanned = [fakes.ok(topic, frame, coverage=1.0) for topic, frame in frames.items()]
    return [*scanned, fakes.ok("cache", fakes.cache()), fakes.ok("server", server(database=1, keys=30_112))]


def test_databases_in_words() -> None:
    assert named(HELD[1:]) == "db1 30,112 · db3 12"
    assert named(HELD[1:], short=True) == "db1 30.1 k · db3 12"
    many = tuple(Database(number, 5) for number in range(6))
    assert named(many) == "db0 5 · db1 5 · db2 5 · 3 more"
    assert all_named(server()) == "db0 (this one) 1,204 keys · db1 30,112 · db3 12"
    assert besides(server())[0] == "others: db1 30,112 · db3 12"
    assert besides(server(databases=(Database(0, 5),)))[0] == "no other holds keys"
    assert besides(server(databases=None)) == ("others not known",)
    assert besides(server(kind="cluster"))[0] == "a cluster has no others"


async def test_the_server_pane_and_the_first_line_name_the_databases() -> None:
    async with running(FakeFeed(*full()), WIDE) as (app, pilot):
        await shows(app, pilot, "also db1 30.1 k · db3 12", "others: db1 30,112 · db3 12")
        assert "127.0.0.1:6379/0" in screen_text(app).splitlines()[0]
    async with running(FakeFeed(*full()), NARROW) as (app, pilot):
        assert "127.0.0.1:6379/0" in screen_text(app).splitlines()[0]
        await tap(pilot, "6")
        await shows(app, pilot, "others: db1 30,112 · db3 12")
        await tap(pilot, *["down"] * 4, "enter")
        await shows(app, pilot, "db0 (this one) 1,204 keys · db1 30,112 · db3 12")


async def test_no_figure_of_other_databases_outlives_its_reading() -> None:
    feed = FakeFeed(*full())
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "also db1 30.1 k")
        lost = Reading("server", "stale", server(), time.time() - 9, note="connection refused", away=True)
        feed.put(lost)
        await until(pilot, lambda: "also db1" not in screen_text(app))
        await tap(pilot, "d")
        await shows(app, pilot, "What is in here?")
        assert "30,112" not in screen_text(app)
        await tap(pilot, "escape", "n")
        await shows(app, pilot, "Databases of this server", "Not connected: connection refused")


async def test_an_empty_pane_names_the_databases_that_hold_keys() -> None:
    nothing = exact(0)
    scope = Scope(("session:*",), 0, elsewhere=HELD[1:])
    reading = Reading("sessions", "ok", SessionsFrame(nothing, ()), time.time(), count=nothing, scope=scope)
    feed = FakeFeed(reading)
    async with running(feed, NARROW) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "The database holds no keys.", "Other databases hold keys: db1 30,112 · db3 12.")
        await shows(app, pilot, "n switches.")
        app.set_keymap({"app.database": "f9"})
        feed.put(reading)
        await shows(app, pilot, "F9 switches.")
        feed.put(msgspec.structs.replace(reading, scope=msgspec.structs.replace(scope, keys=5)))
        await shows(app, pilot, "among 5 in this database.", "Other databases hold keys: db1 30,112 · db3 12.")


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_what_is_in_here_tells_the_database(size: tuple[int, int]) -> None:
    async with running(FakeFeed(*full()), size) as (app, pilot):
        await tap(pilot, "d")
        await shows(app, pilot, "What is in here?", "db0 · others: db1 30,112 · db3 12")


async def test_the_key_opens_the_list_and_enter_goes_over() -> None:
    feed = FakeFeed(*full())
    async with running(feed, NARROW) as (app, pilot):
        await tap(pilot, "n")
        await shows(app, pilot, "db0", "(this one)", "30,112 keys", "12 keys", "Enter watches it", "Esc closes")
        await tap(pilot, "down")
        feed.put(fakes.ok("server", server(databases=(*HELD[:2], Database(2, 1), HELD[2]))))  # one more, below
        await shows(app, pilot, "db2", "1 key ")
        assert app.screen.query_one(OptionList).highlighted == 1
        await tap(pilot, "enter")
        await until(pilot, lambda: feed.database == 1)
        await shows(app, pilot, "127.0.0.1:6379/1")
        assert not isinstance(app.screen, DatabasesScreen)


async def test_the_list_closes_without_a_change() -> None:
    feed = FakeFeed(*full())
    async with running(feed) as (app, pilot):
        for key in ("escape", "n", "q", "enter"):
            await tap(pilot, "n")
            await until(pilot, lambda: isinstance(app.screen, DatabasesScreen))
            await tap(pilot, key)
            await until(pilot, lambda: app.screen is app.dashboard)
        assert feed.database == 0
        assert "sessions" in screen_text(app)


async def test_all_usual_databases_are_offered_where_the_server_does_not_tell() -> None:
    feed = FakeFeed(fakes.ok("server", server(databases=None)))
    async with running(feed) as (app, pilot):
        await tap(pilot, "n")
        await shows(app, pilot, "db0", "db15", "– keys")
        await tap(pilot, "down", "down", "enter")
        await until(pilot, lambda: feed.database == 2)


async def test_the_palette_goes_over() -> None:
    feed = FakeFeed(*full())
    async with running(feed) as (app, pilot):
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert "Database 0 (1,204 keys)" not in commands
        assert commands["Database 1 (30,112 keys)"].help == "Watch it instead of database 0"
        commands["Database 3 (12 keys)"].callback()
        await until(pilot, lambda: feed.database == 3)


async def test_nothing_of_the_former_database_stays_but_the_messages() -> None:
    feed = FakeFeed(*full())
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "user0@example.com", "arjun", "203.0.113.9")
        await tap(pilot, "2", "down", "down", "space", "/", *"user1", "enter")
        await shows(app, pilot, "filter: user1")
        await tap(pilot, "n")
        await shows(app, pilot, "db3")
        await tap(pilot, "down", "enter")
        await until(pilot, lambda: "/1 " in screen_text(app).splitlines()[0])
        gone = ("user1", "arjun", "203.0.113.9", "paused", "filter: ", "3,204", "30,112")
        text = screen_text(app)
        assert not [word for word in gone if word in text]
        assert "order.created" in text
        feed.put(*of_database_1())
        await shows(app, pilot, "zoe@example.com", "zed", "also db0 1,204 · db3 12")
        assert app.dashboard.current_pane.navigable.filter_text == ""
        assert not app.dashboard.current_pane.paused


async def test_a_search_and_what_is_typed_end_with_the_database() -> None:
    feed = FakeFeed(*full())
    feed.put(fakes.ok("sessions", fakes.sessions(*(fakes.session(i) for i in range(5)), count=5000), coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "/", *"nobody", "enter")
        await until(pilot, lambda: SearchSessions("nobody") in feed.asked)
        await shows(app, pilot, "search: nobody")
        await feed.select(1)
        feed.put(*of_database_1())
        await shows(app, pilot, "zoe@example.com")
        assert "nobody" not in screen_text(app)
        await tap(pilot, "/", *"xyq")
        await shows(app, pilot, "xyq")
        await feed.select(3)
        await until(pilot, lambda: "xyq" not in screen_text(app))
        await tap(pilot, "2")
        assert app.focused is app.dashboard.panes[1]


async def test_details_close_with_their_database() -> None:
    feed = FakeFeed(*full())
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "enter")
        await until(pilot, lambda: isinstance(app.screen, DetailScreen))
        await feed.select(1)
        await until(pilot, lambda: app.screen is app.dashboard)


async def test_an_undo_is_offered_in_its_own_database_only() -> None:
    feed = FakeFeed(*full())
    row = fakes.session(1)
    undo = RestoreSession(row.key, row.user, b"dump", 2e9, database=0)
    feed.outcomes = [Outcome("deleted", "Deleted.", undo)]
    async with running(feed, WIDE) as (app, pilot):
        app._submit(undo)
        await shows(app, pilot, "u undo")
        await feed.select(1)
        await until(pilot, lambda: "u undo" not in screen_text(app))
        await tap(pilot, "u")
        await shows(app, pilot, "There is nothing to undo in database 1", "database 0 goes back there")
        assert len(feed.submitted) == 1
        await feed.select(0)
        await shows(app, pilot, "u undo")
        await tap(pilot, "u")
        await shows(app, pilot, "Bring this session back?", "127.0.0.1:6379/0")


async def test_a_refusal_is_told_and_nothing_is_dropped() -> None:
    feed = FakeFeed(*full())
    feed.no_select = "not allowed to run SELECT; ACL SETUSER ann +select allows it"
    async with running(feed, WIDE) as (app, pilot):
        await tap(pilot, "n")
        await shows(app, pilot, "db3")
        await tap(pilot, "down", "enter")
        await shows(app, pilot, "Still database 0", "not allowed to run SELECT", "user0@example.com")
        assert "127.0.0.1:6379/0" in screen_text(app).splitlines()[0]


async def test_the_database_stands_in_the_first_line_however_long_the_name_is() -> None:
    feed = FakeFeed(*full())
    feed.target = f"redis://{'a-long-name.' * 8}example.com:6379/0"
    async with running(feed, WIDE) as (app, pilot):
        await shows(app, pilot, "example.com:6379/0")
        await feed.select(1)
        await shows(app, pilot, "example.com:6379/1")
