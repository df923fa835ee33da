"""better-auth with Redis as its secondary storage."""

from __future__ import annotations

import re

import msgspec

from redis_dash.decoders import UndecodableError, decode
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, DecodedSession, inner, seconds, visitor_or_user
from redis_dash.dialects.layout import Framework, Layout, named

_SHOWN = ("ipAddress", "userAgent", "expiresAt", "impersonatedBy", "activeOrganizationId")


def _facts(content: Content) -> SessionFacts:
    session = {name: value for name in _SHOWN if (value := inner(content, "session", name)) not in (None, "")}
    user = content.get("user")
    facts = visitor_or_user({**session, **(user if isinstance(user, dict) else {})})
    anonymous = inner(content, "user", "isAnonymous") is True
    created = seconds(inner(content, "session", "createdAt"))
    return msgspec.structs.replace(facts, created_at=created, is_anonymous=anonymous)


def _token_glob(variable: bytes) -> str:
    """A token of 32 letters and digits; not ``verification:…``, nor ``<address>|<path>`` of the rate limits."""
    return "[^:.]" * 4 + "[^:]" + "?" * 7 + "[^:]" + "?" * 19


def _lists_sessions(value: object) -> bool:
    try:
        found = decode(value).value if isinstance(value, bytes) else None
    except UndecodableError:
        return False
    return isinstance(found, list) and all(isinstance(one, dict) and "expiresAt" in one for one in found)


SESSION = DecodedSession("better-auth value", ("json",), _facts)
_has_session, _has_user = SESSION.holds("session"), SESSION.holds("user")

FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="better-auth",
            topic="sessions",
            keys=re.compile(rb".{0,100}[^0-9A-Za-z](?P<id>[A-Za-z0-9]{32})", re.DOTALL),
            id_glob=_token_glob,
            type="string",
            value=lambda value: _has_session(value) and _has_user(value),
            evidence='better-auth:<32 letters and digits>, JSON with "session" and "user"',
            dialect=SESSION.name,
            caveat="If better-auth keeps sessions in its database or in a cookie cache, too, these sign the user in.",
        ),
        Layout(
            name="better-auth (sessions of a user)",
            topic="other",
            keys=named(rb"active-sessions-(?P<id>.+)"),
            type="string",
            value=_lists_sessions,
            evidence='better-auth:active-sessions-<user>, a JSON list with "expiresAt"',
        ),
    ),
    sessions=(SESSION,),
)
