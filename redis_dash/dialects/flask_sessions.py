"""Flask-Session: MessagePack or JSON since 0.7, pickle before, and any of them while sessions of both kinds live."""

from __future__ import annotations

from redis_dash.dialects.decoded_session import DecodedSession
from redis_dash.dialects.layout import UUID, Framework, Layout, length, named, uuid

SESSION = DecodedSession("Flask-Session value", ("msgpack", "json", "pickle"))
_is_map = SESSION.holds()
_names_itself = SESSION.holds("_permanent", "_flashes", "_fresh")
_CAVEAT = 'A "remember me" cookie of Flask-Login, if it is used, signs the user in again.'


def _is_session(value: object) -> bool:
    """JSON is also what hand-written sessions are, so it needs a field that Flask adds."""
    return _names_itself(value) if isinstance(value, bytes) and value[:1] == b"{" else _is_map(value)


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Flask-Session",
            topic="sessions",
            keys=named(rb"session:(?P<id>[\w-]{43})"),
            id_glob=length,
            type="string",
            value=_is_session,
            evidence='session:<43 characters>, a MessagePack or pickled map, or JSON with "_permanent"',
            dialect=SESSION.name,
            caveat=_CAVEAT,
        ),
        Layout(
            name="Flask-Session (before 0.7)",
            topic="sessions",
            keys=named(rb"session:(?P<id>%b)" % UUID),
            id_glob=uuid,
            type="string",
            value=_names_itself,
            evidence='session:<UUID>, a pickled map with "_permanent"',
            dialect=SESSION.name,
            caveat=_CAVEAT,
        ),
    ),
    sessions=(SESSION,),
)
