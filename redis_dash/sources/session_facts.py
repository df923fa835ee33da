"""A session as far as it is known, and the row that is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from redis_dash.dialects.base import SessionFacts
from redis_dash.model import Credential, SessionRow, mask
from redis_dash.patterns import Pattern
from redis_dash.sources.base import text

UNREADABLE = SessionFacts(user="", fields=(("", "the value is in no form that is known here"),))
UNREAD = SessionFacts(user="", fields=(("", "the value could not be read"),))


class KnownSession(msgspec.Struct):
    """What was read of one session so far."""

    facts: SessionFacts | None = None
    dialect: str = "unknown"
    value: object = None
    """The reply that the facts were read from: the same one again says nothing new."""
    expires_at: float | None = None
    """``time.monotonic()``; None: never, or not known."""
    lifetime_s: float | None = None
    """The longest that it was seen to have left."""
    expires_known: bool = False

    def lasts(self, left_s: float | None, now: float) -> None:
        """It has so long to live; None for ever."""
        self.lifetime_s = None if left_s is None else max(self.lifetime_s or 0.0, left_s)
        self.expires_at = None if left_s is None else now + left_s
        self.expires_known = True


def latest_first(item: tuple[bytes, KnownSession]) -> tuple[float, float]:
    """Sliding lifetimes tell the latest activity: what expires last was used last."""
    known = item[1]
    return known.expires_at or 0.0, (known.facts.created_at if known.facts else None) or 0.0


class SessionRows:
    """Makes rows; remembers how long a fresh session lives."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._patterns = [Pattern(glob) for glob in globs]
        self._full_s = 0.0

    def identifier(self, key: bytes) -> bytes:
        """The session's id: what stands for the ``*`` in its key."""
        identifiers = (pattern.variable(key) for pattern in self._patterns)
        return next((found for found in identifiers if found is not None), key)

    def make(self, sessions: Iterable[tuple[bytes, KnownSession]], now: float) -> tuple[SessionRow, ...]:
        """Rows of sessions whose facts are known."""
        sessions = list(sessions)
        self._full_s = max((known.lifetime_s or 0.0 for _, known in sessions), default=0.0)
        return tuple(self._row(key, known, now) for key, known in sessions)

    def _row(self, key: bytes, known: KnownSession, now: float) -> SessionRow:
        assert known.facts is not None
        identifier = self.identifier(key)
        return SessionRow(
            key=Credential(key),
            id=mask(identifier),
            user=known.facts.user,
            role=known.facts.role,
            ttl_s=None if known.expires_at is None else known.expires_at - now,
            ttl_known=known.expires_known,
            ttl_full_s=None if known.expires_at is None else max(self._full_s, known.lifetime_s or 0.0),
            created_at=known.facts.created_at,
            dialect=known.dialect,
            fields=_without(identifier, known.facts.fields),
        )


def _without(identifier: bytes, fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The session's id must not be readable where the application repeats it in the value."""
    whole = text(identifier)
    if len(whole) < 8:
        return fields
    return tuple((name, value.replace(whole, mask(identifier))) for name, value in fields)
