"""Errors of the settings in words of the TOML file, with the line and the setting that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from redis_dash.config.settings import BoardPattern, CachePattern, Config, LimitPattern
from redis_dash.config.toml_file import TomlFile
from redis_dash.core.errors import ConfigError
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
PROFILES = "profiles"
_TABLES: Mapping[str, type[msgspec.Struct]] = {
    "": Config,
    "sessions": SessionPattern,
    "companions": Companion,
    "limits": LimitPattern,
    "caches": CachePattern,
    "leaderboards": BoardPattern,
}


class Trouble(NamedTuple):
    """What is wrong with a value."""

    keys: tuple[str | int, ...]
    """Where it is: names, and numbers of entries."""
    text: str
    """The place and the reason, in the user's words."""
    missing: str = ""
    """The name of a setting that is missing there."""
    is_unknown: bool = False
    """Whether there is no setting of this name."""
    meant: str = ""
    """The setting that was probably meant, if there is none of this name."""


def nearest(name: str, known: Iterable[str], mark: str = "'") -> str:
    """``; did you mean 'channels'?``; empty if none of the known names is near."""
    found = nearest_name(name, known)
    return f"; did you mean {mark}{found}{mark}?" if found else ""


def nearest_name(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; empty if none is near."""
    import difflib  # imported here for a quick start

    return next(iter(difflib.get_close_matches(name.lower(), list(known), 1, 0.7)), "")


def explained(message: str, tables: Mapping[str, type[msgspec.Struct]] = _TABLES) -> Trouble:
    """Replace msgspec's objects, arrays and ``$.limits[0]`` by TOML's tables, lists and names."""
    message, _, path = message.partition(" - at `")
    keys: list[str | int] = [
        int(number) if number else name for name, number in re.findall(r"(\w+)|\[(\d+)\]", _split(path))
    ]
    where = _in_words(keys)
    table = next((key for key in reversed(keys) if isinstance(key, str)), "")
    lacks = meant = ""
    if unknown := re.fullmatch("Object contains unknown field `(.*)`", message):
        struct = tables.get(table, Config)
        names = [*struct.__struct_fields__, *([PROFILES] if struct is Config else [])]
        keys.append(unknown[1])
        choice = f" (settings are {', '.join(names)})"
        meant = nearest_name(unknown[1], names)
        message = f"unknown setting `{unknown[1]}`{nearest(unknown[1], names, '`') or choice}"
    elif missing := re.fullmatch("Object missing required field (.*)", message):
        lacks, message = missing[1].strip("`"), f"{missing[1]} is missing"
    elif wrong := re.fullmatch("Expected `(.*)`, got `(.*)`", message):
        wanted, given = (_in_toml(kinds) for kinds in wrong.groups())
        message = f"{wanted} is expected, not {given}"
        if where in tables:
            message += f"; tables in a list are written [[{where}]]"
    elif inner := re.match(r"(\w+), entry (\d+)(?:, (\w+))?: ", message):
        keys = [inner[1], int(inner[2]) - 1, *([inner[3]] if inner[3] else [])]
    elif where and (named := re.match(r"(\w+): ", message)) and named[1] in _fields(tables.get(table)):
        keys.append(named[1])
        where, message = f"{where}, {named[1]}", message[named.end() :]
    return Trouble(tuple(keys), f"{where}: {message}" if where else message, lacks, unknown is not None, meant)


def _fields(struct: type[msgspec.Struct] | None) -> tuple[str, ...]:
    return struct.__struct_fields__ if struct is not None else ()


def _split(path: str) -> str:
    return path.removeprefix("$").removesuffix("`")


def _in_words(keys: Iterable[str | int]) -> str:
    return ", ".join(key if isinstance(key, str) else f"entry {key + 1}" for key in keys)


def _in_toml(kinds: str) -> str:
    return " or ".join(_KINDS.get(kind, kind) for kind in kinds.split(" | ") if kind != "null")


def in_file(trouble: Trouble, file: TomlFile, above: Sequence[str] = ()) -> ConfigError:
    """The error with the file and the line; ``above`` are the names of the tables around."""
    keys = (*above, *trouble.keys)
    while keys and (place := file.place(*keys)) == file.place():
        keys = keys[:-1]
    table = f"[{'.'.join(above)}], " if above else ""
    return ConfigError(f"{place if keys else file.place()}{table}{trouble.text}")
