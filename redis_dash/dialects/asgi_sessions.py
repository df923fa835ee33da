"""Sessions of frameworks for asynchronous Python: starsessions, Litestar, aiohttp-session."""

from __future__ import annotations

import msgspec

from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import (
    Content,
    DecodedSession,
    inner,
    seconds,
    signed_in_as,
    visitor_or_user,
    without,
)
from redis_dash.dialects.layout import Framework, Layout, named

_METADATA = "__metadata__"
_IDENTITY = "AIOHTTP_SECURITY"


def _starsessions(content: Content) -> SessionFacts:
    created = seconds(inner(content, _METADATA, "created"))
    return msgspec.structs.replace(visitor_or_user(without(content, _METADATA)), created_at=created)


def _aiohttp(content: Content) -> SessionFacts:
    """``created`` is the time of the latest change. ``AIOHTTP_SECURITY`` is who aiohttp-security has signed in."""
    session = content.get("session")
    fields = session if isinstance(session, dict) else {}
    identity = fields.get(_IDENTITY)
    is_told = isinstance(identity, str) and bool(identity)
    facts = signed_in_as(fields, identity) if is_told else visitor_or_user(fields)
    return msgspec.structs.replace(facts, created_at=None, last_seen_at=seconds(content.get("created")))


STARSESSIONS = DecodedSession("starsessions value", ("json",), _starsessions)
LITESTAR = DecodedSession("Litestar value", ("json", "msgpack"))
AIOHTTP = DecodedSession("aiohttp-session value", ("json",), _aiohttp)
_is_json = AIOHTTP.holds("session")
_is_new = AIOHTTP.holds("created")


def _is_aiohttp(value: object) -> bool:
    """A session that was emptied is stored as an empty object."""
    return value == b"{}" or (_is_json(value) and _is_new(value))


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="starsessions",
            topic="sessions",
            keys=named(rb"starsessions\.(?P<id>[0-9a-f]{32})"),
            type="string",
            value=STARSESSIONS.holds(_METADATA),
            evidence='starsessions.<32 hex digits>, JSON with "__metadata__"',
            dialect=STARSESSIONS.name,
        ),
        Layout(
            name="Litestar",
            topic="sessions",
            keys=named(rb"LITESTAR_sessions:(?P<id>[0-9a-f]{64})"),
            type="string",
            value=LITESTAR.may_be,
            evidence="LITESTAR_sessions:<64 hex digits>, JSON",
            dialect=LITESTAR.name,
        ),
        Layout(
            name="aiohttp-session",
            topic="sessions",
            keys=named(rb"AIOHTTP_SESSION_(?P<id>[0-9a-f]{32})"),
            type="string",
            value=_is_aiohttp,
            evidence='AIOHTTP_SESSION_<32 hex digits>, JSON with "created" and "session", or {} once emptied',
            dialect=AIOHTTP.name,
        ),
    ),
    sessions=(STARSESSIONS, LITESTAR, AIOHTTP),
)
