"""Sessions of Go programs: boj/redistore of Gorilla, gin-contrib/sessions, rbcervilla/redisstore."""

from __future__ import annotations

from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import DecodedSession, undecodable
from redis_dash.dialects.layout import Framework, Layout, length, named

_MAP_TYPE = b"\x04\x01\x02\xff"
"""In the definition of a map, with which Go's gob begins."""
_AT_MOST = 10


def is_gob(value: object) -> bool:
    """Whether Go's gob begins like this: the definition of a map."""
    return isinstance(value, bytes) and _MAP_TYPE in value[:_AT_MOST]


class GorillaSession(DecodedSession):
    """JSON, or gob, which only the program that wrote it can decode."""

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; of gob only that it exists."""
        return (
            undecodable("in Go's gob, which only the application can read") if is_gob(reply) else super().decode(reply)
        )


SESSION = GorillaSession("Gorilla value", ("json",))
_is_json = SESSION.holds()


def _is_session(value: object) -> bool:
    return is_gob(value) or _is_json(value)


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Gorilla, Gin (redistore)",
            topic="sessions",
            keys=named(rb"session_(?P<id>[A-Z2-7]{52})"),
            id_glob=length,
            type="string",
            value=_is_session,
            evidence="session_<52 characters of base32>, Go's gob or JSON",
            dialect=SESSION.name,
        ),
        Layout(
            name="Gorilla (redisstore)",
            topic="sessions",
            keys=named(rb"session:(?P<id>[A-Z2-7]{103})"),
            id_glob=length,
            type="string",
            value=_is_session,
            evidence="session:<103 characters of base32>, Go's gob or JSON",
            dialect=SESSION.name,
        ),
    ),
    sessions=(SESSION,),
)
