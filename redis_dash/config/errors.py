"""Errors of the settings in words of the TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from redis_dash.config.settings import BoardPattern, CachePattern, Config, LimitPattern
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.companions import Companion

_KINDS = {
    "array": "a list",
    "object": "a table",
    "str": "a text in quotes",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date",
    "time": "a time of day",
}
_TABLES: Mapping[str, type[msgspec.Struct]] = {
    "sessions": SessionPattern,
    "companions": Companion,
    "limits": LimitPattern,
    "caches": CachePattern,
    "leaderboards": BoardPattern,
}


def in_users_words(message: str) -> str:
    """Replace msgspec's objects, arrays and ``$.limits[0]`` by TOML's tables, lists and names."""
    message, _, path = message.partition(" - at `")
    path = path.removeprefix("$.").removesuffix("`").replace(".", ", ")
    where = re.sub(r"\[(\d+)\]", lambda entry: f", entry {int(entry[1]) + 1}", path)
    table = re.sub(r", entry \d+", "", where).rpartition(", ")[2]
    if unknown := re.fullmatch("Object contains unknown field (.*)", message):
        known = ", ".join(_TABLES.get(table, Config).__struct_fields__)
        message = f"unknown setting {unknown[1]} (settings are {known})"
    elif missing := re.fullmatch("Object missing required field (.*)", message):
        message = f"{missing[1]} is missing"
    elif wrong := re.fullmatch("Expected `(.*)`, got `(.*)`", message):
        wanted, given = (_in_toml(kinds) for kinds in wrong.groups())
        message = f"{wanted} is expected, not {given}"
        if where in _TABLES:
            message += f"; tables in a list are written [[{where}]]"
    return f"{where}: {message}" if where else message


def _in_toml(kinds: str) -> str:
    return " or ".join(_KINDS.get(kind, kind) for kind in kinds.split(" | "))
