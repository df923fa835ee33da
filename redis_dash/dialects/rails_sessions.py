"""Sessions of Rails and Rack: redis-session-store, redis-rack (redis-store), and Rails's own cache store."""

from __future__ import annotations

import re

from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, DecodedSession, signed_in_as
from redis_dash.dialects.layout import Framework, Layout, length, named

_WARDEN = re.compile(r"warden\.user\.\w+\.key")
_CAVEAT = 'A "remember me" cookie of Devise, if it is used, signs the user in again.'


def _facts(content: Content) -> SessionFacts:
    """The user whose id Devise stores by Warden: ``[[42], "$2a$…"]``."""
    for name, value in content.items():
        while _WARDEN.fullmatch(name) and isinstance(value, list) and value:
            value = value[0]
            if isinstance(value, int | str):
                return signed_in_as(content, value)
    return signed_in_as(content, None)


def _entry(value: object) -> object:
    """The session inside an entry of Rails's cache."""
    return value.get("value") if isinstance(value, dict) else None


STORE = DecodedSession("Rails session", ("ruby marshal", "json"), _facts)
CACHE_STORE = DecodedSession("Rails cache session", ("rails cache entry",), _facts, unwrap=_entry)

FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Rails (cache store)",
            topic="sessions",
            keys=named(rb"_session_id:2::(?P<id>[0-9a-f]{64})"),
            id_glob=length,
            type="string",
            value=CACHE_STORE.may_be,
            evidence="_session_id:2::<64 hex digits>, a Rails cache entry",
            dialect=CACHE_STORE.name,
            caveat=_CAVEAT,
        ),
        Layout(
            name="Rails (redis-session-store, redis-rack)",
            topic="sessions",
            keys=named(rb"2::(?P<id>[0-9a-f]{64})"),
            id_glob=length,
            type="string",
            value=STORE.holds(),
            evidence="<prefix>2::<64 hex digits>, a map as Ruby's Marshal or JSON writes it",
            dialect=STORE.name,
            caveat=_CAVEAT,
        ),
        Layout(
            name="Rack (redis-rack before 2.1)",
            topic="sessions",
            keys=named(rb"rack:session:(?P<id>[0-9a-f]{32,64})"),
            id_glob=length,
            type="string",
            value=STORE.holds(),
            evidence="rack:session:<hex digits>, a map as Ruby's Marshal writes it",
            dialect=STORE.name,
            caveat=_CAVEAT,
        ),
    ),
    sessions=(STORE, CACHE_STORE),
)
