"""A session as far as it is known, and the row that is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from redis_dash.core.credential import Credential, mask
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.base import SessionFacts
from redis_dash.redaction.secret_fields import HIDDEN, SessionSecret

UNREADABLE = SessionFacts(user="", fields=(("", "the value is in no form that is known here"),))
UNREAD = SessionFacts(user="", fields=(("", "the value could not be read"),))

DISTINCTIVE = 8
"""Characters."""


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
    shown: tuple[SessionFacts, SessionFacts, bytes] | None = None
    """Facts, what may be shown of them, and their fingerprint: so that each is made once."""

    def lasts(self, left_s: float | None, now: float) -> None:
        """It has so long to live; None for ever."""
        self.lifetime_s = None if left_s is None else max(self.lifetime_s or 0.0, left_s)
        self.expires_at = None if left_s is None else now + left_s
        self.expires_known = True


def most_left_first(item: tuple[bytes, KnownSession]) -> tuple[float, float]:
    """Where each use renews the lifetime, these are the latest used; whether it does is not known."""
    known = item[1]
    return known.expires_at or 0.0, (known.facts.created_at if known.facts else None) or 0.0


def distinctive(identifier: bytes) -> bytes:
    """The part of an id that tells sessions apart: of ``tenant1:web:2f9c…`` the last, if there is enough of it."""
    last = identifier.rpartition(b":")[2]
    return last if len(last) >= DISTINCTIVE else identifier


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
        facts, identifier = known.facts, self.identifier(key)
        assert facts is not None
        if known.shown is None or known.shown[0] != facts:
            known.shown = facts, showable(facts, SessionSecret(identifier)), facts.fingerprint
        _, shown, fingerprint = known.shown
        return SessionRow(
            key=Credential(key),
            id=mask(distinctive(identifier)),
            user=shown.user,
            role=shown.role,
            ttl_s=None if known.expires_at is None else known.expires_at - now,
            ttl_known=known.expires_known,
            ttl_full_s=None if known.expires_at is None else max(self._full_s, known.lifetime_s or 0.0),
            created_at=facts.created_at,
            dialect=known.dialect,
            fields=shown.fields,
            fingerprint=fingerprint,
        )


def showable(facts: SessionFacts, secret: SessionSecret) -> SessionFacts:
    """The facts without anything that would let their reader in: the application may repeat the id in the value."""

    def hide(text: str) -> str:
        return HIDDEN if secret.is_in(text) else text

    users = [user for user in (facts.user, *facts.others) if not secret.is_in(user)]
    return SessionFacts(
        user=users[0] if users else HIDDEN,
        role=hide(facts.role),
        created_at=facts.created_at,
        fields=tuple((hide(name), hide(value)) for name, value in facts.fields),
    )
