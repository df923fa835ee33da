"""The question before a sign-out names what else is changed, and what is not, on the smallest terminal, too."""

from __future__ import annotations

import re

import msgspec
import pytest
from textual.containers import VerticalScroll

from redis_dash.core.commands import RemovedCompanion, RestoreSession
from redis_dash.core.credential import Credential
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, case, leave, running, screen_text, shows, tap, until

REMOVED = "0001… is removed from user:ann@example.com:sessions"
ROW = msgspec.structs.replace(fakes.session(1), companions=(REMOVED, "data:0001… is deleted"), last_seen_at=1.7e9)


def feed_with(**rights: object) -> FakeFeed:
    feed = FakeFeed(*(reading for reading in fakes.everything() if reading.topic != "sessions"))
    frame = msgspec.structs.replace(fakes.sessions(ROW), **rights)
    feed.put(fakes.ok("sessions", frame, coverage=1.0))
    return feed


@pytest.mark.parametrize(
    ("rights", "texts"),
    [
        (
            {"can_undo": True},
            (
                f"The key is deleted; {REMOVED}; data:0001… is deleted.",
                "u asks and brings it back, until you quit.",
            ),
        ),
        ({"can_undo": None}, (f"The key is deleted, if this user may do so; {REMOVED};",)),
        (
            {"can_undo": True, "no_companions": "not allowed to run EVAL"},
            ("The key is deleted; companion keys stay as they are: not allowed to run EVAL.",),
        ),
        (
            {"can_undo": True, "no_companion_undo": "not allowed to run SADD"},
            (
                REMOVED,
                "u asks and brings back the session alone, until you quit: not allowed to run SADD.",
            ),
        ),
        (
            {"can_undo": False, "no_companion_undo": "not allowed to run SADD"},
            ("No undo: DUMP or RESTORE is not allowed.",),
        ),
    ],
)
async def test_the_question_says_what_else_is_changed(rights: dict[str, object], texts: tuple[str, ...]) -> None:
    async with running(feed_with(**rights), MEDIUM) as (app, pilot):

        def shown() -> str:
            """What the question says, without line ends."""
            region = app.screen.query_one(VerticalScroll).content_region
            lines = screen_text(app).splitlines()[region.y : region.bottom]
            return re.sub(r"\s+", "", "".join(line[region.x : region.right] for line in lines))

        for size in ((50, 18), (80, 24), MEDIUM):
            with case(size):
                await pilot.resize_terminal(*size)
                await tap(pilot, "2", "r")
                wanted = [*texts, "Sign out (y)", *(["Sign this session out?"] if size[1] > 18 else [])]
                await shows(app, pilot, "Sign out (y)")
                await until(pilot, lambda: all(re.sub(r"\s+", "", text) in shown() for text in wanted))  # noqa: B023
                await leave(app, pilot)


async def test_the_question_names_all_that_is_changed_however_long_the_names_are() -> None:
    row = msgspec.structs.replace(ROW, companions=(f"{'a' * 150} is deleted", "b" * 150, "c is deleted"))
    feed = feed_with()
    feed.put(fakes.ok("sessions", fakes.sessions(row), coverage=1.0))
    async with running(feed, MEDIUM) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "c is deleted.")


async def test_a_session_in_another_format_is_not_readable() -> None:
    row = msgspec.structs.replace(fakes.session(1, ""), is_readable=False)
    feed = FakeFeed(*(reading for reading in fakes.everything() if reading.topic != "sessions"))
    feed.put(fakes.ok("sessions", fakes.sessions(row), coverage=1.0))
    async with running(feed) as (app, pilot):
        await shows(app, pilot, "(not readable)")


async def test_the_details_name_companions_and_when_it_was_seen() -> None:
    async with running(feed_with()) as (app, pilot):
        await tap(pilot, "2", "enter")
        await shows(app, pilot, "last seen", "signing out", REMOVED, "data:0001… is deleted")


async def test_the_undo_says_that_other_keys_are_written() -> None:
    removed = RemovedCompanion(
        "user:ann@example.com:sessions", Credential(b"user:secret"), "set", b"secret", b"", b"", None
    )
    undo = RestoreSession(ROW.key, ROW.user, b"dump", 2e9, (removed,))
    async with running(feed_with()) as (app, pilot):
        app._undo.commands.append(undo)
        await tap(pilot, "u")
        await shows(app, pilot, "What was removed from other keys is put back.")
    assert "secret" not in repr(undo)
