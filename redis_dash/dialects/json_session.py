"""Sessions that are one string of JSON: the demo application's, and most hand-written ones."""

from __future__ import annotations

import msgspec

from redis_dash.dialects.base import Command, SessionFacts
from redis_dash.secrets import HIDDEN, is_secret

LARGEST = 256 * 1024
"""Bytes of a value that are decoded; a larger one is no session that a person reads."""
USER_FIELDS = ("email", "username", "user", "user_name", "name", "login", "user_id", "userId", "sub", "id")
ROLE_FIELDS = ("role", "roles", "scope")
CREATED_FIELDS = ("created_at", "createdAt", "created", "login_at", "iat")
FIELDS_SHOWN = 40
TEXT_SHOWN = 500


class JsonSession:
    """A JSON object; the user is found by the usual names, one level down as well."""

    name = "json"

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def decode(self, reply: object) -> SessionFacts | None:
        """None unless the value is a JSON object of readable size."""
        if not isinstance(reply, bytes) or len(reply) > LARGEST:
            return None
        try:
            value = msgspec.json.decode(reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        return SessionFacts(
            user=_first(value, USER_FIELDS),
            role=_first(value, ROLE_FIELDS),
            created_at=_created(value),
            fields=tuple(_shown(value)),
        )


def _first(value: dict[str, object], names: tuple[str, ...]) -> str:
    nested = [inner for inner in value.values() if isinstance(inner, dict)]
    for place in (value, *nested):
        for name in names:
            found = place.get(name)
            if isinstance(found, list) and all(isinstance(part, str) for part in found):
                return ", ".join(found)[:TEXT_SHOWN]
            if found not in (None, "") and isinstance(found, str | int | float) and not isinstance(found, bool):
                return str(found)[:TEXT_SHOWN]
    return ""


def _created(value: dict[str, object]) -> float | None:
    for name in CREATED_FIELDS:
        found = value.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 1e14:
            return found / 1000 if found > 1e11 else float(found)  # above: milliseconds
    return None


def _shown(value: dict[str, object]) -> list[tuple[str, str]]:
    rows = []
    for name, inner in list(value.items())[:FIELDS_SHOWN]:
        if is_secret(name):
            text = HIDDEN
        elif isinstance(inner, dict | list):
            text = f"({len(inner)} inside)"  # nested values may hold secrets under any name
        else:
            text = str(inner)
        rows.append((name[:TEXT_SHOWN], text[:TEXT_SHOWN]))
    return rows
