"""Who is near, at or over the limit?"""

from __future__ import annotations

from collections.abc import Hashable

from textual.app import ComposeResult

from redis_dash.model import LimitRow, RateLimitsFrame
from redis_dash.tui.figures import count, duration, seen, tally
from redis_dash.tui.intents import Detail
from redis_dash.tui.look import Ground, Role
from redis_dash.tui.panes.base import Pane, Piece, piece
from redis_dash.tui.spans import Span
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Bar, Cell, Table

NEAR = 0.8

COLUMNS = (
    Column(Plain("client"), 15, least=12, most=32),
    Column(Plain("used"), 10, least=5, most=40, priority=1),
    Column(Plain(""), 7, most=12, right=True),
    Column(Plain("state"), 13, most=18),
)


class RateLimitsPane(Pane[RateLimitsFrame]):
    """Clients and how much of their limit they have used; who is blocked stands first."""

    TOPIC = "rate_limits"
    NAME = Plain("Rate limits")
    TAB = Plain("Limits")
    EMPTY = Plain("Keys that match --limit (ratelimit:* by default) are listed here, the fullest first.")
    FRAME = RateLimitsFrame

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.table: Table[LimitRow] = Table(COLUMNS, _Rows())

    def compose(self) -> ComposeResult:
        """Just the table."""
        yield self.table

    @property
    def listing(self) -> Table[LimitRow]:
        """The table."""
        return self.table

    def has_nothing(self, frame: RateLimitsFrame) -> bool:
        """Nobody is counted."""
        return not frame.rows and not frame.count.value

    def nothing(self, frame: RateLimitsFrame) -> Plain:
        """What was looked for."""
        return self.absence("limiters", "--limit")

    def known(self, frame: RateLimitsFrame) -> int:
        """Also those that are not listed."""
        return frame.count.value

    def answer(self, frame: RateLimitsFrame) -> tuple[Piece, ...]:
        """``1 blocked · 3 near · 40 clients``, ``1,204+ blocked · 310+ near · 480 k ± 1 % clients``."""
        clients = piece(seen(frame.count, "client" if frame.count.value == 1 else "clients"))
        if not frame.rows:
            return (clients,)
        if frame.unlimited:
            return clients, piece("limit not known", "dim")
        return (
            piece(f"{tally(frame.blocked)} blocked", "alarm" if frame.blocked.value else "dim"),
            piece(f"{tally(frame.near)} near", "warn" if frame.near.value else "dim"),
            clients,
        )

    def warning(self, frame: RateLimitsFrame) -> Span | None:
        """Somebody is blocked."""
        return (Plain(f"!{tally(frame.blocked)}"), "alarm") if frame.blocked.value else None

    def display_frame(self, frame: RateLimitsFrame) -> None:
        """Hand over the rows."""
        self.table.show(frame.rows)

    def detail(self) -> Detail | None:
        """The limit behind the row."""
        row = self.table.item
        if row is None:
            return None
        facts = (
            (Plain("client"), plain(row.identity, 200) or Plain("(empty)")),
            (Plain("key"), plain(row.key, 400)),
            (Plain("used"), count(row.used)),
            (Plain("limit"), Plain("unknown: Redis does not hold it") if row.limit is None else count(row.limit)),
            (Plain("window"), duration(row.window_s)),
            (Plain("falls in"), duration(row.reset_s)),
            (Plain("state"), _state(row)[0]),
            (Plain("written by"), plain(row.dialect, 60)),
        )
        return Detail(Plain("Rate limit"), facts)


class _Rows:
    def key(self, row: LimitRow) -> Hashable:
        return row.key

    def cells(self, row: LimitRow) -> tuple[Cell, ...]:
        identity: Span = (plain(row.identity, 40) or Plain("(empty)"), "bad" if row.blocked else "text")
        if row.limit is None:
            return identity, (Plain(""), "dim"), (Plain(f"used {row.used:,}"), "text"), _state(row)
        share = row.used / row.limit if row.limit > 0 else 1.0
        figures = Plain(f"{row.used:,}/{row.limit:,}")
        role = _level(row)
        return identity, Bar(share, role), (figures, role if row.blocked else "text"), _state(row)

    def ground(self, row: LimitRow) -> Ground:
        return "trouble" if row.blocked else "base"

    def words(self, row: LimitRow) -> str:
        return f"{row.identity} {row.key} {_state(row)[0]}"


def _level(row: LimitRow) -> Role:
    if row.blocked:
        return "bad"
    return "warn" if row.limit and row.used >= NEAR * row.limit else "good"


def _state(row: LimitRow) -> Span:
    """``blocked, 41 s``, ``near, 12 s``, ``falls in 12 s``: the word, not the colour alone."""
    wait = "" if row.reset_s is None else str(duration(row.reset_s))
    if row.blocked:
        return Plain(f"blocked, {wait}" if wait else "blocked"), "bad"
    if row.limit and row.used >= NEAR * row.limit:
        return Plain(f"near, {wait}" if wait else "near"), "warn"
    return Plain(f"falls in {wait}" if wait else ""), "dim"
