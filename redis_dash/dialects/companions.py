"""Other keys that change when a session ends: a set of the user's sessions, data of the session under another key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from redis_dash.core.credential import distinctive, mask
from redis_dash.core.globs import escaped
from redis_dash.redaction.session_keys import mask_key

OF_THE_SESSION = ("id", "key")
"""Placeholders of the session itself; any other one is a path in its value."""
NOT_KNOWN = "(not known)"
LONGEST_SHOWN = 40
"""Characters of a value that are shown in the name of a key."""
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

    def glob(self, session_keys: str) -> str:
        """The pattern of the keys of all sessions whose own keys have the pattern ``session_keys``."""
        parts = ((session_keys if name == "key" else "*") if name else escaped(text) for text, name in _parts(self.key))
        return "".join(parts)

    @property
    def placeholders(self) -> list[str]:
        """The names between braces in both texts."""
        return [*placeholders(self.key), *placeholders(self.member)]


class ShownCompanion(msgspec.Struct, frozen=True):
    """A companion of one session as it may be shown."""

    companion: Companion
    values: tuple[tuple[str, str], ...] = ()
    """The placeholders, and what may be shown of their values; those that are not known are left out."""

    def changed(self, change: Callable[[str], str]) -> ShownCompanion:
        """The companion with other values: what must not be shown is hidden."""
        return ShownCompanion(self.companion, tuple((name, change(value)) for name, value in self.values))

    def of_session(self, key: bytes, identifier: bytes, globs: Iterable[str]) -> ShownCompanion:
        """Also with ``{id}`` and ``{key}``, both masked; ``identifier`` is the part that matches the wildcards."""
        shown_id = mask(distinctive(identifier))
        text = key.decode("utf-8", "backslashreplace")
        shown_key = shown_id if identifier == key else mask_key(text, globs)
        return ShownCompanion(self.companion, (*self.values, ("id", shown_id), ("key", shown_key)))

    @property
    def key(self) -> str:
        """The name of the key."""
        return self._filled(self.companion.key)

    @property
    def member(self) -> str:
        """The name of the member; empty if the key itself is deleted."""
        return self._filled(self.companion.member)

    def in_words(self) -> str:
        """What happens when the session ends."""
        known = dict(self.values)
        if missing := next((name for name in self.companion.placeholders if name not in known), ""):
            return f"{self.key} stays as it is: {missing} is not in the value"
        return f"{self.member} is removed from {self.key}" if self.companion.member else f"{self.key} is deleted"

    def _filled(self, template: str) -> str:
        values = {name: _brief(value) for name, value in self.values}
        return "".join(values.get(name, NOT_KNOWN) if name else literal for literal, name in _parts(template))


class CompanionKey(NamedTuple):
    """A companion of one session."""

    companion: Companion
    shown: ShownCompanion
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


def companion_key(shown: ShownCompanion, value_of: Callable[[str], bytes | None]) -> CompanionKey:
    """Fill the placeholders in; ``value_of`` returns None for what is not known."""
    companion = shown.companion
    missing = next((name for name in companion.placeholders if value_of(name) is None), "")
    if missing:
        return CompanionKey(companion, shown, missing=missing)
    return CompanionKey(companion, shown, _filled(companion.key, value_of), _filled(companion.member, value_of))


def _filled(template: str, value_of: Callable[[str], bytes | None]) -> bytes:
    return b"".join((value_of(name) or b"") if name else literal.encode() for literal, name in _parts(template))


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


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
