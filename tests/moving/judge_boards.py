"""Judges leaderboards: their number, names, sizes and pages."""

from __future__ import annotations

from redis_dash.core.frames.leaderboards import Board, LeaderboardsFrame
from tests.moving import boards as truth
from tests.moving.bench import Bench
from tests.moving.observer import Seen

READ = 50
"""Boards that are read; the others are only counted."""
PAGE = 100


class BoardsJudge:
    """Judges pages that start at the first rank."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._boards = bench.world.boards
        for board in self._boards.boards.values():
            board.rewind()

    def judge(self, seen: Seen) -> None:
        """Judge one frame."""
        frame = seen.reading.frame
        assert isinstance(frame, LeaderboardsFrame)
        self._bench.count("boards", frame.count, seen, self._boards.count)
        keys = [board.key for board in frame.boards]
        self._bench.check("boards: each once", len(set(keys)) == len(keys), seen, f"{keys}")
        if frame.count.certainty == "exact":
            message = f"{len(keys)} boards of exactly {frame.count.value}"
            self._bench.check("boards: as many as counted", len(keys) == min(READ, frame.count.value), seen, message)
        for board in frame.boards:
            self._board(board, seen)

    def _board(self, board: Board, seen: Seen) -> None:
        known = self._boards.boards[board.key]
        size = known.size.values(*seen.span)
        message = f"{board.key} has {board.size} members, truth {size}"
        self._bench.check("board: size", size.has(board.size), seen, message, known.size)
        shown = [(row.member.encode(), row.score) for row in board.rows]
        first = board.rows[0].rank if board.rows else 1
        states = list(known.states(*seen.span))
        right = any(truth.ranked(state)[first - 1 : first - 1 + PAGE] == shown for state in reversed(states))
        message = f"{board.key}, {len(shown)} rows: {shown[:3]}.., truth {truth.ranked(states[-1])[:3]}.."
        self._bench.check("board: page", right, seen, message)
        ranks = [row.rank for row in board.rows]
        self._bench.check("board: ranks", ranks == list(range(first, first + len(ranks))), seen, f"{ranks}")
