"""The row and the details of a member of a leaderboard."""

from __future__ import annotations

import math
from collections.abc import Hashable

from redis_dash.core.frames.leaderboards import Board, BoardRow
from redis_dash.tui.formatting import count, duration, score, score_decimals, score_forms
from redis_dash.tui.intents import Facts
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.theme_styles import Ground, Role
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column

FADE_S = 10.0
"""How long a move stays bright."""
GONE_S = 60.0
"""How long a move is shown."""

COLUMNS = (
    Column(Plain("rank"), 12, least=4, right=True),
    Column(Plain("move"), 5, least=4, priority=1),
    Column(Plain("member"), 16, most=40),
    Column(Plain(""), 6, most=40, priority=2, bar=True),
    Column(Plain("score"), 24, right=True),
)


class BoardRows:
    """One row for each member."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin with another board."""
        self.best = 0.0
        self.decimals = 0
        self._board = ""

    def see(self, board: Board) -> None:
        """Scale bars by the best score, also on later pages; choose decimals by this page's scores."""
        first = max((abs(row.score) for row in board.rows[:1]), default=0.0)
        leads = not board.rows or board.rows[0].rank == 1
        self.best = first if leads or board.key != self._board else max(self.best, first)
        self._board = board.key
        self.decimals = score_decimals(row.score for row in board.rows)

    def key(self, row: BoardRow) -> Hashable:
        return row.whole_member or row.member

    def cells(self, row: BoardRow) -> tuple[Cell, ...]:
        share = row.score / self.best if self.best and row.score > 0 else None
        recent = row.moved_s is not None and row.moved_s < FADE_S
        leads: Role = "strong" if row.rank <= 3 or recent else "text"
        return (
            (count(row.rank), "strong" if row.rank <= 3 else "dim"),
            _movement(row),
            Name(plain(row.member, 200) or Plain("(empty)"), leads),
            Bar(share, "gauge"),
            Figure(score_forms(row.score, self.decimals), leads),
        )

    def ground(self, _row: BoardRow) -> Ground:
        return "base"

    def words(self, row: BoardRow) -> str:
        return row.member


def _movement(row: BoardRow) -> Segment:
    """``▲2`` or ``▼1``, bright at first, then pale, then gone."""
    age = row.moved_s if row.moved_s is not None else 0.0
    if row.entered:
        return (Plain("new"), "accent" if age < FADE_S else "dim") if age < GONE_S else (Plain(""), "dim")
    if not row.moved or age >= GONE_S:
        return Plain(""), "dim"
    bright: Role = "good" if row.moved > 0 else "dim"
    return Plain(f"{'▲' if row.moved > 0 else '▼'}{abs(row.moved)}"), bright if age < FADE_S else "dim"


def _exactly(value: float) -> Plain:
    """``6,320``; with all decimals if there are any."""
    return score(value) if value == round(value, 2) or not math.isfinite(value) else Plain(repr(value))


def _last_move(row: BoardRow) -> Plain:
    """``up 2, 41 s ago``."""
    if not row.moved and not row.entered:
        return Plain("none seen yet")
    places = abs(row.moved)
    what = "new on what is shown" if row.entered else f"{'up' if row.moved > 0 else 'down'} {places:,}"
    return Plain(what if row.moved_s is None else f"{what}, {duration(row.moved_s)} ago")


def facts(row: BoardRow) -> Facts:
    """The details of a member."""
    return (
        (Plain("member"), plain(row.member, 400) or Plain("(empty)")),
        (Plain("rank"), count(row.rank)),
        (Plain("score"), _exactly(row.score)),
        (Plain("last move"), _last_move(row)),
    )
