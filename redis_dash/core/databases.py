"""The databases of a server."""

from __future__ import annotations

import msgspec


class Database(msgspec.Struct, frozen=True):
    """A database that holds keys."""

    number: int
    keys: int


def others(databases: tuple[Database, ...] | None, watched: int) -> tuple[Database, ...]:
    """The databases besides the watched one that hold keys, as far as known."""
    return tuple(one for one in databases or () if one.number != watched)
