"""Why a file is no TOML, in plain words, with the line: Python's parser speaks of its own data, and names no key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from redis_dash.core.errors import ConfigError

_TWICE = "is there twice"
_NAME = re.compile(r"\s*([\w.\"'-]+)\s*=")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def not_text(path: Path, content: bytes, error: UnicodeDecodeError) -> ConfigError:
    """The error for bytes that are not UTF-8."""
    if content.startswith(_UTF_16):
        return ConfigError(f"{path}: the file is UTF-16; save it as UTF-8")
    line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
    return ConfigError(f"{path}, line {line}: the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")


def not_toml(path: Path, text: str, error: ValueError | RecursionError) -> ConfigError:
    """The error for a text that the parser refuses."""
    if isinstance(error, RecursionError):
        return ConfigError(f"{path}: not valid TOML: lists or tables are nested too deeply")
    if not isinstance(error, tomllib.TOMLDecodeError):  # such as a number of more than 4,300 digits
        return ConfigError(f"{path}: not valid TOML: a number or a date cannot be read")
    said, _, place = str(error).rpartition(" (at ")
    found = re.match(r"line (\d+)", place)
    last = int(found[1]) if found else text.rstrip().count("\n") + 1
    begin = _begin(text, last)
    line = last if found else begin  # what is not closed is noticed at the end of the file
    words = _in_words(said or place, text, last)
    more = f"; the statement begins in line {begin}" if begin < line and _TWICE not in words else ""
    return ConfigError(f"{path}, line {line}: not valid TOML: {words}{more}")


def _in_words(said: str, text: str, line: int) -> str:
    if named := re.search(r"\((.*)\)", said):
        return _taken(re.findall(r"'((?:[^'\\]|\\.)*)'", named[1]), text, line)
    if said == "Cannot overwrite a value" or said.startswith("Duplicate"):
        statement = "\n".join(text.split("\n")[_begin(text, line) - 1 : line]).lstrip()
        if statement.startswith("["):
            return f"the table {statement.partition(']')[0]}] has the name of a value"
        name = _NAME.match(statement)
        if name is None:
            return f"a name {_TWICE}"
        within = said.startswith("Duplicate") or statement[name.end() :].lstrip().startswith("{")
        return f"within {name[1]} a name {_TWICE}" if within else f"{name[1]} {_TWICE}"
    return _PLAIN.get(said, said[:1].lower() + said[1:])


def _taken(names: list[str], text: str, line: int) -> str:
    """The words for the name of a table that is there already."""
    table = ".".join(names)
    for number, one in enumerate(text.split("\n")[: line - 1], 1):
        if re.match(rf"\s*\[\[?\s*{re.escape(table)}\s*\]", one):
            return f"the table [{table}] {_TWICE}: it is in line {number}, too"
    return f"{table} is a table here, and another value before"


def _begin(text: str, line: int) -> int:
    """The line in which the statement begins that ends in this line: the lines before it are TOML themselves."""
    lines = text.split("\n")
    for before in range(line - 1, 0, -1):
        try:
            tomllib.loads("\n".join(lines[:before]))
        except ValueError:
            continue
        return before + 1
    return 1


_PLAIN = {
    "Found invalid character '\\n'": "a text in quotes is not closed",
    'Expected "\'"': "a text in quotes is not closed",
    "Invalid initial character for a key part": "a name has letters, digits, _ and -, or stands in quotes",
    "Illegal character '\\n'": "a text in quotes is not closed",
    "Unterminated string": "a text in quotes is not closed",
    'Expected \'"""\'': "a text in quotes is not closed",
    "Unclosed array": "a comma between two values is missing, or ] at the end of a list",
    "Unclosed inline table": "a comma between two settings is missing, or } at the end of a table",
    "Invalid value": "the value is missing, or it is a text without quotes",
    "Invalid statement": "a line is NAME = VALUE, [TABLE] or [[TABLE]]; a comment begins with #",
    "Expected '=' after a key in a key/value pair": "= is missing after the name",
    "Expected newline or end of document after a statement": "something follows the value on the same line",
    "Unescaped '\\' in a string": "a text in double quotes has \\ as \\\\, or stands in single quotes",
    "Expected ']' at the end of a table declaration": "] is missing after the name of a table",
    "Expected ']]' at the end of an array declaration": "]] is missing after the name of a table",
}
"""Plain words for what the parser says."""
