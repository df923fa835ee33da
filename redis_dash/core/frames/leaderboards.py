"""The leaderboards frame: sorted sets with ranks and movements."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count, exact
from redis_dash.core.credential import Credential
from redis_dash.core.frames.base import Frame, exported_count


class BoardRow(msgspec.Struct, frozen=True):
    """One member of a leaderboard."""

    rank: int
    """1 is the first."""
    member: str
    score: float
    moved: int
    """Places won (positive) or lost in its last move that we saw; 0 if none."""
    moved_s: float | None = None
    """Seconds since that move."""
    entered: bool = False
    """Whether it is new or came from below the watched ranks, and has not moved since."""
    whole_member: Credential | None = None
    """The whole member, by which two rows are told apart: ids of sessions and tokens in ``member`` are masked."""

    def exported(self) -> dict[str, object]:
        """Rank, member and score."""
        return {"rank": self.rank, "member": self.member, "score": self.score, "moved": self.moved}


class Board(msgspec.Struct, frozen=True):
    """One sorted set, best first."""

    key: str
    """May hold a session's id; ``name`` is shown."""
    size: int
    rows: tuple[BoardRow, ...]
    """One page of the leaderboard: the first, unless another was asked for."""
    sought: str = ""
    """The member around whom the page was asked for."""
    missing: bool = False
    """Whether that member is not on the leaderboard."""
    masked_key: str | None = None
    """The key as it is shown, where a session's id or a token in it is masked."""
    given_name: str = ""
    """The name that the settings give; empty if they give none."""

    def __repr__(self) -> str:
        return f"Board({self.name!r}, {self.size}, {self.rows!r})"

    @property
    def name(self) -> str:
        """The name that the settings give, otherwise the key as it may be shown."""
        return self.given_name or self.shown_key

    @property
    def shown_key(self) -> str:
        """The key as it may be shown."""
        return self.key if self.masked_key is None else self.masked_key

    def exported(self) -> dict[str, object]:
        """The members of its page; ``name`` only if the settings give one."""
        named = {"name": self.given_name} if self.given_name else {}
        return {"key": self.shown_key, **named, "size": self.size, "rows": [row.exported() for row in self.rows]}


class LeaderboardsFrame(Frame, frozen=True):
    """Leaderboards and their members."""

    boards: tuple[Board, ...]
    count: Count = exact(0)
    """The number of leaderboards; ``boards`` may hold fewer."""

    def exported(self) -> dict[str, object]:
        """Leaderboards with the members of their page."""
        return {"boards": [board.exported() for board in self.boards], **exported_count("", self.count)}
