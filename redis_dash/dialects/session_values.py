"""What a session's decoded value says: the user, the role, the time of creation, and the fields that may be shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from redis_dash.dialects.base import SessionFacts
from redis_dash.redaction.redact import redact_text
from redis_dash.redaction.secret_fields import HIDDEN, is_secret, is_token

EMAILS = ("email", "useremail", "emailaddress", "mail")
LOGINS = ("username", "preferredusername", "login", "loginname", "user")
NAMES = ("name", "displayname", "fullname")
IDS = ("userid", "authuserid", "user", "uid", "accountid", "sub", "id")
"""Fields that identify the user, the most reliable first; in the form of ``_plain_name``."""
ROLES = ("role", "roles", "scope")
PEOPLE = frozenset({"user", "account", "passport", "profile", "member", "customer", "principal", "identity", "person"})
"""Objects whose name or id belongs to the user; in other objects, such as a device, it does not."""
CREATED_FIELDS = ("created_at", "createdAt", "created", "login_at", "iat")
FIELDS_SHOWN = 40
TEXT_SHOWN = 500
DEEPEST = 4
PLACES = 100
"""Objects of a value that are read."""
FIELDS_READ = 200
"""Fields of each object that are read."""
LONGEST_NAME = 100
"""Longest name of a field, in characters, that is read and shown."""
USERS = 8
_LONG_ID = 16
"""An ``id`` of at least this many characters may be the session's own id, which is a credential."""


class _Place(NamedTuple):
    """One object inside the value."""

    fields: dict[str, object]
    """The object's fields by plain name."""
    is_person: bool
    is_top: bool
    is_secret: bool
    """Whether the object is inside a field whose value is hidden."""


def facts_of(value: dict[str, object], *, user: str = "") -> SessionFacts:
    """The facts of a decoded session.

    Args:
        user: what the framework itself says about the user; otherwise the usual field names are searched, at any depth.
    """
    places = _places(value)
    names = [harmless(user)] if user else []
    user, *others = sorted(list(dict.fromkeys([*names, *_users(places)]))[:USERS], key=HIDDEN.__eq__) or [""]
    return SessionFacts(
        user=user,
        role=next(_texts([place for place in places if not place.is_secret], ROLES, numbers=True), ""),
        created_at=_created(value),
        fields=tuple(_shown(value)),
        others=tuple(others),
    )


@lru_cache(maxsize=1024)  # the same few names occur in every session
def _plain_name(name: str) -> str:
    """A normalized name: equal for ``user_name``, ``userName`` and ``User-Name``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _places(value: dict[str, object]) -> list[_Place]:
    """The objects of a value: the value itself, objects about the user, then others; outer before inner ones."""
    level = [("", value, False)]
    places: list[_Place] = []
    for depth in range(DEEPEST):
        inner: list[tuple[str, dict[str, object], bool]] = []
        for name, fields, secret in level[: PLACES - len(places)]:
            few = [(key, field) for key, field in islice(fields.items(), FIELDS_READ) if len(key) <= LONGEST_NAME]
            plain = {_plain_name(key): field for key, field in few}
            places.append(_Place(plain, name in PEOPLE, depth == 0, secret))
            for key, field in few:
                if isinstance(field, dict):
                    inner.append((_plain_name(key), field, secret or is_secret(key)))
        level = inner
    return sorted(places, key=lambda place: (not place.is_top, not place.is_person))


def _users(places: Sequence[_Place]) -> Iterator[str]:
    """Names of the session's user, the most reliable first."""
    yield from (text for text in _texts(places, EMAILS) if "@" in text)
    places = [place for place in places if not place.is_secret]
    yield from _texts(places, EMAILS)
    yield from _texts(places, LOGINS)
    places = [place for place in places if place.is_top or place.is_person]
    yield from _texts(places, NAMES)
    for place in places:
        yield from _texts([place], IDS[:-1], numbers=True)
        for text in _texts([place], IDS[-1:], numbers=True):
            if place.is_person or len(text) < _LONG_ID:
                yield text


def _texts(places: Collection[_Place], names: Sequence[str], *, numbers: bool = False) -> Iterator[str]:
    """The texts in fields of these names; with ``numbers``, numbers too, because an id may be a number."""
    kinds = str | int | float if numbers else str
    for place in places:
        for name in names:
            found = place.fields.get(name)
            if isinstance(found, list) and all(isinstance(part, str) for part in found):
                found = ", ".join(found)
            if found != "" and isinstance(found, kinds) and not isinstance(found, bool) and not _is_json(found):
                yield harmless(str(found))


def _is_json(value: object) -> bool:
    """Whether a text is probably nested JSON, which may hold secrets under any name."""
    return isinstance(value, str) and value.lstrip()[:1] in ("{", "[")


def harmless(text: str) -> str:
    """The text with everything hidden that must not be shown under any name."""
    text = _cut(text)
    if is_token(text):
        return HIDDEN
    if "=" in text or ":" in text:
        return redact_text(text.encode(), ()).decode()
    return text


def _cut(text: str) -> str:
    """A long text, cut at the end of a word: half an id would not be recognised as an id."""
    if len(text) <= TEXT_SHOWN:
        return text
    *words, _ = text[:TEXT_SHOWN].rsplit(maxsplit=1) or [""]
    return "".join((*words, "…"))


def _created(value: dict[str, object]) -> float | None:
    for name in CREATED_FIELDS:
        found = value.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 1e14:
            return found / 1000 if found > 1e11 else float(found)  # larger values are milliseconds
    return None


def _shown(value: dict[str, object]) -> list[tuple[str, str]]:
    rows = []
    for name, inner in islice(value.items(), FIELDS_SHOWN):
        if len(name) > LONGEST_NAME or is_secret(name):
            text = HIDDEN
        elif isinstance(inner, dict | list):
            text = f"({len(inner)} inside)"  # nested values may hold secrets under any name
        elif _is_json(inner):
            text = f"({len(str(inner)):,} characters)"
        elif isinstance(inner, str) and _plain_name(name) == "id" and len(inner) >= _LONG_ID:
            text = HIDDEN
        else:
            text = harmless(str(inner))
        rows.append((_cut(name), text))
    return rows
