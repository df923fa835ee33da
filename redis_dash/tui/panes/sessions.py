"""Who is signed in, and can I sign them out, now?"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.commands import RevokeSession, SearchSessions, StopSearch
from redis_dash.feed import Progress
from redis_dash.model import AnyReading, SessionRow, SessionsFrame
from redis_dash.tui.figures import countdown, duration, moment, seen
from redis_dash.tui.intents import Asked, Detail, Facts, Question, Told, Wanted
from redis_dash.tui.look import Ground
from redis_dash.tui.panes.base import STOP, Piece, piece
from redis_dash.tui.panes.listed import Listed
from redis_dash.tui.panes.searching import LEAST_CHARS, Searching, invitation
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Bar, Cell, Figure, Table

COLUMNS = (
    Column(Plain("user"), 28, most=40),
    Column(Plain("id"), 5),
    Column(Plain("role"), 7, most=12, priority=1),
    Column(Plain(""), 4, most=20, priority=2, bar=True),
    Column(Plain("time left"), 10, most=14, right=True),
)

ANONYMOUS = Plain("(anonymous)")
FIELDS = 40
"""How many of a session's fields are shown."""


class SessionsPane(Listed[SessionsFrame, SessionRow]):
    """The application's sessions, newest activity first."""

    TOPIC = "sessions"
    NAME = TAB = Plain("Sessions")
    EMPTY = Plain("Keys that match --session (session:* by default) are listed here, the latest activity first.")
    FRAME = SessionsFrame

    BINDINGS: ClassVar = [Binding("r", "revoke", "Revoke", show=False, id="sessions.revoke")]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.table: Table[SessionRow] = Table(COLUMNS, _Rows())
        self._searching = Searching()

    def compose(self) -> ComposeResult:
        """Just the table."""
        yield self.table

    def has_nothing(self, frame: SessionsFrame) -> bool:
        """No session was seen."""
        if self._searching.is_on:
            return not self._found
        return not frame.rows and not frame.count.value

    def nothing(self, frame: SessionsFrame) -> Plain:
        """What was looked for."""
        return self._searching.nothing() if self._searching.is_on else self.absence("sessions", "--session")

    def known(self, frame: SessionsFrame) -> int:
        """Also those that are not listed."""
        results = self._searching.results
        return (results.found if results else 0) if self._searching.is_on else frame.count.value

    @property
    def _found(self) -> tuple[SessionRow, ...]:
        results = self._searching.results
        return results.rows if results else ()

    def answer(self, frame: SessionsFrame) -> tuple[Piece, ...]:
        """``128 signed in``, ``1.01 M ± 1 % signed in · 1,000 listed``; what a search has found."""
        if self._searching.is_on:
            return self._searching.answer()
        pieces = [piece(seen(frame.count, "signed in"), "strong")]
        if len(frame.rows) < frame.count.value:
            pieces.append(piece(f"{len(frame.rows):,} listed", "dim"))
        return tuple(pieces)

    def notes(self) -> list[Piece]:
        """Also what is searched for."""
        notes = super().notes()
        return [self._searching.note(), *notes] if self._searching.is_on else notes

    def currency(self) -> tuple[Piece, ...]:
        """How to search among all, and of a search how it ends."""
        frame = self.frame
        if self.is_typing and frame is not None and frame.count.value > len(frame.rows):
            return (invitation(self.typed, frame.count.value),)
        if not self._searching.is_on:
            return ()
        return (piece("Esc stops" if self._searching.is_running else "Esc: back to all", "accent"),)

    def listed(self, frame: SessionsFrame) -> tuple[SessionRow, ...]:
        """Those that were active last, or what a search has found."""
        return self._found if self._searching.is_on else frame.rows

    # -- the search --------------------------------------------------------------------------------------------------

    def receive(self, reading: AnyReading) -> None:
        """What a search has found shows at once."""
        self._searching.take(reading)
        super().receive(reading)
        if self._searching.is_on:
            self.beat()

    def tell(self, progress: Progress | None) -> None:
        """How far the search is."""
        if self._searching.watch(progress):
            self.redress()

    def narrow(self, text: str) -> None:
        """What was found stays: it may contain the text in a field that is not listed."""
        self.table.narrow("" if self._searching.is_on else text)

    def look_further(self, text: str) -> bool:
        """Search among all sessions, where not all are listed."""
        frame, text = self.frame, text.strip()
        if frame is None or not text or (frame.count.value <= len(frame.rows) and not self._searching.is_on):
            return False
        if len(text) < LEAST_CHARS:
            self.post_message(Told(Plain(f"A search takes at least {LEAST_CHARS} characters.")))
            return False
        self._searching.begin(text)
        self.paused = False
        self.table.home()
        self.awaken()
        self.post_message(Wanted(SearchSessions(text)))
        return True

    @property
    def way_back(self) -> Plain:
        """Stop the search, then leave it."""
        if (nearer := super().way_back) or not self._searching.is_on:
            return nearer
        return STOP if self._searching.is_running else Plain("all sessions")

    def step_back(self) -> bool:
        """Stop the search, then leave it."""
        if not self._searching.is_on:
            return False
        if self._searching.is_running:
            self._searching.was_stopped = True
            self.post_message(Wanted(StopSearch()))
        else:
            self._searching.end()
            self.table.home()
            self.post_message(Wanted(SearchSessions("")))
        self.awaken()
        return True

    # -- one session -------------------------------------------------------------------------------------------------

    def describe(self, row: SessionRow) -> Detail:
        """What the application keeps in the session."""
        return Detail(Plain("Session"), _facts(row))

    def departure(self, is_complete: bool) -> Plain:
        """It ended, or others were active since."""
        if is_complete:
            return Plain("This session has ended.")
        return Plain("No longer listed: it has ended, or others were active later.")

    def action_revoke(self) -> None:
        """Ask whether to sign the selected person out."""
        row = self.table.item
        if row is None:
            self.post_message(Told(Plain("No session is selected.")))
            return
        self.table.pin()
        question = Question(
            title=Plain("Sign this session out?"),
            facts=_facts(row)[:5],
            consequence=(
                Plain("The key is deleted; the next request with that cookie is refused."),
                Plain("Nothing else is touched. u brings it back."),
            ),
            verb=Plain("Sign out"),
            key="r",
        )
        self.post_message(Asked(RevokeSession(row), question))


