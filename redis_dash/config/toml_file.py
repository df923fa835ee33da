"""A configuration file: its values, and the line in which each of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from redis_dash.core.errors import ConfigError

BYTE_ORDER_MARK = "\ufeff"
"""What editors of Windows write before the text."""


class TomlFile(NamedTuple):
    """A file that was read; without values if there is none."""

    path: Path
    text: str
    values: dict[str, Any]
    exists: bool = True

    def place(self, *keys: str | int) -> str:
        """The file and the line of a value, as errors begin. Keys are names, and numbers of entries of lists."""
        line = line_of(self.text, keys)
        return f"{self.path}, line {line}: " if line else f"{self.path}: "


def read_toml(path: Path, *, must_exist: bool) -> TomlFile:
    """Read a file.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    import tomllib  # imported here for a quick start: most users have no file

    from redis_dash.config.toml_errors import not_text, not_toml

    content, text = b"", ""
    try:
        content = path.read_bytes()
        text = content.decode().removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n")
        return TomlFile(path, text, tomllib.loads(text))
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise ConfigError(f"{path}: {error.strerror}") from None
        return TomlFile(path, "", {}, exists=False)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise not_text(path, content, error) from None
    except (ValueError, RecursionError) as error:
        raise not_toml(path, text, error) from None


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line in which the value begins; None if the text does not hold it.

    Python's parser tells no lines. The lines up to the end of a statement are TOML themselves, and the first ones that
    hold the value end with its statement.
    """
    import tomllib

    if not keys:
        return None
    lines = text.split("\n")
    begin = 0
    for end in range(1, len(lines) + 1):
        try:
            values = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(values, keys):
            return begin + 1
        begin = end
    return None


def _holds(value: object, keys: Sequence[str | int]) -> bool:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if key < len(value) else None
        else:
            value = None
        if value is None:  # TOML has no null
            return False
    return True
