"""Who leads, who moves?"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.model import Board, BoardRow, LeaderboardsFrame
from redis_dash.tui.figures import count, duration, score, score_decimals, score_forms
from redis_dash.tui.intents import Detail
from redis_dash.tui.look import Ground, Role
from redis_dash.tui.panes.base import Pane, Piece, piece
from redis_dash.tui.spans import Span
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Bar, Cell, Figure, Table

FADE_S = 10.0
"""How long a movement stays bright."""
GONE_S = 60.0
"""How long it stays at all."""

COLUMNS = (
    Column(Plain("rank"), 5, least=4, right=True),
    Column(Plain("move"), 4, priority=1),
    Column(Plain("member"), 20, least=8, most=30),
    Column(Plain(""), 10, least=6, most=40, priority=2),
    Column(Plain("score"), 10, least=7, right=True),
)
WIDEST_SCORE = 24
"""How much room a score may take from the member before it is written shorter."""


class LeaderboardPane(Pane[LeaderboardsFrame]):
    """One board at a time, best first."""

    TOPIC = "leaderboards"
    NAME = Plain("Leaderboard")
    TAB = Plain("Board")
    EMPTY = Plain(
        "No leaderboard yet. Sorted sets that match --leaderboard (leaderboard, leaderboard:* by default) "
        "would be shown here, best score first."
    )
    FRAME = LeaderboardsFrame

    BINDINGS: ClassVar = [
        Binding("left_square_bracket", "switch(-1)", "Previous board", show=False, id="boards.previous"),
        Binding("right_square_bracket", "switch(1)", "Next board", show=False, id="boards.next"),
    ]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._rows = _Rows()
        self.table: Table[BoardRow] = Table(COLUMNS, self._rows)
        self._key: str | None = None

    def compose(self) -> ComposeResult:
        """Just the table."""
        yield self.table

    @property
    def listing(self) -> Table[BoardRow]:
        """The table."""
        return self.table

    def _board(self, frame: LeaderboardsFrame) -> tuple[int, Board]:
        """The board that is shown: by its key, since boards come and go."""
        found = next((i for i, board in enumerate(frame.boards) if board.key == self._key), 0)
        return found, frame.boards[found]

    def has_nothing(self, frame: LeaderboardsFrame) -> bool:
        """No board at all."""
        return not frame.boards

    def known(self, frame: LeaderboardsFrame) -> int:
        """All members of the board that is shown."""
        return self._board(frame)[1].size if frame.boards else 0

    def answer(self, frame: LeaderboardsFrame) -> tuple[Piece, ...]:
        """``leaderboard · 212 members · 1 of 3 [ ]``."""
        if not frame.boards:
            return ()
        index, board = self._board(frame)
        pieces = [piece(plain(board.key, 30), "strong"), piece(plural(board.size, "member"))]
        if len(frame.boards) > 1:
            pieces.insert(1, piece(f"{index + 1} of {len(frame.boards)} [ ]", "accent"))
        return tuple(pieces)

    def display_frame(self, frame: LeaderboardsFrame) -> None:
        """Hand over the rows of the board that is shown."""
        if not frame.boards:
            return
        _, board = self._board(frame)
        self._rows.best = max((abs(row.score) for row in board.rows[:1]), default=0.0)
        self._rows.decimals = score_decimals(row.score for row in board.rows)
        self.table.show(board.rows, self._columns(board))

    def _columns(self, board: Board) -> tuple[Column, ...]:
        """The score takes what its longest figure needs."""
        *others, last = COLUMNS
        longest = max((len(score(row.score, self._rows.decimals)) for row in board.rows), default=0)
        needed = min(max(longest, last.least), WIDEST_SCORE)
        return (*others, replace(last, width=max(needed, last.width), least=needed))

    def action_switch(self, step: int) -> None:
        """Show another board."""
        frame = self._shown_frame
        if frame is None or not frame.boards:
            return
        index, _ = self._board(frame)
        self._key = frame.boards[(index + step) % len(frame.boards)].key
        self.table.home()
        self.display_frame(frame)  # also of a paused pane: another board, as old as the one before
        self.redress()

    def detail(self) -> Detail | None:
        """Everything about one member."""
        row = self.table.item
        if row is None:
            return None
        facts = (
            (Plain("member"), plain(row.member, 400) or Plain("(empty)")),
            (Plain("rank"), count(row.rank)),
            (Plain("score"), Plain(repr(row.score))),
            (Plain("moved"), Plain(f"{_movement(row)[0] or '–'}")),
            (Plain("ago"), duration(row.moved_s)),
        )
        return Detail(Plain("Member"), facts)


class _Rows:
    best = 0.0
    decimals = 0

    def key(self, row: BoardRow) -> Hashable:
        return row.member

    def cells(self, row: BoardRow) -> tuple[Cell, ...]:
        share = row.score / self.best if self.best and row.score > 0 else None
        recent = row.moved_s is not None and row.moved_s < FADE_S
        leads: Role = "strong" if row.rank <= 3 or recent else "text"
        return (
            (count(row.rank), "strong" if row.rank <= 3 else "dim"),
            _movement(row),
            (plain(row.member, 40) or Plain("(empty)"), leads),
            Bar(share, "gauge"),
            Figure(score_forms(row.score, self.decimals), leads),
        )

    def ground(self, _row: BoardRow) -> Ground:
        return "base"

    def words(self, row: BoardRow) -> str:
        return row.member


def _movement(row: BoardRow) -> Span:
    """``▲2`` or ``▼1``, bright at first, then pale, then gone."""
    age = row.moved_s if row.moved_s is not None else 0.0
    if row.entered:
        return (Plain("new"), "accent" if age < FADE_S else "dim") if age < GONE_S else (Plain(""), "dim")
    if not row.moved or age >= GONE_S:
        return Plain(""), "dim"
    bright: Role = "good" if row.moved > 0 else "dim"
    return Plain(f"{'▲' if row.moved > 0 else '▼'}{abs(row.moved)}"), bright if age < FADE_S else "dim"
