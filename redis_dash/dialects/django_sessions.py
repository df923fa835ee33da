"""Django's sessions in a cache: Django's own Redis backend, and django-redis with its serializers and compressors."""

from __future__ import annotations

from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, DecodedSession, signed_in_as
from redis_dash.dialects.layout import Framework, Layout, length, named

USER = "_auth_user_id"


def _facts(content: Content) -> SessionFacts:
    return signed_in_as(content, content.get(USER))


def _without_herd(value: object) -> object:
    """The session, which the herd client of django-redis stores together with a time."""
    maps = [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
    return maps[0] if len(maps) == 1 else value


SESSION = DecodedSession("Django session", ("pickle", "json", "msgpack"), _facts, unwrap=_without_herd)
FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Django (cache)",
            topic="sessions",
            keys=named(rb"django\.contrib\.sessions\.cache(?P<id>[a-z0-9]{32})"),
            id_glob=length,
            type="string",
            value=SESSION.may_be,
            evidence=":1:django.contrib.sessions.cache<32 characters>, a pickled, JSON or MessagePack map",
            dialect=SESSION.name,
        ),
        Layout(
            name="Django (cached_db)",
            topic="sessions",
            keys=named(rb"django\.contrib\.sessions\.cached_db(?P<id>[a-z0-9]{32})"),
            type="string",
            value=SESSION.may_be,
            evidence=":1:django.contrib.sessions.cached_db<32 characters>, a pickled, JSON or MessagePack map",
            dialect=SESSION.name,
            caveat="Deleting the key does not sign out: Django reads the session again from its database.",
        ),
    ),
    sessions=(SESSION,),
)
