"""No screen names a key that is bound to something else: every text takes keys from the bindings."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

import redis_dash.tui
from redis_dash.core.certainty import Scope, estimated, exact
from redis_dash.core.commands import SearchSessions
from redis_dash.core.feed import Progress
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.tui.app import DashApp
from redis_dash.tui.keys import KeyTable, declared, key_name
from redis_dash.tui.screens.help import help_owners
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until

IDS = sorted({binding.id or "" for owner in help_owners(DashApp) for binding in declared(owner)})
KEYMAP = {binding_id: chr(0x0430 + number) for number, binding_id in enumerate(IDS)} | {
    "filter.keep": "f13",
    "form.save": "f14",
}
"""Cyrillic letters, which no text of this program holds; a letter in the filter would be text."""
NAMED_KEYS = r"\b(Esc|Enter|Home|End|PgUp|PgDn|F5|Tab|Ctrl|Shift)\b"
DEFAULTS = re.compile(
    NAMED_KEYS
    + r"|\besc\b|\benter [a-z]|\bspace pause|\^[a-z]\b|\[ \]|\([a-z]\)|\b[a-z] (brings|zoom|quit|revoke|undo|bring)\b"
    + r"|\? help|/ filter|\d-\d pane|\d (Events|Sessions|Rate|Limits|Leaderboard|Board|Cache|Server)\b"
)


def key(binding_id: str) -> str:
    return KEYMAP[binding_id]


def keep() -> str:
    return key_name(KEYMAP["filter.keep"])


@asynccontextmanager
async def remapped(feed: FakeFeed, size: tuple[int, int]) -> AsyncIterator[tuple[DashApp, Pilot[None]]]:
    """The app whose keys are all others than by default."""
    async with running(feed, size) as (app, pilot):
        app.set_keymap(KEYMAP)
        await until(pilot, lambda: f" {key('pane.zoom')} zoom" in screen_text(app))
        await until(pilot, lambda: not DEFAULTS.search(screen_text(app)))
        yield app, pilot


async def check(app: DashApp, pilot: Pilot[None], *shown: str) -> None:
    """These texts are on the screen, and no default key."""
    await shows(app, pilot, *shown)
    found = [found[0] for found in DEFAULTS.finditer(screen_text(app))]
    assert not found, screen_text(app)


def partly_listed() -> AnyReading:
    rows = tuple(fakes.session(number) for number in range(60))
    return Reading(
        "sessions", "ok", SessionsFrame(exact(5000), rows), time.time(), count=exact(5000), scope=Scope(("s:*",), 5000)
    )


def large_board(first: int) -> AnyReading:
    board = fakes.board("leaderboard", *(f"m{number}" for number in range(100)))
    rows = tuple(msgspec.structs.replace(row, rank=row.rank + first) for row in board.rows)
    large = msgspec.structs.replace(board, rows=rows, size=5000)
    return fakes.ok("leaderboards", fakes.leaderboards(large, fakes.board("leaderboard:weekly", "ann")), coverage=1.0)


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_sessions_and_their_search(size: tuple[int, int]) -> None:
    feed = FakeFeed(partly_listed())
    async with remapped(feed, size) as (app, pilot):
        await tap(pilot, key("pane.2"), key("pane.end"))
        await check(app, pilot, f"{key('pane.home')}: first row")
        await tap(pilot, key("pane.filter"))
        await check(app, pilot, f"filter; {keep()} keeps it, {key('pane.clear')} clears it")
        await tap(pilot, *"user1")
        await check(app, pilot, f"{keep()}: search all sessions")
        await tap(pilot, key("filter.keep"))
        await until(pilot, lambda: SearchSessions("user1") in feed.asked)
        feed.under_way = Progress("search", 10, 5000, 0.5, 1)
        await check(app, pilot, f"{key('pane.clear')} stops", "searching")
        feed.under_way = None
        await tap(pilot, key("pane.clear"))
        await check(app, pilot, f"{key('pane.clear')}: back to all")


async def test_a_filter_of_rows_that_are_all_listed() -> None:
    async with remapped(FakeFeed(*fakes.everything()), MEDIUM) as (app, pilot):
        await tap(pilot, key("pane.2"), key("pane.filter"), *"user1", key("filter.keep"))
        await check(app, pilot, f"{key('pane.clear')}: all rows")


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_boards(size: tuple[int, int]) -> None:
    async with remapped(FakeFeed(large_board(1000)), size) as (app, pilot):
        await tap(pilot, key("pane.4"))
        await check(
            app,
            pilot,
            f"{key('pane.clear')}: top",
            f"1 of 2 {key('boards.previous')} {key('boards.next')}",
        )
        await tap(pilot, key("pane.filter"), "m")
        await check(app, pilot, f"{keep()} goes to that member")


async def test_an_empty_pane_and_a_held_stream() -> None:
    nothing = estimated(0, 0, 400, 0.12)
    empty: AnyReading = Reading(
        "sessions", "ok", SessionsFrame(nothing, ()), time.time(), count=nothing, scope=Scope(("s:*",), 5000)
    )
    log = fakes.log_of(*((b"orders", b"{}") for _ in range(200)))
    async with remapped(FakeFeed(empty, fakes.ok("events", fakes.events(log))), WIDE) as (app, pilot):
        await check(app, pilot, f"{key('app.full_scan')} scans all now.")
        await tap(pilot, key("pane.1"), key("pane.up"))
        await check(app, pilot, f"{key('pane.end')} follows")


async def test_screens_above_the_dashboard() -> None:
    async with remapped(FakeFeed(*fakes.everything()), WIDE) as (app, pilot):
        await tap(pilot, key("pane.2"), key("sessions.revoke"))
        await check(
            app,
            pilot,
            f"({key('confirm.yes')})",
            f"({key('confirm.no')})",
            f"{key('app.undo')} asks and brings it back",
        )
        await tap(pilot, key("sessions.revoke"))  # the key that asked is no answer
        await check(app, pilot, "Sign this session out?")
        await tap(pilot, key("confirm.no"))
        await until(pilot, lambda: app.screen is app.dashboard)
        await tap(pilot, key("pane.detail"))
        await check(app, pilot, f"{key('detail.close')} closes")
        await tap(pilot, key("detail.close"))
        await until(pilot, lambda: app.screen is app.dashboard)
        await tap(pilot, key("app.keys"))
        await check(app, pilot, "What is in here?", f"{key('keys.sort')} sort", f"{key('keys.close')} back")
        await tap(pilot, key("keys.close"))
        await until(pilot, lambda: app.screen is app.dashboard)
        await tap(pilot, key("app.help"))
        await shows(app, pilot, "Everywhere")
        while f"{key('help.close')} closes" not in screen_text(app):
            await check(app, pilot)
            await tap(pilot, "pagedown")
        await check(app, pilot)


async def test_the_remapped_yes_answers_and_the_default_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.tui.screens.confirm.QUIET_S", 0.0)
    feed = FakeFeed(*fakes.everything())
    async with remapped(feed, WIDE) as (app, pilot):
        await tap(pilot, key("pane.2"), key("sessions.revoke"))
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await until(pilot, lambda: app.screen is app.dashboard)
        assert not feed.submitted
        await tap(pilot, key("sessions.revoke"))
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, key("confirm.yes"))
        await until(pilot, lambda: bool(feed.submitted))


def test_no_text_of_the_screen_names_a_key_by_hand() -> None:
    """Also texts that no other test brings onto the screen; a key in a text is ``{its.id}``."""
    found = []
    for path in sorted(Path(redis_dash.tui.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                found += [f"{path.name}: {node.value}"] * bool(" " in node.value and re.search(NAMED_KEYS, node.value))
    assert not found


def test_a_hint_without_a_key_is_left_out() -> None:
    table = KeyTable(help_owners(DashApp), {"pane.end": "home,g"})
    assert table.hint("{pane.home}: first row") == ""
    assert table.hint("{pane.end} follows") == "Home follows"
