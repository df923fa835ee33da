"""What a decoder returns, and the error that it raises."""

from __future__ import annotations

import msgspec


class UndecodableError(Exception):
    """A value that cannot be decoded; its text says why, for a user."""


class MalformedError(UndecodableError):
    """Bytes that are not in the format at all, so another format may fit."""


class Opaque(msgspec.Struct, frozen=True):
    """An object that is not rebuilt: only the name of its class is known, and its fields where they are plain data."""

    name: str
    fields: dict[str, object] | None = None


class Decoded(msgspec.Struct, frozen=True):
    """A value as plain data."""

    format: str
    """The format, after the compressions in front of it: ``json``, ``zlib, pickle``."""
    value: object
    """dict, list, str, int, float, bool, None, bytes or Opaque; so is everything inside."""
