"""The row of a session: when it ends, and whether nobody is signed in."""

from __future__ import annotations

import time

import msgspec
import pytest

from redis_dash.actions.carry_out import mark
from redis_dash.core.commands import Outcome, RevokeSession
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.known_ids import KnownIds
from redis_dash.dialects.base import SessionFacts
from redis_dash.sources import session_facts
from redis_dash.sources.session_facts import KnownSession
from redis_dash.tui.panes.session_rows import SessionRows
from redis_dash.tui.widgets.cells import Name

KEY = b"session:q7Hc2-kPzL0_vT9xWm4RbYsE"


def row(facts: SessionFacts, left_s: float | None) -> SessionRow:
    now = time.monotonic()
    expires_at = None if left_s is None else now + left_s
    known = KnownSession(facts, "x", expires_at=expires_at, lifetime_s=left_s, expires_known=True)
    (made,) = session_facts.SessionRows(["session:*"], KnownIds()).make([(KEY, known)], now)
    return made


@pytest.mark.parametrize(
    ("key_left", "ends_in", "left"), [(None, 100, 100), (160, 100, 100), (50, 100, 50), (50, None, 50), (None, -9, -9)]
)
def test_a_session_ends_when_the_framework_says_even_if_its_key_lives_longer(
    key_left: float | None, ends_in: float | None, left: float
) -> None:
    made = row(SessionFacts("ann", ends_at=None if ends_in is None else time.time() + ends_in), key_left)
    assert made.ttl_s == pytest.approx(left, abs=5)
    assert made.ttl_full_s is not None
    assert made.ttl_s is not None
    assert made.ttl_full_s >= made.ttl_s


def test_a_session_whose_key_has_just_expired_has_no_negative_time_left() -> None:
    """A negative time means that the framework ended it and its key remains."""
    assert row(SessionFacts("ann"), -0.4).ttl_s == 0


def test_rows_are_in_the_order_of_the_time_left_that_they_show() -> None:
    """koa-session keeps a key for ten seconds longer than the session."""
    now = time.monotonic()

    def session(key_left: float | None, ends_in: float | None = None) -> KnownSession:
        facts = SessionFacts("ann", ends_at=None if ends_in is None else time.time() + ends_in)
        expires_at = None if key_left is None else now + key_left
        return KnownSession(facts, "x", expires_at=expires_at, lifetime_s=key_left, expires_known=True)

    sessions = [session(122, 112), session(119), session(118, 108), session(None), session(5, -5), session(1)]
    keys = [b"session:%d" % number for number in range(len(sessions))]
    rows = session_facts.SessionRows(["session:*"], KnownIds()).make(zip(keys, sessions, strict=True), now)
    assert [one.key.reveal() for one in rows] == [b"session:%d" % number for number in (1, 0, 2, 5, 4, 3)]


def test_a_session_that_never_ends() -> None:
    assert row(SessionFacts("ann"), None).ttl_s is None


def test_that_nobody_is_signed_in_is_passed_on() -> None:
    assert row(SessionFacts("", is_anonymous=True), 50).is_anonymous
    assert not row(SessionFacts("ann"), 50).is_anonymous


def test_whether_nobody_is_signed_in_is_null_in_exports_where_it_is_not_known() -> None:
    assert row(SessionFacts("", is_anonymous=True), 50).exported()["is_anonymous"] is True
    assert row(SessionFacts("guest-7", is_anonymous=True), 50).exported()["is_anonymous"] is True
    assert row(SessionFacts("ann"), 50).exported()["is_anonymous"] is False
    assert row(SessionFacts(""), 50).exported()["is_anonymous"] is None


@pytest.mark.parametrize(
    ("facts", "dialect", "words"),
    [
        (SessionFacts("ann"), "JSON", "of ann"),
        (SessionFacts(""), "JSON", "(unnamed)"),
        (SessionFacts("", is_anonymous=True), "JSON", "(anonymous)"),
        (SessionFacts(""), "unknown", "(not readable)"),
    ],
)
def test_the_line_of_an_action_names_the_session_as_the_list_does(
    facts: SessionFacts, dialect: str, words: str
) -> None:
    shown = msgspec.structs.replace(row(facts, 50), dialect=dialect)
    assert mark(RevokeSession(shown), Outcome("deleted", "")) == f"deleted: {shown.id} {words}"
    user = words.removeprefix("of ")
    name = SessionRows().cells(shown)[0]
    assert isinstance(name, Name)
    assert (name.text, name.role) == (user, "text" if shown.user else "dim")
