"""The page of one board that is shown, and how its members have moved."""

from __future__ import annotations

import time

import msgspec


class Move(msgspec.Struct):
    places: int
    at: float
    entered: bool


class Page(msgspec.Struct):
    """The page of one board that is shown, and what the last poll read."""

    first: int = 0
    """Rank of the first row, starting at 0."""
    sought: str = ""
    """The member around which the page was requested."""
    found: bool = False
    """Whether the member's rank has been looked up and the page moved to it."""
    missing: bool = False
    ranks: dict[bytes, int] | None = None
    """Ranks in the last poll."""
    moves: dict[bytes, Move] = msgspec.field(default_factory=dict)


def notice_moves(page: Page, members: list[bytes]) -> None:
    """Update the latest move of each member on the page; drop members that left it."""
    ranks = {member: rank for rank, member in enumerate(members)}
    if page.ranks is not None:
        now = time.monotonic()
        for member, rank in ranks.items():
            was = page.ranks.get(member)
            if was is None:
                page.moves[member] = Move(0, now, True)
            elif was != rank:
                page.moves[member] = Move(was - rank, now, False)
        for gone in page.moves.keys() - ranks.keys():
            del page.moves[gone]
    page.ranks = ranks
