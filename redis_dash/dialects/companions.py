"""Other keys that change when a session ends: a set of the user's sessions, data of the session under another key."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

OF_THE_SESSION = ("id", "key")
"""Placeholders of the session itself; any other one is a path in its value."""
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class Companion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that has to change when a session ends. Both texts may hold ``{id}``, ``{key}`` and ``{a.path}``."""

    key: str
    member: str = ""
    """What is removed from the key's set, sorted set, list or hash; empty if the key itself is deleted."""

    def __post_init__(self) -> None:
        for name, text in (("key", self.key), ("member", self.member)):
            try:
                placeholders(text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        if not self.member and not set(placeholders(self.key)) & set(OF_THE_SESSION):
            raise ValueError(
                "without `member` the key is deleted, so it must hold {id} or {key}; "
                "to remove the session from a list of sessions write member = '{id}'"
            )
        if self.member and not placeholders(self.member):
            raise ValueError("member: it must say which session, for example {id}")

    def __str__(self) -> str:
        """What happens, in words."""
        return f"{self.member} is removed from {self.key}" if self.member else f"{self.key} is deleted"


class CompanionKey(NamedTuple):
    """A companion of one session."""

    companion: Companion
    key: bytes = b""
    member: bytes = b""
    missing: str = ""
    """The placeholder whose value is not known, so that the key is not known either; empty if all are."""


def placeholders(template: str) -> list[str]:
    """The names between braces.

    Raises:
        ValueError: a brace is not closed or not opened, or there is nothing between two.
    """
    return [name for _, name in _parts(template) if name]


def companion_key(companion: Companion, value_of: Callable[[str], bytes | None]) -> CompanionKey:
    """Fill the placeholders in; ``value_of`` returns None for what is not known."""
    names = [*placeholders(companion.key), *placeholders(companion.member)]
    missing = next((name for name in names if value_of(name) is None), "")
    if missing:
        return CompanionKey(companion, missing=missing)
    return CompanionKey(companion, _filled(companion.key, value_of), _filled(companion.member, value_of))


def _filled(template: str, value_of: Callable[[str], bytes | None]) -> bytes:
    return b"".join((value_of(name) or b"") if name else literal.encode() for literal, name in _parts(template))


def _parts(template: str) -> list[tuple[str, str]]:
    """Literal texts and names, alternately; one of each pair is empty."""
    found: list[tuple[str, str]] = []
    at = 0
    for part in _PART.finditer(template):
        found.append((template[at : part.start()], ""))
        at = part.end()
        if part[0] in ("{{", "}}"):
            found.append((part[0][0], ""))
        elif part[1]:
            found.append(("", part[1]))
        else:
            raise ValueError("names stand in braces, such as {id}; a brace that is part of the key is written twice")
    return [*found, (template[at:], "")]