class _Rows:
    def key(self, row: SessionRow) -> Hashable:
        return row.key

    def cells(self, row: SessionRow) -> tuple[Cell, ...]:
        share = row.ttl_s / row.ttl_full_s if row.ttl_known and row.ttl_s is not None and row.ttl_full_s else None
        low = share is not None and share < 0.1
        return (
            (plain(row.user, 40), "text") if row.user else (ANONYMOUS, "dim"),
            (plain(row.id, 5), "dim"),
            (plain(row.role, 12), "accent" if row.role == "admin" else "dim"),
            Bar(share, "warn" if low else "gauge"),
            Figure(_left(row), "warn" if low else "text"),
        )

    def ground(self, _row: SessionRow) -> Ground:
        return "base"

    def words(self, row: SessionRow) -> str:
        """All that the details show, as they show it; of the lifetime, which changes all the time, only its kind."""
        fields = (f"{name}={value}" for name, value in row.fields[:FIELDS])
        since = moment(row.created_at) if row.created_at else ""
        kind = "unknown" if not row.ttl_known else "never" if row.ttl_s is None else ""
        return " ".join((row.user or ANONYMOUS, row.id, row.role, since, kind, row.dialect, *fields))


def _left(row: SessionRow) -> tuple[Plain, ...]:
    """``23:58:10``, ``399 d 23:58:10``; where that is too long ``399 d 23 h``."""
    if not row.ttl_known:
        return (Plain("–"),)
    return countdown(row.ttl_s), *(() if row.ttl_s is None else (duration(row.ttl_s),))


def _facts(row: SessionRow) -> Facts:
    since = moment(row.created_at) if row.created_at else Plain("unknown")
    left = countdown(None) if row.ttl_s is None else duration(row.ttl_s)
    fields = [(name, value) for name, value in row.fields[:FIELDS] if not _repeats(row, name, value)]
    return (
        (Plain("user"), plain(row.user, 200) or ANONYMOUS),
        (Plain("session"), plain(row.id, 20)),
        (Plain("role"), plain(row.role, 100) or Plain("–")),
        (Plain("since"), since),
        (Plain("expires in"), left if row.ttl_known else Plain("unknown")),
        (Plain("written by"), plain(row.dialect, 60)),
        *((plain(name, 40), plain(value, 400)) for name, value in fields),
    )


def _repeats(row: SessionRow, name: str, value: str) -> bool:
    """Does a field say once more who it is, as what, or since when?"""
    name = name.casefold()
    if name in ("role", "roles", "scope"):
        return value == row.role
    if name in ("created_at", "createdat", "created", "login_at", "iat") and row.created_at:
        return value in (str(row.created_at), str(int(row.created_at)), str(int(row.created_at * 1000)))
    return name in ("email", "username", "user", "user_name", "name", "login", "sub") and value == row.user
