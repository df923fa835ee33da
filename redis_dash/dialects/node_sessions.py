"""Sessions of frameworks for Node.js: express-session and @fastify/session with connect-redis, koa-session."""

from __future__ import annotations

import msgspec

from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, DecodedSession, seconds, visitor_or_user, without
from redis_dash.dialects.layout import UUID, Framework, Layout, length, named, uuid


def _koa(content: Content) -> SessionFacts:
    """The key lives ten seconds longer than the session."""
    facts = visitor_or_user(without(content, "_expire", "_maxAge", "_session"))
    return msgspec.structs.replace(facts, ends_at=seconds(content.get("_expire")))


EXPRESS = DecodedSession("connect-redis value", ("json",))
KOA = DecodedSession("koa-session value", ("json",), _koa)
_expires = KOA.holds("_expire")
_has_age = KOA.holds("_maxAge")


def _is_koa(value: object) -> bool:
    return _expires(value) and _has_age(value)


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Express (connect-redis)",
            topic="sessions",
            keys=named(rb"sess:(?P<id>[\w-]{16,128})"),
            id_glob=length,
            type="string",
            value=EXPRESS.holds("cookie"),
            evidence='sess:<id>, JSON with "cookie"; also @fastify/session',
            dialect=EXPRESS.name,
        ),
        Layout(
            name="koa-session",
            topic="sessions",
            keys=named(rb"koa:sess:(?P<id>[\w-]{16,128})"),
            id_glob=length,
            type="string",
            value=KOA.holds("_expire", "_session"),
            evidence='koa:sess:<id>, JSON with "_expire"',
            dialect=KOA.name,
        ),
        Layout(
            name="koa-session (other names)",
            topic="sessions",
            keys=named(rb"(?<!koa:sess:)(?P<id>%b)" % UUID),
            id_glob=uuid,
            type="string",
            value=_is_koa,
            evidence='<UUID>, JSON with "_expire" and "_maxAge"',
            dialect=KOA.name,
        ),
    ),
    sessions=(EXPRESS, KOA),
)
