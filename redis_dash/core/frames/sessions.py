"""The sessions frame: the users that are signed in."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count, at_least, exact
from redis_dash.core.credential import Credential
from redis_dash.core.frames.base import Frame, exported_count


class SessionRow(msgspec.Struct, frozen=True):
    """One session."""

    key: Credential
    id: str
    """Masked."""
    user: str
    """The user's name as the application stores it; empty for an anonymous or unreadable session."""
    role: str
    ttl_s: float | None
    """Seconds until it expires; None if it never does; negative if the framework ended it and its key remains."""
    ttl_full_s: float | None
    """The lifetime of a new session, as far as seen: the full length of the bar."""
    created_at: float | None
    dialect: str
    ttl_known: bool = True
    """False if the lifetime could not be read; ``ttl_s`` is then meaningless."""
    fields: tuple[tuple[str, str], ...] = ()
    """The other fields; values of fields that look secret are already hidden."""
    fingerprint: bytes = b""
    """Identifies the session's content, to check later whether it still is the same; empty if it is unknown."""
    is_anonymous: bool = False
    """Whether the framework says that nobody is signed in."""
    is_readable: bool = True
    """False if only its existence is known; a field says why."""
    last_seen_at: float | None = None
    """When it was used last, if the settings say where the value holds that."""
    companions: tuple[str, ...] = ()
    """What else is changed when it is revoked, in words; ids are masked."""
    database: int = 0
    """The number of the database that holds it."""

    @property
    def shown_user(self) -> str:
        """The user; where there is none, why: ``(anonymous)``, ``(not readable)``, ``(unnamed)``."""
        if self.user:
            return self.user
        if self.is_anonymous:
            return "(anonymous)"
        return "(unnamed)" if self.is_readable and self.dialect != "unknown" else "(not readable)"

    def exported(self) -> dict[str, object]:
        """Without key and contents."""
        return {
            "id": self.id,
            "user": self.user,
            "is_anonymous": self.is_anonymous or (False if self.user else None),
            "is_readable": self.is_readable,
            "role": self.role,
            "ttl_s": self.ttl_s,
            "ttl_known": self.ttl_known,
            "created_at": self.created_at,
            "last_seen_at": self.last_seen_at,
            "dialect": self.dialect,
        }


class Format(msgspec.Struct, frozen=True):
    """The format of the sessions that one pattern matches, and how it was recognised."""

    name: str
    """As in ``SessionRow.dialect``; empty if none was recognised or configured."""
    keys: str
    """The pattern."""
    evidence: str
    """Empty if it is no framework that was recognised."""
    is_certain: bool
    caveat: str = ""
    """In which case deleting a key does not sign out; empty if it always does."""


class Search(msgspec.Struct, frozen=True):
    """A search among all sessions and its results so far."""

    rows: tuple[SessionRow, ...]
    """Most time left first; those that never expire last."""
    found: int
    """May be more than ``rows``."""
    read: int
    """Sessions that were read."""
    coverage: float
    """Share of the keyspace that was searched, 0..1."""
    running: bool
    elapsed_s: float
    note: str = ""
    """Why it ended early, if it did."""
    refused: int = 0
    """Sessions that our user may not read; they are not in ``read``."""


class SessionsFrame(Frame, frozen=True):
    """Sessions and their number."""

    count: Count
    rows: tuple[SessionRow, ...]
    """Most time left first; those that never expire last."""
    search: Search | None = None
    can_undo: bool | None = None
    """Whether the ACL user can restore a revoked session; None if the server does not report it."""
    no_delete: str = ""
    """Why revoking a session will probably be refused; empty if it will not, or if the server does not report it."""
    delete_remedy: str = ""
    """The command that would grant that right."""
    no_companions: str = ""
    """Why the companions of sessions will probably be left as they are; empty as for ``no_delete``."""
    no_companion_undo: str = ""
    """Why they will probably not be put back."""
    refused: Count = exact(0)
    """Sessions that our user may not read; they are in ``count``, and not in ``rows``."""
    formats: tuple[Format, ...] = ()
    """One for each pattern that has sessions."""
    other_type: int = 0
    """Keys that match the patterns and are of another type than sessions in their format: also in ``count``."""
    read: int = 0
    """Sessions that were read and are there; such keys are not among them."""

    @property
    def sessions(self) -> Count:
        """The number without the keys of another type, where that is known.

        It is not if all keys are followed no more; if all are of another type, they may be the sessions.
        """
        count, others = self.count, self.other_type
        if not 0 < others < count.value or count.certainty not in ("exact", "counted", "at_least"):
            return count
        high = None if count.high is None else max(0, count.high - others)
        if count.certainty == "at_least":  # keys may be counted that were not read: any of them may be of another type
            return at_least(min(self.read, count.low - others), high, count.at, count.coverage)
        return msgspec.structs.replace(count, value=count.value - others, low=max(0, count.low - others), high=high)

    def exported(self) -> dict[str, object]:
        """Without keys and contents, since a session's id is a credential."""
        formats = [{**msgspec.to_builtins(one), "name": one.name or None} for one in self.formats]
        rows = [row.exported() for row in self.rows]
        counts = {**exported_count("", self.sessions), **exported_count("refused", self.refused)}
        return {**counts, "other_type": self.other_type, "formats": formats, "rows": rows}
