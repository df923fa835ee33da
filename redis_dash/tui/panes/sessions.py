"""Who is signed in, and can I sign them out, now?"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.commands import RevokeSession
from redis_dash.model import SessionRow, SessionsFrame
from redis_dash.tui.figures import countdown, duration, estimate, moment
from redis_dash.tui.intents import Asked, Detail, Facts, Question, Told
from redis_dash.tui.look import Ground
from redis_dash.tui.panes.base import Pane, Piece, piece
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Bar, Cell, Table

COLUMNS = (
    Column(Plain("user"), 20, least=12, most=34),
    Column(Plain("id"), 5, priority=1),
    Column(Plain("role"), 7, most=12, priority=2),
    Column(Plain(""), 6, least=4, most=20, priority=3),
    Column(Plain("time left"), 9, right=True),
)


class SessionsPane(Pane[SessionsFrame]):
    """The application's sessions, newest activity first."""

    TOPIC = "sessions"
    NAME = TAB = Plain("Sessions")
    EMPTY = Plain(
        "Nobody is signed in. Keys that match --session (session:* by default) would be listed here, "
        "the latest activity first."
    )
    FRAME = SessionsFrame

    BINDINGS: ClassVar = [Binding("r", "revoke", "Revoke", show=False, id="sessions.revoke")]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.table: Table[SessionRow] = Table(COLUMNS, _Rows())

    def compose(self) -> ComposeResult:
        """Just the table."""
        yield self.table

    @property
    def listing(self) -> Table[SessionRow]:
        """The table."""
        return self.table

    def has_nothing(self, frame: SessionsFrame) -> bool:
        """Nobody."""
        return not frame.rows and not frame.count

    def known(self, frame: SessionsFrame) -> int:
        """Also those that are not listed."""
        return frame.count

    def answer(self, frame: SessionsFrame) -> tuple[Piece, ...]:
        """``128 signed in``, ``1.01 M ± 1 % signed in · 1,000 listed``."""
        pieces = [piece(f"{estimate(frame.count, frame.low, frame.high)} signed in", "strong")]
        if len(frame.rows) < frame.count:
            pieces.append(piece(f"{len(frame.rows):,} listed", "dim"))
        return tuple(pieces)

    def display_frame(self, frame: SessionsFrame) -> None:
        """Hand over the rows."""
        self.table.show(frame.rows)

    def detail(self) -> Detail | None:
        """What the application keeps in the session."""
        row = self.table.item
        return Detail(Plain("Session"), _facts(row)) if row else None

    def action_revoke(self) -> None:
        """Ask whether to sign the selected person out."""
        row = self.table.item
        if row is None:
            self.post_message(Told(Plain("No session is selected.")))
            return
        question = Question(
            title=Plain("Sign this session out?"),
            facts=_facts(row)[:5],
            consequence=(
                Plain("The key is deleted; the next request with that cookie is refused."),
                Plain("Nothing else is touched. u brings it back."),
            ),
            verb=Plain("Sign out"),
        )
        self.post_message(Asked(RevokeSession(row), question))


class _Rows:
    def key(self, row: SessionRow) -> Hashable:
        return row.key

    def cells(self, row: SessionRow) -> tuple[Cell, ...]:
        share = row.ttl_s / row.ttl_full_s if row.ttl_known and row.ttl_s is not None and row.ttl_full_s else None
        low = share is not None and share < 0.1
        return (
            (plain(row.user, 40), "text") if row.user else (Plain("(anonymous)"), "dim"),
            (plain(row.id, 5), "dim"),
            (plain(row.role, 12), "accent" if row.role == "admin" else "dim"),
            Bar(share, "warn" if low else "gauge"),
            (countdown(row.ttl_s) if row.ttl_known else Plain("–"), "warn" if low else "text"),
        )

    def ground(self, _row: SessionRow) -> Ground:
        return "base"

    def words(self, row: SessionRow) -> str:
        return f"{row.user} {row.id} {row.role} {row.dialect}"


def _facts(row: SessionRow) -> Facts:
    since = moment(row.created_at) if row.created_at else Plain("unknown")
    left = countdown(None) if row.ttl_s is None else duration(row.ttl_s)
    return (
        (Plain("user"), plain(row.user, 200) or Plain("(anonymous)")),
        (Plain("session"), plain(row.id, 20)),
        (Plain("role"), plain(row.role, 100) or Plain("–")),
        (Plain("since"), since),
        (Plain("expires in"), left if row.ttl_known else Plain("unknown")),
        (Plain("written by"), plain(row.dialect, 60)),
        *((plain(name, 40), plain(value, 400)) for name, value in row.fields[:40]),
    )
