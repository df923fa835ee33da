"""Who leads, who moves? The top of each sorted set, and its size."""

from __future__ import annotations

import time

import msgspec

from redis_dash.connection import check
from redis_dash.model import Board, BoardRow, LeaderboardsFrame
from redis_dash.ownreads import Command, ReplyError
from redis_dash.sources.base import Context, Sample, text

FAMILY = "leaderboards"
ROWS = 100
BOARDS = 20
"""Boards read; the others are only counted."""


class _Move(msgspec.Struct):
    places: int
    at: float
    entered: bool


class LeaderboardsSource:
    """Remembers the order of the last poll, to tell who moved."""

    topic = "leaderboards"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.families[FAMILY]
        self._ranks: dict[bytes, dict[bytes, int]] = {}
        self._moves: dict[bytes, dict[bytes, _Move]] = {}

    async def read(self) -> Sample[LeaderboardsFrame]:
        """One pipeline: size and top of each board."""
        await self._context.require_scan()
        keys = sorted(self._family.keys)
        commands: list[Command] = []
        for key in keys[:BOARDS]:
            commands += [(b"ZCARD", key), (b"ZREVRANGE", key, b"0", str(ROWS - 1).encode(), b"WITHSCORES")]
        replies = await self._context.deployment.pipeline(commands)
        boards = []
        for index, key in enumerate(keys[:BOARDS]):
            board = self._board(key, replies[2 * index], replies[2 * index + 1])
            if board is not None:
                boards.append(board)
        unread = len(keys) - len(keys[:BOARDS])
        frame = LeaderboardsFrame(tuple(boards))
        coverage = self._family.estimate().coverage
        if unread:
            return Sample(frame, coverage, "reduced", f"{unread:,} more boards are not read")
        return Sample(frame, coverage)

    def _board(self, key: bytes, size: object, top: object) -> Board | None:
        if isinstance(size, ReplyError) and str(size).startswith("WRONGTYPE"):
            return None  # a key of another type that happens to have a board's name
        members, scores = _pairs(check(top))
        if not members:
            self._family.discard(key)
            self._ranks.pop(key, None)
            self._moves.pop(key, None)
            return None
        size = check(size)
        moves = self._moved(key, members)
        now = time.monotonic()
        rows = []
        for index, (member, score) in enumerate(zip(members, scores, strict=True)):
            move = moves.get(member)
            rows.append(
                BoardRow(
                    rank=index + 1,
                    member=text(member),
                    score=score,
                    moved=move.places if move else 0,
                    moved_s=now - move.at if move else None,
                    entered=move.entered if move else False,
                )
            )
        return Board(text(key), size if isinstance(size, int) else len(rows), tuple(rows))

    def _moved(self, key: bytes, members: list[bytes]) -> dict[bytes, _Move]:
        """Each member's latest move, those that left forgotten."""
        before = self._ranks.get(key)
        ranks = {member: rank for rank, member in enumerate(members)}
        moves = self._moves.setdefault(key, {})
        if before is not None:
            now = time.monotonic()
            for member, rank in ranks.items():
                was = before.get(member)
                if was is None:
                    moves[member] = _Move(0, now, True)
                elif was != rank:
                    moves[member] = _Move(was - rank, now, False)
            for gone in moves.keys() - ranks.keys():
                del moves[gone]
        self._ranks[key] = ranks
        return moves


def _pairs(reply: object) -> tuple[list[bytes], list[float]]:
    if not isinstance(reply, list):
        return [], []
    return reply[::2], [float(score) for score in reply[1::2]]
