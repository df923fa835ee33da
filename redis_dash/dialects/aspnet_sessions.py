"""ASP.NET Core's session state in a distributed cache: a hash whose field ``data`` is the session."""

from __future__ import annotations

import re

from redis_dash.core.resp import Command
from redis_dash.decoders import UndecodableError, decode_aspnet_session
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, visitor_or_user
from redis_dash.dialects.layout import UUID, Framework, Layout, uuid

_NUMBER_BYTES = 4
"""``SetInt32`` writes a number as so many bytes."""


class AspnetSession:
    """A hash of ``absexp``, ``sldexp`` and ``data``."""

    name = "ASP.NET Core session"

    def read(self, key: bytes) -> Command:
        """The command that reads the hash; it does not renew the session, as the application's reads do."""
        return (b"HGETALL", key)

    def searchable(self, reply: object) -> bytes | None:
        """Nothing: numbers are binary."""
        return None

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; None if this is none."""
        content = self.content(reply)
        return None if content is None else visitor_or_user(content)

    def content(self, reply: object) -> Content | None:
        """What the application stored; None if this is no session."""
        if not isinstance(reply, list) or len(reply) % 2:
            return None
        return content_of(dict(zip(reply[::2], reply[1::2], strict=True)))


def content_of(fields: object) -> Content | None:
    """What the application stored; None if the hash is no session."""
    if not isinstance(fields, dict) or not {b"absexp", b"sldexp"} <= fields.keys():
        return None
    try:
        stored = decode_aspnet_session(fields.get(b"data", b""))
    except UndecodableError:
        return None
    return {str(name): _value(value) for name, value in stored.items()} if isinstance(stored, dict) else None


def _value(raw: object) -> object:
    if not isinstance(raw, bytes):
        return raw
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\0"
    if text.isprintable():
        return text
    return int.from_bytes(raw, "big", signed=True) if len(raw) == _NUMBER_BYTES else f"({len(raw):,} bytes)"


def _is_session(value: object) -> bool:
    return content_of(value) is not None


SESSION = AspnetSession()

FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="ASP.NET Core",
            topic="sessions",
            keys=re.compile(rb".{0,100}?(?P<id>%b)" % UUID, re.DOTALL),
            id_glob=uuid,
            type="hash",
            value=_is_session,
            evidence='<prefix><UUID>, a hash with "absexp", "sldexp" and the binary "data" of a session',
            dialect=SESSION.name,
            caveat="ASP.NET Core usually keeps the sign-in in a cookie: then only what the session stored is deleted.",
        ),
    ),
    sessions=(SESSION,),
)
