"""The sessions pane: who is signed in, and the key that signs them out."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.core.commands import RevokeSession, SearchSessions, StopSearch
from redis_dash.core.feed import Progress
from redis_dash.core.frames.sessions import Format, SessionRow, SessionsFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.formatting import seen
from redis_dash.tui.intents import ConfirmationRequested, Detail, Facts, NotificationRequested, Question, ReadRequested
from redis_dash.tui.keys import IN_A_PANE, KeyHelp
from redis_dash.tui.panes.base import STOP, Piece, piece
from redis_dash.tui.panes.session_rows import COLUMNS, SessionRows, facts, formats, recognition
from redis_dash.tui.panes.session_search import LEAST_CHARS, SearchStatus, invitation
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.widgets.table import Table

_UNDO = {
    True: "{app.undo} asks and brings it back, until you quit.",
    False: "No undo: DUMP or RESTORE is not allowed.",
    None: "{app.undo} asks and brings it back, until you quit, if RESTORE is allowed.",
}
_UNDO_BY_NAME = "Undo, in the palette, asks and brings it back, until you quit, if RESTORE is allowed."
REVOKE_ID = "sessions.revoke"

_REVOKE = KeyHelp(
    "delete the selected session, to sign its user out, after a question", section=IN_A_PANE, footer="revoke", rank=11
)
ENDED = Plain("This session has ended.")
NOTHING_LEFT = Plain("Nothing is left to delete.")


class SessionsPane(TablePane[SessionsFrame, SessionRow]):
    """The application's sessions, most time left first."""

    TOPIC = "sessions"
    NAME = TAB = Plain("Sessions")
    EMPTY = Plain("Keys that match --session (session:* by default) are listed here, most time left first.")
    FRAME = SessionsFrame
    WORDS = (
        "Sessions",
        (
            ("1 other key", "matches the pattern, and has another type than sessions: its details say so"),
            ("user  role", "what the application has written into the session; (unnamed) if no known field says"),
            ("(anonymous)", "no user is signed in, as its framework says"),
            (
                "(not readable)",
                "its format is not known here or is not that of the settings, or the command to read it is not allowed",
            ),
            ("may not be read", "the user of redis-dash has no right on these keys: they are counted, and not listed"),
            ("id", "the beginning of the session's id; the rest is hidden: whoever has it could take over the session"),
            ("time left", "until the session's key expires; the bar is its share of the longest time seen"),
            ("never", "its key does not expire"),
            ("(hidden)", "a secret, such as a password or a token"),
            (
                "Not known",
                "the answer to a sign-out was lost: whether the session is there is looked up as soon as possible",
            ),
            (
                "listed",
                "those with most time left, then those that never end; {pane.filter} … {filter.keep} searches all",
            ),
        ),
    )
    KEY_NOTES = {
        "pane.filter": "where not all are listed, {filter.keep} searches all by user, field or beginning of the id",
        "pane.clear": "the search (it stops, then it goes)",
    }

    BINDINGS: ClassVar = [
        Binding("r", "revoke", "Revoke", show=False, id=REVOKE_ID, group=_REVOKE),
    ]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.table: Table[SessionRow] = Table(COLUMNS, SessionRows())
        self._search_status = SearchStatus()

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table

    def has_nothing(self, frame: SessionsFrame) -> bool:
        """No session was seen."""
        if self._search_status.is_on:
            return not self._found
        return not frame.rows and not frame.count.value

    def lists_nothing(self, frame: SessionsFrame) -> bool:
        """No session is listed; a search has words of its own."""
        return not self._search_status.is_on and super().lists_nothing(frame)

    def nothing(self, frame: SessionsFrame) -> Plain:
        """The patterns that were searched for."""
        return self._search_status.nothing() if self._search_status.is_on else self.empty_text("sessions", "--session")

    def known(self, frame: SessionsFrame) -> int:
        """All sessions, listed or not."""
        results = self._search_status.results
        return (results.found if results else 0) if self._search_status.is_on else frame.count.value

    @property
    def _found(self) -> tuple[SessionRow, ...]:
        results = self._search_status.results
        return results.rows if results else ()

    def answer(self, frame: SessionsFrame) -> tuple[Piece, ...]:
        """``128 sessions``, ``1.01 M ± 1 % sessions · 1,000 listed``; what a search has found."""
        if self._search_status.is_on:
            return self._search_status.answer()
        sessions = frame.sessions
        pieces = [piece(seen(sessions, "session", self.tallies), "strong")]
        if sessions.value < frame.count.value and (others := frame.other_type):
            pieces.append(piece(plural(others, "other key"), "dim"))
        if len(frame.rows) < frame.count.value:
            pieces.append(piece(f"{len(frame.rows):,} listed", "dim"))
        if frame.refused.value or frame.refused.certainty == "unknown":
            refused = self.tallies(frame.refused, "refused") if frame.refused.value else "some"
            pieces.append(piece(f"{refused} may not be read", "warn"))
        return tuple(pieces)

    def brief_answer(self, frame: SessionsFrame) -> tuple[Piece, ...]:
        """Without the number of listed sessions, which the lower edge shows."""
        pieces = self.answer(frame)
        return pieces if self._search_status.is_on else pieces[:1]

    @property
    def has_own_key(self) -> bool:
        """Whether a session is selected."""
        return self.table.item is not None

    def notes(self) -> list[Piece]:
        """Also the text of the search."""
        notes = super().notes()
        if self._search_status.is_on:
            return [self._search_status.note(), *notes]
        return notes

    def asides(self) -> list[Piece]:
        """The formats; not of the matches of a search or of a filter, which may all be in one of them."""
        if self._search_status.is_on or self.navigable.filter_text or self.is_typing or self.frame is None:
            return []
        return [*(piece(text, "dim") for text in formats(self.frame.formats)), *super().asides()]

    def currency(self) -> tuple[Piece, ...]:
        """The key that searches all sessions, or ends a search."""
        frame = self.frame
        if self.is_typing and frame is not None and frame.count.value > len(frame.rows):
            return tuple(self.hint(invitation(self.typed), "accent"))
        if not self._search_status.is_on:
            return super().currency()
        does = "{pane.clear} stops" if self._search_status.is_running else "{pane.clear}: back to all"
        return tuple(self.hint(does, "accent"))

    def listed(self, frame: SessionsFrame) -> tuple[SessionRow, ...]:
        """The sessions with most time left, or the results of a search."""
        return self._found if self._search_status.is_on else frame.rows

    def begin_afresh(self) -> None:
        """Also drop the search."""
        self._search_status.end()
        super().begin_afresh()

    # -- the search --------------------------------------------------------------------------------------------------

    def receive(self, reading: AnyReading) -> None:
        """Show the results of a search at once."""
        self._search_status.take(reading)
        super().receive(reading)
        if self._search_status.is_on:
            self.refresh_values()

    def show_progress(self, progress: Progress | None) -> None:
        """Show the progress of the search."""
        if self._search_status.watch(progress):
            self.refresh_border()

    def narrow(self, text: str) -> None:
        """Filter the rows. Results of a search are not filtered: the text may be in a field that is not listed."""
        self.table.narrow("" if self._search_status.is_on else text)

    def search_further(self, text: str) -> bool:
        """Search all sessions, if not all are listed."""
        frame, text = self.frame, text.strip()
        if frame is None or not text or (frame.count.value <= len(frame.rows) and not self._search_status.is_on):
            return False
        if len(text) < LEAST_CHARS:
            self.post_message(NotificationRequested(Plain(f"A search takes at least {LEAST_CHARS} characters.")))
            return False
        self._search_status.begin(text)
        self.paused = False
        self.table.home()
        self.catch_up()
        self.post_message(ReadRequested(SearchSessions(text)))
        return True

    @property
    def way_back(self) -> Plain:
        """Stop the search, then leave it."""
        if (nearer := super().way_back) or not self._search_status.is_on:
            return nearer
        return STOP if self._search_status.is_running else Plain("all sessions")

    def step_back(self) -> bool:
        """Stop the search, then leave it."""
        if not self._search_status.is_on:
            return False
        if self._search_status.is_running:
            self._search_status.was_stopped = True
            self.post_message(ReadRequested(StopSearch()))
        else:
            self._search_status.end()
            self.table.home()
            self.post_message(ReadRequested(SearchSessions("")))
        self.catch_up()
        return True

    # -- one session -------------------------------------------------------------------------------------------------

    def describe(self, row: SessionRow) -> Detail:
        """The contents of the session."""
        return Detail(Plain("Session"), (*facts(row), *recognition(row, self._format_of(row))))

    def _format_of(self, row: SessionRow) -> Format | None:
        return next((one for one in self.frame.formats if one.name == row.dialect), None) if self.frame else None

    def departure(self, is_complete: bool) -> Plain:
        """The session ended, or others have more time left."""
        if is_complete:
            return ENDED
        return Plain("No longer listed: it has ended, or others have more time left.")

    def _consequence_now(self, detail: Detail, row: SessionRow) -> tuple[Plain, ...]:
        """The consequence; of a session that has ended, that there is none."""
        return (*_noticed(detail), *((NOTHING_LEFT,) if detail.notice.startswith(ENDED) else self._consequence(row)))

    def _consequence(self, row: SessionRow) -> tuple[Plain, ...]:
        """What signing out does, and whether it can be undone; or why it is likely to be refused."""
        frame, known = self.frame, self._format_of(row)
        if frame is not None and frame.no_delete:
            remedy = Plain(f"{plain(frame.delete_remedy)} allows it.") if frame.delete_remedy else Plain("")
            likely = Plain(f"Likely refused: {plain(frame.no_delete, 80)}.")
            return tuple(line for line in (likely, remedy, Plain("If not, the key is deleted, nothing else.")) if line)
        caveat = plain(known.caveat, 200) if known and known.caveat else Plain("")
        if not row.companions:
            caveat = caveat or Plain("The application decides what happens next.")
        return tuple(line for line in (self._change(row), caveat, self._undo(row)) if line)

    def _change(self, row: SessionRow) -> Plain:
        frame = self.frame
        sure = "" if frame is not None and frame.can_undo is not None else ", if this user may do so"
        if not row.companions:
            return Plain(f"The key is deleted{sure or ', and nothing else'}.")
        if frame is not None and frame.no_companions:
            return Plain(f"The key is deleted; companion keys stay as they are: {plain(frame.no_companions, 60)}.")
        return Plain(f"The key is deleted{sure}; {'; '.join(plain(also, 200) for also in row.companions)}.")

    def _undo(self, row: SessionRow) -> Plain:
        frame = self.frame
        if frame is not None and frame.can_undo and row.companions and frame.no_companion_undo:
            hint = (
                self.key_table.hint("{app.undo} asks and brings back the session alone")
                or "Undo asks and brings back the session alone"
            )
            return Plain(f"{hint}, until you quit: {plain(frame.no_companion_undo, 60)}.")
        return Plain(self.key_table.hint(_UNDO[frame.can_undo if frame else None]) or _UNDO_BY_NAME)

    def action_revoke(self) -> None:
        """Ask whether to sign the selected session out."""
        row, detail = self.table.item, self.follow()
        if row is None or detail is None:
            self.post_message(NotificationRequested(Plain("No session is selected.")))
            return
        known = self._format_of(row)
        is_only_key = known is not None and bool(known.caveat)  # the user may stay signed in
        question = Question(
            title=Plain("Delete the key of this session?" if is_only_key else "Sign this session out?"),
            facts=lambda: _asked(detail()),
            consequence=lambda: self._consequence_now(detail(), row),
            verb=Plain("Delete" if is_only_key else "Sign out"),
            keys=self.key_table.keys(REVOKE_ID),
        )
        self.post_message(ConfirmationRequested(RevokeSession(row), question))


def _asked(detail: Detail) -> Facts:
    """What tells a session from others; its time left only as long as that is read."""
    return detail.facts[: 4 if detail.notice else 5]


def _noticed(detail: Detail) -> tuple[Plain, ...]:
    """Why that is old, if it is: ``This session has ended. Noticed at 14:02:41.``"""
    text = detail.notice.partition("; ")[0]
    return (Plain(f"{text.removesuffix('.')}."),) if text else ()
