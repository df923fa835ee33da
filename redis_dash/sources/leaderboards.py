"""Who leads, who moves? One page of each sorted set, and its size: what a board costs does not grow with it."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from redis_dash.commands import Request, ShowRanks
from redis_dash.connection import check
from redis_dash.decoding import raw
from redis_dash.model import Board, BoardRow, LeaderboardsFrame, MissingRightError
from redis_dash.ownreads import Command, ReplyError
from redis_dash.sources.base import Context, Sample, counted, text

FAMILY = "leaderboards"
ROWS = 100
BOARDS = 20
"""Boards read; the others are only counted."""


class _Move(msgspec.Struct):
    places: int
    at: float
    entered: bool


class _Page(msgspec.Struct):
    """What is looked at of one board, and what is remembered of it."""

    first: int = 0
    """Rank of the first row, counted from 0."""
    sought: str = ""
    """The member around whom the page was asked for."""
    found: bool = False
    """It has been looked up, and the page put around it."""
    missing: bool = False
    ranks: dict[bytes, int] | None = None
    """As the last poll saw them."""
    moves: dict[bytes, _Move] = msgspec.field(default_factory=dict)


class LeaderboardsSource:
    """Remembers the order of the last poll, to tell who moved."""

    topic = "leaderboards"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.families[FAMILY]
        globs = context.config.leaderboards
        self._named = [glob.encode() for glob in globs if not set(glob) & set("*?[\\")]
        """Boards whose whole name is known need no scan to be found."""
        self._needs_scan = len(self._named) < len(globs)
        self._pages: dict[bytes, _Page] = {}

    def ask(self, request: Request) -> None:
        """Look at another page of a board from the next poll on."""
        if isinstance(request, ShowRanks):
            page = _Page(first=max(0, request.first - 1), sought=request.member)
            self._pages.update({key: page for key in self._pages if text(key) == request.board})

    async def read(self) -> Sample[LeaderboardsFrame]:
        """One pipeline: size and page of each board."""
        unscanned = await self._why_unscanned()
        keys = sorted({*self._named, *self._family.keys})
        boards = []
        # Somebody may ask for another page while we wait for this one: its rows belong to the page as it was.
        pages = {key: self._pages.setdefault(key, _Page()) for key in keys[:BOARDS]}
        await self._seek(pages)
        commands: list[Command] = []
        for key, page in pages.items():
            last = str(page.first + ROWS - 1).encode()
            commands += [(b"ZCARD", key), (b"ZREVRANGE", key, str(page.first).encode(), last, b"WITHSCORES")]
        replies = await self._context.deployment.pipeline(commands)
        for index, (key, page) in enumerate(pages.items()):
            board = self._board(key, page, replies[2 * index], replies[2 * index + 1])
            if board is not None:
                boards.append(board)
        unread = len(keys) - len(keys[:BOARDS])
        note = f"{unread:,} more boards are not read" if unread else ""
        frame = LeaderboardsFrame(tuple(boards))
        if unscanned is not None:
            note = "; ".join(filter(None, (f"only boards of a known name: {unscanned}" if unscanned else "", note)))
            return Sample(frame, status="reduced" if note else "ok", note=note)
        return counted(frame, self._family.estimate(), note)

    async def _why_unscanned(self) -> str | None:
        """None where the scan finds the boards; empty where nobody needs it; else the right that it lacks.

        Raises:
            SourceError: scanning does not work, and without it there is nothing to read.
        """
        if self._named and not self._needs_scan:
            return ""
        try:
            await self._context.require_scan()
        except MissingRightError as error:
            if not self._named:
                raise
            return str(error)
        return None

    async def _seek(self, pages: Mapping[bytes, _Page]) -> None:
        """Put the page around the member that somebody looks for."""
        for key, page in pages.items():
            if not page.sought or page.found:
                continue
            member = raw(page.sought)
            _, rank = await self._context.deployment.pipeline([(b"ZCARD", key), (b"ZREVRANK", key, member)])
            page.found = True
            page.missing = not isinstance(rank, int)
            page.first = max(0, rank - ROWS // 2) if isinstance(rank, int) else 0

    def _board(self, key: bytes, page: _Page, size: object, rows: object) -> Board | None:
        if isinstance(size, ReplyError) and str(size).startswith("WRONGTYPE"):
            return None  # a key of another type that happens to have a board's name
        size = check(size)
        if not size or not isinstance(size, int):
            self._family.discard(key)
            self._pages.pop(key, None)
            return None
        members, scores = _pairs(check(rows))
        if not members:  # the board has become shorter than where we look
            page.first, page.ranks = max(0, size - ROWS), None
        return Board(
            key=text(key),
            size=size,
            rows=self._rows(page, members, scores),
            sought=page.sought,
            missing=page.missing,
        )

    def _rows(self, page: _Page, members: list[bytes], scores: list[float]) -> tuple[BoardRow, ...]:
        _notice_moves(page, members)
        now = time.monotonic()
        rows = []
        for rank, (member, score) in enumerate(zip(members, scores, strict=True), page.first + 1):
            move = page.moves.get(member)
            rows.append(
                BoardRow(
                    rank=rank,
                    member=text(member),
                    score=score,
                    moved=move.places if move else 0,
                    moved_s=now - move.at if move else None,
                    entered=move.entered if move else False,
                )
            )
        return tuple(rows)


def _notice_moves(page: _Page, members: list[bytes]) -> None:
    """Each member's latest move, those that left forgotten."""
    ranks = {member: rank for rank, member in enumerate(members)}
    if page.ranks is not None:
        now = time.monotonic()
        for member, rank in ranks.items():
            was = page.ranks.get(member)
            if was is None:
                page.moves[member] = _Move(0, now, True)
            elif was != rank:
                page.moves[member] = _Move(was - rank, now, False)
        for gone in page.moves.keys() - ranks.keys():
            del page.moves[gone]
    page.ranks = ranks


def _pairs(reply: object) -> tuple[list[bytes], list[float]]:
    if not isinstance(reply, list):
        return [], []
    return reply[::2], [float(score) for score in reply[1::2]]
