"""Sessions in one plain format, whichever application writes them: what ``format`` in ``config.toml`` may name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from redis_dash.core.resp import Command
from redis_dash.decoders import UndecodableError, decode
from redis_dash.decoders.bounds import text_or_bytes
from redis_dash.dialects.base import SessionDialect, SessionFacts
from redis_dash.dialects.decoded_session import last_format, plain, undecodable, visitor_or_user

STRINGS = ("json", "msgpack", "pickle", "php", "php session", "ruby marshal", "rails cache entry", "java", "text")
"""Formats of strings, by the names of their decoders."""
ANY = "any format"


@runtime_checkable
class HasContent(SessionDialect, Protocol):
    """A dialect whose value is data in which paths can be followed."""

    def content(self, reply: object) -> object:
        """The data; None if the value is something else. May raise ``UndecodableError``."""


class StringSession:
    """A string in one of these formats, also compressed."""

    def __init__(self, name: str, formats: Collection[str]) -> None:
        self.name = name
        self._formats = formats

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def searchable(self, reply: object) -> bytes | None:
        """The text of JSON; any other format may hold numbers that are not written as digits."""
        return reply if isinstance(reply, bytes) and b"{" <= reply < b"|" else None

    def content(self, reply: object) -> object:
        """The data; None if the value is in another format.

        Raises:
            UndecodableError: no decoder can read it.
        """
        if not isinstance(reply, bytes):
            return None
        if self._formats == ("text",):  # a number is a text, too
            return plain(decode(reply, "text").value)
        found = decode(reply)
        return plain(found.value) if last_format(found) in self._formats else None

    def decode(self, reply: object) -> SessionFacts | None:
        """The session by the usual names of fields; if it cannot be decoded, a field says why."""
        try:
            content = self.content(reply)
        except UndecodableError as error:
            return undecodable(str(error))
        return None if content is None else facts_of_any(content)


class AnyMap(StringSession):
    """A map in any format of strings; everything else may be no session at all."""

    def decode(self, reply: object) -> SessionFacts | None:
        """The session by the usual names of fields; None unless a map can be decoded."""
        try:
            content = plain(self.content(reply))
        except UndecodableError:
            return None
        return visitor_or_user(content) if isinstance(content, dict) and content else None


class HashSession:
    """A hash with one field for each field of the session."""

    name = "hash"

    def read(self, key: bytes) -> Command:
        """The command that reads the hash."""
        return (b"HGETALL", key)

    def searchable(self, reply: object) -> bytes | None:
        """Nothing: fields may be in any format."""
        return None

    def content(self, reply: object) -> object:
        """The fields; bytes that are no text are kept, because a path may lead into them."""
        if not isinstance(reply, list) or len(reply) % 2 or not reply:
            return None
        names = (name.decode("utf-8", "backslashreplace") for name in reply[::2])
        return dict(zip(names, map(text_or_bytes, reply[1::2]), strict=True))

    def decode(self, reply: object) -> SessionFacts | None:
        """The session by the usual names of fields."""
        content = self.content(reply)
        return None if content is None else facts_of_any(content)


def facts_of_any(content: object) -> SessionFacts:
    """The facts of a decoded value; of one that is no map only that it exists."""
    inside = plain(content)
    if inside == []:  # PHP writes an empty map like an empty list
        inside = {}
    return visitor_or_user(inside) if isinstance(inside, dict) else SessionFacts(user="")


SESSION_FORMATS: tuple[HasContent, ...] = (*(StringSession(name, (name,)) for name in STRINGS), HashSession())
ANY_STRING = StringSession(ANY, STRINGS)
ANY_MAP = AnyMap(ANY, STRINGS)
