"""Auth.js with its Upstash adapter. Nothing expires in Redis: the session itself says when it ends."""

from __future__ import annotations

import msgspec

from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, DecodedSession, seconds, visitor_or_user
from redis_dash.dialects.layout import UUID, Framework, Layout, named


def _facts(content: Content) -> SessionFacts:
    return msgspec.structs.replace(visitor_or_user(content), ends_at=seconds(content.get("expires")))


def _not_by_user(variable: bytes) -> str:
    """An id of this length; a shorter glob would match ``by-user-id:<user>``, too."""
    return "[0-9a-f][0-9a-f]" + "?" * (len(variable) - 2)


def _is_key_of_session(value: object) -> bool:
    return isinstance(value, bytes) and b"user:session:" in value[:200]


SESSION = DecodedSession("Auth.js value", ("json",), _facts)
_has_token, _has_end = SESSION.holds("sessionToken"), SESSION.holds("expires")

FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Auth.js (Upstash)",
            topic="sessions",
            keys=named(rb"user:session:(?P<id>%b|[0-9a-f]{64})" % UUID),
            id_glob=_not_by_user,
            type="string",
            value=lambda value: _has_token(value) and _has_end(value),
            evidence='user:session:<id>, JSON with "sessionToken" and "expires"',
            dialect=SESSION.name,
        ),
        Layout(
            name="Auth.js (last session of a user)",
            topic="other",
            keys=named(rb"user:session:by-user-id:(?P<id>.+)"),
            type="string",
            value=_is_key_of_session,
            evidence="user:session:by-user-id:<user>, the key of a session",
        ),
    ),
    sessions=(SESSION,),
)
