"""Revoking a session: the question, the command, the report, undo."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from redis_dash.core.commands import FindOut, Outcome, RestoreSession, Result, RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.sessions import Format
from redis_dash.sources.session_rights import READ_ONLY
from redis_dash.tui.app import DashApp
from redis_dash.tui.screens import confirm
from redis_dash.tui.text import plain
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, WIDE, case, leave, running, screen_text, shows, tap, until

ROWS = [fakes.session(i) for i in range(5)]
UNDO = RestoreSession(ROWS[1].key, ROWS[1].user, b"dump", 2e9)


def feed_with(*outcomes: Outcome | Exception) -> FakeFeed:
    """A feed with sessions that answers with these outcomes."""
    feed = FakeFeed(*(reading for reading in fakes.everything() if reading.topic != "sessions"))
    feed.put(fakes.ok("sessions", fakes.sessions(*ROWS), coverage=1.0))
    feed.outcomes = list(outcomes)
    return feed


@pytest.fixture(autouse=True)
def _answers_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 0.0)


async def test_the_question_keeps_its_time_and_tells_that_the_session_has_ended() -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        row = msgspec.structs.replace(ROWS[0], ttl_s=77.0)
        feed.put(fakes.ok("sessions", fakes.sessions(row, *ROWS[1:]), coverage=1.0))
        await shows(app, pilot, "expires in  1 min 17 s")
        feed.put(fakes.ok("sessions", fakes.sessions(*ROWS[1:]), coverage=1.0))
        await shows(app, pilot, "This session has ended. Noticed at ", "Nothing is left to delete.")
        assert "The key is deleted" not in screen_text(app)
        assert "expires in" not in screen_text(app)


async def test_on_a_read_only_replica_nothing_is_promised() -> None:
    feed = feed_with()
    frame = msgspec.structs.replace(fakes.sessions(*ROWS), no_delete=READ_ONLY)
    feed.put(fakes.ok("sessions", frame, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Likely refused: this server is a read-only replica.", "If not, the key is deleted")
        assert "allows it" not in screen_text(app)
        assert "brings it back" not in screen_text(app)


async def test_a_right_that_is_given_meanwhile_changes_the_question() -> None:
    feed = feed_with()
    refused = msgspec.structs.replace(fakes.sessions(*ROWS), can_undo=False, no_delete="not allowed to run DEL")
    feed.put(fakes.ok("sessions", refused, coverage=1.0))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Likely refused: not allowed to run DEL.")
        allowed = msgspec.structs.replace(refused, can_undo=True, no_delete="")
        feed.put(fakes.ok("sessions", allowed, coverage=1.0))
        await shows(app, pilot, "u asks and brings it back, until you quit.")
        assert "refused" not in screen_text(app)


async def test_where_the_user_may_stay_signed_in_the_question_does_not_say_signed_out() -> None:
    """As with a framework that keeps its sessions in a database, too."""
    row = msgspec.structs.replace(ROWS[0], dialect="Django (cached_db)")
    known = Format(row.dialect, "sess:*", "pickle", is_certain=True, caveat="Deleting the key does not sign out.")
    frame = msgspec.structs.replace(fakes.sessions(row), formats=(known,))
    async with running(FakeFeed(fakes.ok("sessions", frame, coverage=1.0))) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Delete the key of this session?", "Deleting the key does not sign out.", "Delete (y)")
        assert "Sign" not in screen_text(app)


async def test_no_question_where_it_could_not_be_read() -> None:
    feed = feed_with()
    async with running(feed, size=(40, 10)) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "too small")
        await tap(pilot, "y")
        assert "Sign this session out?" not in screen_text(app)
    assert feed.submitted == []


async def test_a_quickly_typed_filter_is_no_command() -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2")
        for character in "/user1ry":  # all keys have arrived before the first is handled
            app.post_message(Key("slash" if character == "/" else character, character))
        await until(pilot, lambda: any(field.value == "user1ry" for field in app.screen.query(Input)))
        await tap(pilot, "/")
        await until(pilot, lambda: any(field.value == "user1ry/" for field in app.screen.query(Input)))
        assert "Sign this session out?" not in screen_text(app)
    assert feed.submitted == []


async def test_the_question_says_who_and_what() -> None:
    async with running(feed_with()) as (app, pilot):
        await tap(pilot, "2", "down", "r")
        await shows(
            app, pilot, "Sign this session out?", "user1@example.com", "0001…", "student", "since", "expires in"
        )
        await shows(
            app, pilot, "The key is deleted, if this user may do so.", "The application decides what happens next."
        )


@pytest.mark.parametrize(
    ("can_undo", "shown"),
    [
        (True, ("The key is deleted, and nothing else.", "u asks and brings it back, until you quit.")),
        (
            None,
            (
                "The key is deleted, if this user may do so.",
                "u asks and brings it back, until you quit,",
                "if RESTORE is allowed.",
            ),
        ),
        (False, ("No undo: DUMP or RESTORE is not allowed.",)),
    ],
)
async def test_the_question_promises_only_what_can_be_done(can_undo: bool | None, shown: tuple[str, ...]) -> None:
    """The whole question fits the smallest terminal in which it is asked."""
    feed = feed_with()
    feed.put(fakes.ok("sessions", msgspec.structs.replace(fakes.sessions(*ROWS), can_undo=can_undo), coverage=1.0))
    async with running(feed, (50, 18)) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?", *shown, "(y)")
        assert "refused" not in screen_text(app)


async def test_what_is_brought_back_ends_when_it_would_have() -> None:
    async with running(feed_with()) as (app, pilot):
        app._undo.commands.append(UNDO)
        await tap(pilot, "u")
        await shows(app, pilot, "The key is written again, to end when it would have ended.")


@pytest.mark.parametrize("keys", [("2", "r"), ("u",)])
@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("redis://127.0.0.1:6379/0", ["redis://127.0.0.1:6379/0"]),
        ("rediss://ops@" + "db.production." * 9 + "example.com:6380/12", ["rediss://ops@db", "…", "com:6380/12"]),
    ],
    ids=["short", "long"],
)
async def test_the_question_says_where(keys: tuple[str, ...], target: str, shown: list[str]) -> None:
    """A long address keeps its beginning and end; a short one is whole."""
    feed = feed_with()
    feed.target = target
    feed.put(fakes.ok("sessions", fakes.sessions(fakes.session(1, "someone" * 30, "role" * 30)), coverage=1.0))
    async with running(feed, MEDIUM) as (app, pilot):
        app._undo.commands.append(UNDO)
        for size in ((50, 18), (60, 20), (100, 28), MEDIUM):
            with case(size):
                await pilot.resize_terminal(*size)
                await tap(pilot, *keys)
                await shows(app, pilot, "session", "?", "(y)", *shown)
                (line,) = [line for line in screen_text(app).splitlines() if "server  " in line]
                assert all(part in line for part in shown)
                assert "Cancel (Esc)" in screen_text(app)
                await leave(app, pilot)


@pytest.mark.parametrize("width", range(9))
def test_what_is_too_long_loses_its_middle(width: int) -> None:
    for text in ("abcdefghijk", "日本語日本語", "a日b本c語d", "éé" * 9):
        short = confirm.without_middle(plain(text), width)
        assert cell_len(short) <= width
        if width >= 5:
            assert (short[0], short[-1]) == (text[0], text[-1])
            assert "…" in short
    assert confirm.without_middle(plain("abc"), 3) == "abc"


@pytest.mark.parametrize("keys", [("escape",), ("n",), ("enter",), ("tab", "tab", "enter")])
async def test_no_is_the_default(keys: tuple[str, ...]) -> None:
    feed = feed_with()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, *keys)
        await until(pilot, lambda: "Sign this session out?" not in screen_text(app))
        assert feed.submitted == []


@pytest.mark.parametrize("keys", [("y",), ("tab", "enter")])
async def test_yes_submits_the_row_under_the_cursor(keys: tuple[str, ...]) -> None:
    feed = feed_with(Outcome("deleted", "The session is deleted."))
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "down", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, *keys)
        await shows(app, pilot, "Deleted", "The session is deleted.")
        assert feed.submitted == [RevokeSession(ROWS[1])]


async def test_a_command_that_takes_time_is_told_until_it_is_done() -> None:
    feed = feed_with(Outcome("deleted", "Deleted.", undo=UNDO), SourceError("connection refused"))
    feed.answers.clear()
    async with running(feed) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await until(pilot, lambda: "signing out…" in screen_text(app).splitlines()[-1])
        feed.answers.set()
        await shows(app, pilot, "Deleted.")
        await until(pilot, lambda: "signing out…" not in screen_text(app))
        feed.answers.clear()
        await tap(pilot, "u")
        await shows(app, pilot, "Bring")
        await tap(pilot, "y")
        await until(pilot, lambda: "bringing back…" in screen_text(app).splitlines()[-1])
        feed.answers.set()
        await shows(app, pilot, "connection refused")
        await until(pilot, lambda: "bringing back…" not in screen_text(app))


@pytest.mark.parametrize("result", ["already gone", "changed since, not deleted"])
async def test_other_outcomes_are_told(result: Result) -> None:
    async with running(feed_with(Outcome(result, "It had [/] changed."))) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await shows(app, pilot, result.capitalize(), "It had [/] changed.")


async def test_an_error_is_told() -> None:
    async with running(feed_with(SourceError("connection [/] refused"))) as (app, pilot):
        await tap(pilot, "2", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await shows(app, pilot, "Not done", "connection [/] refused")


LOST = FindOut(RevokeSession(ROWS[1]), UNDO)
NOT_KNOWN = Outcome("not known", "The answer was lost.", UNDO, LOST)


async def revoke_second(app: DashApp, pilot: Pilot[None]) -> None:
    await tap(pilot, "2", "down", "r")
    await shows(app, pilot, "Sign this session out?")
    await tap(pilot, "y")


async def test_a_lost_answer_is_told_keeps_its_undo_and_is_looked_up() -> None:
    feed = feed_with(NOT_KNOWN, Outcome("gone", "It is gone by now.", UNDO))
    feed.server_is_back.clear()
    async with running(feed, WIDE) as (app, pilot):
        await revoke_second(app, pilot)
        await shows(app, pilot, "Not known", "The answer was lost.", "u undo")
        await until(pilot, lambda: feed.submitted == [RevokeSession(ROWS[1]), LOST])
        assert app._undo.commands == [UNDO]
        feed.server_is_back.set()
        await shows(app, pilot, "Gone", "It is gone by now.", "u undo")
        assert app._undo.commands == [UNDO]


async def test_what_turns_out_not_to_be_done_cannot_be_undone() -> None:
    feed = feed_with(NOT_KNOWN, Outcome("still there", "It is there."))
    async with running(feed, WIDE) as (app, pilot):
        await revoke_second(app, pilot)
        await shows(app, pilot, "Still there", "It is there.")
        await until(pilot, lambda: not app.dashboard.can_undo)


@pytest.mark.parametrize(
    ("found", "left"),
    [(Outcome("there again", "It is back."), []), (Outcome("not restored", "It is not.", UNDO), [UNDO])],
)
async def test_a_lost_answer_to_an_undo(found: Outcome, left: list[RestoreSession]) -> None:
    lost = FindOut(UNDO, UNDO)
    feed = feed_with(Outcome("not known", "The answer was lost.", UNDO, lost), found)
    async with running(feed, WIDE) as (app, pilot):
        app._undo.commands.append(UNDO)
        await tap(pilot, "u")
        await shows(app, pilot, "Bring this session back?")
        await tap(pilot, "y")
        await shows(app, pilot, found.result.capitalize(), found.detail)
        assert feed.submitted == [UNDO, lost]
        assert app._undo.commands == left


async def test_an_undo_that_was_refused_can_be_tried_again() -> None:
    feed = feed_with(SourceError("OOM command not allowed"))
    async with running(feed, WIDE) as (app, pilot):
        app._undo.commands.append(UNDO)
        await tap(pilot, "u")
        await shows(app, pilot, "Bring this session back?")
        await tap(pilot, "y")
        await shows(app, pilot, "Not done", "OOM")
        assert app._undo.commands == [UNDO]


async def test_after_a_defect_of_ours_nobody_knows() -> None:
    async with running(feed_with(RuntimeError("session:secret-"))) as (app, pilot):
        await revoke_second(app, pilot)
        await shows(app, pilot, "Not known", "An error in redis-dash itself")
        assert "secret-" not in screen_text(app)


async def test_undo_asks_and_restores() -> None:
    feed = feed_with(Outcome("deleted", "Gone.", UNDO), Outcome("restored", "Back again."))
    async with running(feed, WIDE) as (app, pilot):
        await tap(pilot, "u")
        await shows(app, pilot, "nothing to undo")
        await tap(pilot, "2", "down", "r")
        await shows(app, pilot, "Sign this session out?")
        await tap(pilot, "y")
        await shows(app, pilot, "Gone.", "u undo")
        await tap(pilot, "u")
        await shows(app, pilot, "Bring this session back?", "user1@example.com")
        await tap(pilot, "escape", "u")
        await shows(app, pilot, "Bring this session back?")
        await tap(pilot, "y")
        await shows(app, pilot, "Back again.")
        assert feed.submitted[1:] == [UNDO]
        await until(pilot, lambda: not app.dashboard.can_undo)


async def test_no_credential_is_ever_on_the_screen_or_in_a_repr() -> None:
    feed = feed_with(Outcome("deleted", "Gone.", UNDO))
    async with running(feed, WIDE) as (app, pilot):
        texts = []
        for keys in (("2",), ("enter",), ("escape", "r"), ("y",), ("u",)):
            await tap(pilot, *keys)
            await pilot.pause(0.05)
            texts.append(screen_text(app))
        seen = "".join(texts)
        reprs = repr([app, app.dashboard, *app.dashboard.panes, feed.submitted, app._undo, *app.screen_stack])
        for text in (seen, reprs):
            assert "do-not-show" not in text
            assert "secret-" not in text
