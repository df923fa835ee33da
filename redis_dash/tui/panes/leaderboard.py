"""The leaderboard pane: ranks, scores and recent moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.core.commands import ShowRanks
from redis_dash.core.frames.leaderboards import Board, BoardRow, LeaderboardsFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.formatting import compact, duration
from redis_dash.tui.intents import Detail, NotificationRequested, ReadRequested
from redis_dash.tui.keys import IN_A_PANE, KeyHelp
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.leaderboard_rows import COLUMNS, BoardRows, facts
from redis_dash.tui.panes.paging import Paging, is_away, is_larger
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.status import FRESH_S, certainty
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.widgets.table import Table

_SWITCH = KeyHelp("previous, next board", section=IN_A_PANE, footer="board", rank=12)


class LeaderboardPane(TablePane[LeaderboardsFrame, BoardRow]):
    """One leaderboard at a time, best first; a large one in pages."""

    TOPIC = "leaderboards"
    NAME = Plain("Leaderboard")
    TAB = Plain("Board")
    EMPTY = Plain("Sorted sets that match --leaderboard (leaderboard, leaderboard:* by default) are shown here.")
    FRAME = LeaderboardsFrame
    WORDS = (
        "Leaderboard",
        (
            ("rank  score", "1 has the highest score"),
            ("member", "who or what the board ranks"),
            ("move  ▲2  ▼1", "places won, lost by its last move, shown for a minute; new: came into view"),
            ("boards: …", "how sure the number of boards is; the members were read just now"),
        ),
    )
    KEY_NOTES = {
        "pane.filter": "{filter.keep} goes to the member of that name, wherever it stands",
        "pane.page_up": "also through the pages of a large one",
        "pane.clear": "the page (back to the top)",
    }

    BINDINGS: ClassVar = [
        Binding("left_square_bracket", "switch(-1)", "Previous board", show=False, id="boards.previous", group=_SWITCH),
        Binding("right_square_bracket", "switch(1)", "Next board", show=False, id="boards.next", group=_SWITCH),
    ]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._rows = BoardRows()
        self.table: Table[BoardRow] = Table(COLUMNS, self._rows)
        self._key: str | None = None
        self._paging = Paging()

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table

    def _board(self, frame: LeaderboardsFrame) -> tuple[int, Board]:
        """The board that is shown, found by its key, since boards come and go."""
        found = next((i for i, board in enumerate(frame.boards) if board.key == self._key), 0)
        return found, frame.boards[found]

    def has_nothing(self, frame: LeaderboardsFrame) -> bool:
        """No board at all."""
        return not frame.boards

    def nothing(self, frame: LeaderboardsFrame) -> Plain:
        """The patterns that were searched for."""
        return self.empty_text("sorted sets", "--leaderboard")

    def known(self, frame: LeaderboardsFrame) -> int:
        """All members of the board that is shown."""
        return self._board(frame)[1].size if frame.boards else 0

    def answer(self, frame: LeaderboardsFrame) -> tuple[Piece, ...]:
        """``leaderboard · 1 of 3 [ ] · 212 members``."""
        return self._about(frame, _extent)

    def brief_answer(self, frame: LeaderboardsFrame) -> tuple[Piece, ...]:
        """``leaderboard · 1 of 3 [ ] · 5.00 M members``."""
        return self._about(frame, lambda board: Plain(f"{compact(board.size)} member{'s' * (board.size != 1)}"))

    def _about(self, frame: LeaderboardsFrame, extent: Callable[[Board], Plain]) -> tuple[Piece, ...]:
        if not frame.boards:
            return ()
        index, board = self._board(frame)
        pieces = [piece(plain(board.name, 30), "strong"), piece(extent(board))]
        if len(frame.boards) > 1:
            keys = self.key_table.footer_name(_SWITCH)
            pieces.insert(1, piece(f"{index + 1} of {len(frame.boards)} {keys}".rstrip(), "accent"))
        if board.missing:
            pieces.insert(0, piece(f"{plain(board.sought, 16)} was not found here", "warn"))
        return tuple(pieces)

    @property
    def has_own_key(self) -> bool:
        """Whether there is another board."""
        frame = self._shown_frame
        return frame is not None and len(frame.boards) > 1

    def notes(self) -> list[Piece]:
        """Also the key that returns to the top."""
        board, notes = self._current, super().notes()
        if board is None or not is_away(board):
            return notes
        return [*self.hint("{pane.clear}: top", "accent"), *(note for note in notes if note not in self.way_home())]

    def currency(self) -> tuple[Piece, ...]:
        """The key that goes to a member on another page; how certain the number of boards is."""
        board = self._current
        if self.is_typing and board is not None and is_larger(board):
            return tuple(self.hint("{filter.keep} goes to that member", "accent"))
        return super().currency() or self._boards_counted()

    def _boards_counted(self) -> tuple[Piece, ...]:
        """``boards: counted 43 s ago``, since the members were read later; nothing where both are exact."""
        reading, now = self.reading, time.time()
        if reading is None or reading.count is None or reading.count.certainty == "exact":
            return ()
        age = now - reading.taken_at
        old = [piece(f"{duration(age)} old", "dim")] if age > FRESH_S else []
        return ((Plain("boards: "), "dim"), *certainty(reading.count, now, self.tallies)), *old

    def window(self, first: int, last: int, total: int) -> Piece:
        """The visible ranks, on a page of a large board."""
        board = self._current
        if board is None or not is_larger(board) or self.table.filter_text or last > len(board.rows):
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
        """Show the rows of the current board."""
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
        self.display_frame(frame)  # in a paused pane too: the other board is from the same reading
        self.refresh_border()

    def begin_afresh(self) -> None:
        """Also drop the choice of a board and of a page."""
        self._key = None
        self._rows.forget()
        self._paging.forget()
        super().begin_afresh()

    # -- pages -------------------------------------------------------------------------------------------------------

    def receive(self, reading: AnyReading) -> None:
        """Show a requested page at once."""
        super().receive(reading)
        if self._paging.is_waiting:
            self.refresh_values()

    def _show_page(self, request: ShowRanks | None) -> bool:
        """Ask for another page; return False if there is none."""
        if request is None:
            return False
        if self.paused:
            self.action_pause()  # a paused pane has no other page
        self.post_message(ReadRequested(request))
        return True

    @property
    def _pages(self) -> Board | None:
        """The board, if it has more members than are listed."""
        board = self._current
        return board if board is not None and is_larger(board) and not self.table.filter_text else None

    def action_move(self, step: int) -> None:
        """Move by lines; a page that arrives later no longer moves the cursor."""
        self._paging.forget()
        super().action_move(step)

    def action_page(self, step: int) -> None:
        """Move by screenfuls, on to the next page at the edge."""
        board = self._pages
        if board is None or not self._show_page(self._paging.turn(board, self.table.index, step)):
            super().action_page(step)

    def action_home(self) -> None:
        """Go to the first rank of all."""
        board = self._pages
        if board is None or not self._show_page(self._paging.to_top(board)):
            super().action_home()

    def action_end(self) -> None:
        """Go to the last rank of all."""
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
        """Go to the top."""
        board = self._current
        return super().way_back or Plain("top" if board is not None and is_away(board) else "")

    def step_back(self) -> bool:
        """Go to the top."""
        board = self._current
        return board is not None and self._show_page(self._paging.to_top(board))

    # -- one member --------------------------------------------------------------------------------------------------

    def describe(self, row: BoardRow) -> Detail:
        """Everything about one member."""
        return Detail(Plain("Member"), facts(row))

    def departure(self, is_complete: bool) -> Plain:
        """The member left the board, or the page."""
        return Plain("No longer on this board.") if is_complete else Plain("No longer on this page of the board.")


def _extent(board: Board) -> Plain:
    """``212 members``; for a later page ``ranks 4,012–4,111 of 5,000,000``."""
    if not board.rows or board.rows[0].rank == 1:
        return plural(board.size, "member")
    return Plain(f"ranks {board.rows[0].rank:,}–{board.rows[-1].rank:,} of {board.size:,}")
