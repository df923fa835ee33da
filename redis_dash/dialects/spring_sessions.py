"""Spring Session: a hash for each session, and further keys if sessions are indexed by user."""

from __future__ import annotations

import msgspec

from redis_dash.core.resp import Command
from redis_dash.decoders import Opaque, UndecodableError, decode
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, plain, seconds, signed_in_as, visitor_or_user
from redis_dash.dialects.layout import UUID, Framework, Layout, named, uuid

CREATED, ACCESSED, LASTS = b"creationTime", b"lastAccessedTime", b"maxInactiveInterval"
_ATTRIBUTE = b"sessionAttr:"
_CONTEXT = "SPRING_SECURITY_CONTEXT"
_PRINCIPAL = "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME"
_USER_CLASS = b"sr\x002org.springframework.security.core.userdetails.User"
"""The beginning of an object of exactly this class; the user's name is the last that is written of it."""


class SpringSession:
    """Fields whose values Java serializes, or JSON."""

    name = "Spring session hash"

    def read(self, key: bytes) -> Command:
        """The command that reads the hash."""
        return (b"HGETALL", key)

    def searchable(self, reply: object) -> bytes | None:
        """Nothing: numbers are binary."""
        return None

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; None if this is none."""
        fields = _fields(reply)
        return _facts(fields) if is_session(fields) else None

    def content(self, reply: object) -> Content | None:
        """The attributes; None if this is no session."""
        fields = _fields(reply)
        return _attributes(fields) if is_session(fields) else None


def _fields(reply: object) -> dict[bytes, bytes]:
    is_hash = isinstance(reply, list) and len(reply) % 2 == 0
    return dict(zip(reply[::2], reply[1::2], strict=True)) if is_hash and isinstance(reply, list) else {}


def is_session(fields: object) -> bool:
    """Whether a hash has the fields of each session."""
    return isinstance(fields, dict) and {CREATED, ACCESSED, LASTS} <= fields.keys()


def _attributes(fields: dict[bytes, bytes]) -> Content:
    return {
        name[len(_ATTRIBUTE) :].decode("utf-8", "backslashreplace"): _attribute(raw)
        for name, raw in fields.items()
        if name.startswith(_ATTRIBUTE)
    }


def _facts(fields: dict[bytes, bytes]) -> SessionFacts:
    content = _attributes(fields)
    user = content.get(_PRINCIPAL) or _name_in(fields.get(_ATTRIBUTE + _CONTEXT.encode(), b""))
    facts = signed_in_as(content, user) if user or _CONTEXT not in content else visitor_or_user(content)
    accessed, lasts = _number(fields[ACCESSED]), _number(fields[LASTS])
    ends_at = accessed / 1000 + lasts if accessed is not None and lasts is not None and lasts >= 0 else None
    return msgspec.structs.replace(facts, created_at=seconds(_number(fields[CREATED])), ends_at=ends_at)


def _value(raw: bytes) -> object:
    try:
        return decode(raw).value
    except UndecodableError as error:
        return Opaque(str(error))


def _attribute(raw: bytes) -> object:
    """Plain data; of an object only its class, since its texts may be secrets under any name."""
    value = _value(raw)
    return plain(Opaque(value.name) if isinstance(value, Opaque) else value)


def _number(raw: bytes) -> int | None:
    value = _value(raw)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _name_in(context: bytes) -> str:
    """The user's name in a security context that Java serialized; empty if its place is not known."""
    value = _value(context)
    texts = value.fields.get("strings") if isinstance(value, Opaque) and value.fields else None
    if _USER_CLASS not in context or not isinstance(texts, list) or not texts:
        return ""
    name = str(texts[-1])
    raw = name.encode("utf-8", "surrogatepass")
    return name if context.endswith(b"t%b%b" % (len(raw).to_bytes(2, "big"), raw)) else ""


SESSION = SpringSession()


def _is_anything(value: object) -> bool:
    return True


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Spring Session",
            topic="sessions",
            keys=named(rb"sessions:(?P<id>%b)" % UUID),
            id_glob=uuid,
            type="hash",
            value=is_session,
            evidence='spring:session:sessions:<UUID>, a hash with "creationTime" and "lastAccessedTime"',
            dialect=SESSION.name,
            caveat='A "remember me" cookie signs the user in again; an index of sessions by user keeps the id.',
        ),
        Layout(
            name="Spring Session (expiry)",
            topic="other",
            keys=named(rb"sessions:expires:(?P<id>%b)" % UUID),
            type="string",
            value=lambda value: value == b"",
            evidence="spring:session:sessions:expires:<UUID>, an empty string",
        ),
        Layout(
            name="Spring Session (expiry by minute)",
            topic="other",
            keys=named(rb"session:expirations:(?P<id>\d{13})"),
            type="set",
            value=_is_anything,
            evidence="spring:session:expirations:<milliseconds>, a set",
        ),
        Layout(
            name="Spring Session (sessions of a user)",
            topic="other",
            keys=named(rb"(?:session|sessions):index:[\w.]*PRINCIPAL_NAME_INDEX_NAME:(?P<id>.+)"),
            type="set",
            value=_is_anything,
            evidence="spring:session:index:…PRINCIPAL_NAME_INDEX_NAME:<user>, a set",
        ),
    ),
    sessions=(SESSION,),
)
