"""Sessions that are one JSON string: those of the demo application, and most hand-written ones."""

from __future__ import annotations

import msgspec

from redis_dash.core.resp import Command
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.session_values import facts_of

LARGEST = 256 * 1024
"""Largest value in bytes that is decoded; a larger one cannot be shown in a readable way."""


class JsonSession:
    """A JSON object; the user is found by the usual field names, at any depth."""

    name = "json"

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def searchable(self, reply: object) -> bytes | None:
        """The JSON text itself."""
        # This says whether it begins with "{", as startswith does, but faster: it is called for every session.
        return reply if isinstance(reply, bytes) and b"{" <= reply < b"|" else None

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; None unless the value is a JSON object of at most ``LARGEST`` bytes."""
        if not isinstance(reply, bytes) or len(reply) > LARGEST:
            return None
        try:
            value = msgspec.json.decode(reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        return facts_of(value)
