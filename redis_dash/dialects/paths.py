"""Paths in a session's value: ``data.user.email``, ``roles.0``; ``.`` is the whole value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from redis_dash.decoders import UndecodableError, decode
from redis_dash.dialects.decoded_session import plain, seconds

WHOLE = "."


class Missing:
    """What a path returns that is not in the value."""


MISSING = Missing()


def find(value: object, path: str) -> object:
    """What is there; ``MISSING`` if nothing is. A name may itself hold dots, and a text may hold JSON."""
    if path == WHOLE:
        return value
    return next(_found(value, path.split(".")), MISSING)


def _found(value: object, names: list[str]) -> Iterator[object]:
    if not names:
        yield value
        return
    value = _opened(value)
    if isinstance(value, list) and names[0].isdecimal() and len(names[0]) < 6 and int(names[0]) < len(value):
        yield from _found(value[int(names[0])], names[1:])
    if isinstance(value, dict):
        for length in range(1, len(names) + 1):
            name = ".".join(names[:length])
            if name in value:
                yield from _found(value[name], names[length:])


def _opened(value: object) -> object:
    """What is inside a text or bytes that hold a map or a list, in any format."""
    if not isinstance(value, str | bytes):
        return value
    try:
        return plain(decode(value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value).value)
    except (UndecodableError, UnicodeEncodeError):
        return value


def text_at(found: object) -> str | None:
    """The text of what was found: of texts and numbers, also of several in a list; None if it is something else."""
    if isinstance(found, list) and all(isinstance(part, str | int) for part in found):
        return ", ".join(map(str, found))
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def moment_at(found: object) -> float | str:
    """A moment in Unix epoch seconds; or what is wrong with it: a text without a time zone may be any of 24 hours."""
    if isinstance(found, str) and found.strip().replace(".", "", 1).isdecimal() and len(found) < 25:
        found = float(found)
    if isinstance(found, str):
        try:
            if datetime.fromisoformat(found).tzinfo is None:
                return "has no time zone"
        except ValueError:
            return "is no time"
    moment = seconds(found)
    return "is no time" if moment is None else moment
