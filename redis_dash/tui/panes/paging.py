"""Pages of a large leaderboard: which one the user asked for, and where the cursor goes when it arrives."""

from __future__ import annotations

from redis_dash.core import decoding
from redis_dash.core.commands import ShowRanks
from redis_dash.core.frames.leaderboards import Board, BoardRow

PAGE = 100
"""How many ranks the feed reads at once."""


def is_larger(board: Board) -> bool:
    """Whether the board has more members than the page."""
    return board.size > len(board.rows)


def is_away(board: Board) -> bool:
    """Whether another page than the first is shown, or a member was searched for."""
    return bool(board.sought) or (bool(board.rows) and board.rows[0].rank > 1)


class Paging:
    """The requested page, until it arrives."""

    def __init__(self) -> None:
        self._rank = 0
        self._member = ""

    @property
    def is_waiting(self) -> bool:
        """Whether a requested page has not arrived yet."""
        return bool(self._rank or self._member)

    def forget(self) -> None:
        """Forget the request: a page that arrives later does not move the cursor."""
        self._rank, self._member = 0, ""

    def turn(self, board: Board, index: int, step: int) -> ShowRanks | None:
        """The next or previous page, if the cursor is at that edge of this one; None if there is none."""
        if not board.rows or index != (len(board.rows) - 1 if step > 0 else 0):
            return None
        rank = board.rows[index].rank + step
        if not 1 <= rank <= board.size:
            return None
        self._rank, self._member = rank, ""
        return ShowRanks(board.key, first=rank if step > 0 else max(1, rank - PAGE + 1))

    def to_top(self, board: Board) -> ShowRanks | None:
        """The first page; None if it is shown and no other one was requested."""
        if not is_away(board) and not self.is_waiting:
            return None
        self._rank, self._member = 1, ""
        return ShowRanks(board.key, first=1)

    def to_end(self, board: Board) -> ShowRanks | None:
        """The last page; None if it is shown."""
        if board.rows and board.rows[-1].rank >= board.size:
            return None
        self._rank, self._member = board.size, ""
        return ShowRanks(board.key, first=max(1, board.size - PAGE + 1))

    def to_member(self, board: Board, member: str) -> ShowRanks:
        """The page around a member."""
        self._rank, self._member = 0, member
        return ShowRanks(board.key, member=member)

    def arrival(self, board: Board) -> BoardRow | None:
        """The row for the cursor, once, when the requested page has arrived."""
        if self._member:
            if board.sought != self._member:
                return None
            found = next((row for row in board.rows if _is_called(row, self._member)), None)
        else:
            rank = min(self._rank, board.size)
            found = next((row for row in board.rows if row.rank == rank), None)
            if found is None:
                return None
        self.forget()
        return found


def _is_called(row: BoardRow, member: str) -> bool:
    """Whether the row belongs to this member, whose name may be masked in it."""
    return row.member == member if row.whole_member is None else row.whole_member.reveal() == decoding.raw(member)
