"""Who is signed in? The frame."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count
from redis_dash.core.credential import Credential
from redis_dash.core.frames.base import Frame, exported_count


class SessionRow(msgspec.Struct, frozen=True):
    """One session."""

    key: Credential
    id: str
    """Masked."""
    user: str
    """Whom the application says it is; empty for an anonymous or unreadable one."""
    role: str
    ttl_s: float | None
    """Seconds until it expires; None if it never does."""
    ttl_full_s: float | None
    """What a fresh session has, as far as seen: the length of the bar."""
    created_at: float | None
    dialect: str
    ttl_known: bool = True
    """False where the lifetime could not be read: then ``ttl_s`` says nothing."""
    fields: tuple[tuple[str, str], ...] = ()
    """What else the application keeps in it; values of secret-looking fields are already hidden."""
    fingerprint: bytes = b""
    """Of whom and what the session is about, to see later whether it still is the same; empty where it is unknown."""

    def exported(self) -> dict[str, object]:
        """Without key and contents."""
        return {
            "id": self.id,
            "user": self.user,
            "role": self.role,
            "ttl_s": self.ttl_s,
            "ttl_known": self.ttl_known,
            "created_at": self.created_at,
            "dialect": self.dialect,
        }


class Search(msgspec.Struct, frozen=True):
    """A search among all sessions: under way, or what it has found."""

    rows: tuple[SessionRow, ...]
    """Most time left first; those that never expire last."""
    found: int
    """May be more than ``rows``."""
    read: int
    """Sessions looked at."""
    coverage: float
    """Share of the keyspace that was searched, 0..1."""
    running: bool
    elapsed_s: float
    note: str = ""
    """Why it ended early, if it did."""


class SessionsFrame(Frame, frozen=True):
    """Who is signed in?"""

    count: Count
    rows: tuple[SessionRow, ...]
    """Most time left first; those that never expire last."""
    search: Search | None = None
    can_undo: bool | None = None
    """Whether a session that is revoked can be brought back by our user; None where the server does not tell."""

    def exported(self) -> dict[str, object]:
        """Without keys and contents: a session's id is a credential, and exports travel."""
        return {**exported_count("", self.count), "rows": [row.exported() for row in self.rows]}
