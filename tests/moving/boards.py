"""The application's leaderboards: they grow, shrink, are deleted, and are replaced by keys of another type."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.moving.batch import Batch
from tests.moving.timeline import Span, Timeline

GLOBS = ("leaderboard", "leaderboard:*")
Page = list[tuple[bytes, float]]
"""Members and scores, best first."""


class Write(NamedTuple):
    """One write to a board: the new scores of members, None for removed members."""

    span: Span
    scores: dict[bytes, float | None]
    all_gone: bool = False


class Board:
    """One key: its current scores, and all its writes, which can be replayed."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.scores: dict[bytes, float] = {}
        self.size = Timeline()
        self._writes: list[Write] = []
        self._place, self._replayed = 0, dict[bytes, float]()
        """How many writes have been replayed, and the scores after them."""

    def write(self, write: Write) -> None:
        """Note a write."""
        self._writes.append(write)
        before = len(self.scores)
        _apply(self.scores, write)
        if len(self.scores) != before:
            self.size.step(write.span, len(self.scores) - before)

    def states(self, begin: float, end: float) -> Iterator[dict[bytes, float]]:
        """All scores during an interval, in order; call it with intervals in order only."""
        while self._place < len(self._writes) and self._writes[self._place].span.end < begin:
            _apply(self._replayed, self._writes[self._place])
            self._place += 1
        state = dict(self._replayed)
        yield dict(state)
        for write in self._writes[self._place :]:
            if write.span.begin > end:
                break
            _apply(state, write)
            yield dict(state)

    def rewind(self) -> None:
        """Start the replay again."""
        self._place, self._replayed = 0, {}

    def best_first(self) -> list[bytes]:
        """The current members, best first."""
        return [member for member, _ in ranked(self.scores)]


def ranked(scores: dict[bytes, float]) -> Page:
    """The page in the order of ZREVRANGE."""
    return sorted(scores.items(), key=lambda item: (item[1], item[0]), reverse=True)


def _apply(scores: dict[bytes, float], write: Write) -> None:
    if write.all_gone:
        scores.clear()
    for member, score in write.scores.items():
        if score is None:
            scores.pop(member, None)
        else:
            scores[member] = score


class Boards:
    """A few boards, and keys of other types with a board's name."""

    def __init__(self, rng: random.Random, names: int) -> None:
        self._rng = rng
        self.boards = {key: Board(key) for key in ["leaderboard", *(f"leaderboard:week:{n}" for n in range(names))]}
        self.count = Timeline()
        self.others = Timeline()
        """The number of hashes with a board's name."""
        self._hashes: set[str] = set()

    def score(self, batch: Batch) -> None:
        """A member, perhaps a new one, wins points on some board."""
        board = self._any()
        if board.key not in self._hashes:
            members = {f"player{self._rng.randrange(400)}".encode(): float(self._rng.randrange(1, 50))}
            self._raise(batch, board, members)

    def grow(self, batch: Batch, size: int) -> None:
        """Add many members to one board."""
        board = self._any()
        if board.key not in self._hashes:
            new = {f"player{n}".encode(): float(self._rng.randrange(1, 5000)) for n in range(size)}
            self._raise(batch, board, new)

    def _raise(self, batch: Batch, board: Board, points: dict[bytes, float]) -> None:
        if len(points) == 1:
            ((member, more),) = points.items()

            def note(_: Any, span: Span) -> None:
                self._write(board, Write(span, {member: board.scores.get(member, 0.0) + more}))

            batch.add("ZINCRBY", board.key, more, member, note=note)
            return
        parts = [part for member, score in points.items() for part in (score, member)]
        batch.add("ZADD", board.key, *parts, note=lambda _, span: self._write(board, Write(span, dict(points))))

    def shrink(self, batch: Batch, left: int) -> None:
        """Remove all but the best members."""
        board = self._any()

        def note(_: Any, span: Span) -> None:
            self._write(board, Write(span, dict.fromkeys(board.best_first()[left:])))

        if board.key not in self._hashes:
            batch.add("ZREMRANGEBYRANK", board.key, 0, -left - 1, note=note)

    def vanish(self, batch: Batch) -> None:
        """Delete a board, or the key that replaced it."""
        board = self._any()
        if board.key not in self._hashes:
            batch.add("DEL", board.key, note=lambda _, span: self._write(board, Write(span, {}, all_gone=True)))
            return
        self._hashes.discard(board.key)
        batch.add("DEL", board.key, note=lambda _, span: self.others.step(span, -1))

    def retype(self, batch: Batch) -> None:
        """Replace a board by a hash, in two steps, because no command does it in one."""
        board = self._any()
        if board.key in self._hashes:
            return
        self._hashes.add(board.key)
        batch.add("DEL", board.key, note=lambda _, span: self._write(board, Write(span, {}, all_gone=True)))
        batch.add("HSET", board.key, "title", "the best", note=lambda _, span: self.others.step(span, 1))

    def _any(self) -> Board:
        return self.boards[self._rng.choice(list(self.boards))]

    def _write(self, board: Board, write: Write) -> None:
        before = bool(board.scores)
        board.write(write)
        if bool(board.scores) != before:
            self.count.step(write.span, 1 if board.scores else -1)

    def wiped(self, span: Span) -> None:
        """All keys are deleted at one moment."""
        for board in self.boards.values():
            if board.scores:
                board.write(Write(span, {}, all_gone=True))
        self.count.step(span, -self.count.value)
        self.others.step(span, -self.others.value)
        self._hashes.clear()
