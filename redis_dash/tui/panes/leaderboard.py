"""Who leads, who moves?"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.core.commands import ShowRanks
from redis_dash.core.frames.leaderboards import Board, BoardRow, LeaderboardsFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.intents import Detail, NotificationRequested, ReadRequested
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.leaderboard_rows import COLUMNS, BoardRows, facts
from redis_dash.tui.panes.paging import Paging, is_away, is_larger
from redis_dash.tui.panes.reading_view import HOME
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.widgets.table import Table


class LeaderboardPane(TablePane[LeaderboardsFrame, BoardRow]):
    """One board at a time, best first; of a large one a page."""

    TOPIC = "leaderboards"
    OWN_KEY = ("[ ]", "board", 0, "")
    NAME = Plain("Leaderboard")
    TAB = Plain("Board")
    EMPTY = Plain("Sorted sets that match --leaderboard (leaderboard, leaderboard:* by default) are shown here.")
    FRAME = LeaderboardsFrame

    BINDINGS: ClassVar = [
        Binding("left_square_bracket", "switch(-1)", "Previous board", show=False, id="boards.previous"),
        Binding("right_square_bracket", "switch(1)", "Next board", show=False, id="boards.next"),
    ]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._rows = BoardRows()
        self.table: Table[BoardRow] = Table(COLUMNS, self._rows)
        self._key: str | None = None
        self._paging = Paging()

    def compose(self) -> ComposeResult:
        """Just the table."""
        yield self.table

    def _board(self, frame: LeaderboardsFrame) -> tuple[int, Board]:
        """The board that is shown: by its key, since boards come and go."""
        found = next((i for i, board in enumerate(frame.boards) if board.key == self._key), 0)
        return found, frame.boards[found]

    def has_nothing(self, frame: LeaderboardsFrame) -> bool:
        """No board at all."""
        return not frame.boards

    def nothing(self, frame: LeaderboardsFrame) -> Plain:
        """What was looked for."""
        return self.empty_text("sorted sets", "--leaderboard")

    def known(self, frame: LeaderboardsFrame) -> int:
        """All members of the board that is shown."""
        return self._board(frame)[1].size if frame.boards else 0

    def answer(self, frame: LeaderboardsFrame) -> tuple[Piece, ...]:
        """``leaderboard · 212 members · 1 of 3 [ ]``."""
        if not frame.boards:
            return ()
        index, board = self._board(frame)
        pieces = [piece(plain(board.key, 30), "strong"), piece(_extent(board))]
        if len(frame.boards) > 1:
            place = len(pieces) if is_away(board) else 1
            pieces.insert(place, piece(f"{index + 1} of {len(frame.boards)} [ ]", "accent"))
        if board.missing:
            pieces.insert(0, piece(f"{plain(board.sought, 16)} was not found here", "warn"))
        return tuple(pieces)

    @property
    def has_own_key(self) -> bool:
        """Is there another board?"""
        frame = self._shown_frame
        return frame is not None and len(frame.boards) > 1

    def notes(self) -> list[Piece]:
        """Also how to get back."""
        board, notes = self._current, super().notes()
        if board is None or not is_away(board):
            return notes
        return [piece("Esc: top", "accent"), *(note for note in notes if note != HOME)]

    def currency(self) -> tuple[Piece, ...]:
        """How to get to a member that is not on the page."""
        board = self._current
        looks_further = self.is_typing and board is not None and is_larger(board)
        return (piece("Enter goes to that member", "accent"),) if looks_further else super().currency()

    def window(self, first: int, last: int, total: int) -> Piece:
        """Of a page the visible ranks."""
        board = self._current
        if board is None or not is_larger(board) or self.table.needle or last > len(board.rows):
            return super().window(first, last, total)
        return piece(f"{board.rows[first - 1].rank:,}–{board.rows[last - 1].rank:,} of {board.size:,}", "dim")

    @property
    def _current(self) -> Board | None:
        frame = self._shown_frame
        return self._board(frame)[1] if frame is not None and frame.boards else None

    def listed(self, frame: LeaderboardsFrame) -> tuple[BoardRow, ...]:
        """The page of the board that is shown."""
        return self._board(frame)[1].rows if frame.boards else ()

    def display_frame(self, frame: LeaderboardsFrame) -> None:
        """Hand over the rows of the board that is shown."""
        if not frame.boards:
            self.table.show(())
            return
        _, board = self._board(frame)
        self._rows.see(board)
        self.table.show(board.rows)
        if self._paging.is_waiting and (row := self._paging.arrival(board)):
            if row.rank == 1:
                self.table.home()
            else:
                self.table.go_to(self._rows.key(row))

    def action_switch(self, step: int) -> None:
        """Show another board."""
        frame = self._shown_frame
        if frame is None or not frame.boards:
            return
        if len(frame.boards) == 1:
            self.post_message(NotificationRequested(Plain("No other board is listed.")))
            return
        index, _ = self._board(frame)
        self._key = frame.boards[(index + step) % len(frame.boards)].key
        self._paging.forget()
        self.table.home()
        self.display_frame(frame)  # also of a paused pane: another board, as old as the one before
        self.redress()

    # -- pages -------------------------------------------------------------------------------------------------------

    def receive(self, reading: AnyReading) -> None:
        """A page that was asked for shows at once."""
        super().receive(reading)
        if self._paging.is_waiting:
            self.refresh_values()

    def _show_page(self, request: ShowRanks | None) -> bool:
        """Ask for another page; false if there is none to ask for."""
        if request is None:
            return False
        if self.paused:
            self.action_pause()  # what stands still has no other page
        self.post_message(ReadRequested(request))
        return True

    @property
    def _pages(self) -> Board | None:
        """The board, where it goes on beyond what is listed."""
        board = self._current
        return board if board is not None and is_larger(board) and not self.table.needle else None

    def action_move(self, step: int) -> None:
        """By lines; a page that is still to come does not take the cursor any more."""
        self._paging.forget()
        super().action_move(step)

    def action_page(self, step: int) -> None:
        """By screenfuls, and on to the neighbouring page."""
        board = self._pages
        if board is None or not self._show_page(self._paging.turn(board, self.table.index, step)):
            super().action_page(step)

    def action_home(self) -> None:
        """To the first rank of all."""
        board = self._pages
        if board is None or not self._show_page(self._paging.to_top(board)):
            super().action_home()

    def action_end(self) -> None:
        """To the last rank of all."""
        board = self._pages
        if board is None or not self._show_page(self._paging.to_end(board)):
            super().action_end()

    def search_further(self, text: str) -> bool:
        """Go to a member anywhere on the board."""
        board = self._current
        return (
            bool(text)
            and board is not None
            and is_larger(board)
            and self._show_page(self._paging.to_member(board, text))
        )

    @property
    def way_back(self) -> Plain:
        """To the top."""
        board = self._current
        return super().way_back or Plain("top" if board is not None and is_away(board) else "")

    def step_back(self) -> bool:
        """To the top."""
        board = self._current
        return board is not None and self._show_page(self._paging.to_top(board))

    # -- one member --------------------------------------------------------------------------------------------------

    def describe(self, row: BoardRow) -> Detail:
        """Everything about one member."""
        return Detail(Plain("Member"), facts(row))

    def departure(self, is_complete: bool) -> Plain:
        """It left the board, or the page."""
        return Plain("No longer on this board.") if is_complete else Plain("No longer on this page of the board.")


def _extent(board: Board) -> Plain:
    """``212 members``; of a later page ``ranks 4,012–4,111 of 5,000,000``."""
    if not board.rows or board.rows[0].rank == 1:
        return plural(board.size, "member")
    return Plain(f"ranks {board.rows[0].rank:,}–{board.rows[-1].rank:,} of {board.size:,}")
