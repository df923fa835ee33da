"""Sessions that are one string of JSON: the demo application's, and most hand-written ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import msgspec

from redis_dash.core.resp import Command
from redis_dash.dialects.base import SessionFacts
from redis_dash.redaction.messages import redact_text
from redis_dash.redaction.secret_fields import HIDDEN, is_secret, is_token

LARGEST = 256 * 1024
"""Bytes of a value that are decoded; a larger one is no session that a person reads."""
EMAILS = ("email", "useremail", "emailaddress", "mail")
LOGINS = ("username", "preferredusername", "login", "loginname", "user")
NAMES = ("name", "displayname", "fullname")
IDS = ("userid", "authuserid", "user", "uid", "accountid", "sub", "id")
"""Who it is, the most trustworthy names first; as ``_plain_name`` writes them."""
ROLES = ("role", "roles", "scope")
PEOPLE = frozenset({"user", "account", "passport", "profile", "member", "customer", "principal", "identity", "person"})
"""Objects whose name or id is a person's; in another, such as a device, it is not."""
CREATED_FIELDS = ("created_at", "createdAt", "created", "login_at", "iat")
FIELDS_SHOWN = 40
TEXT_SHOWN = 500
DEEPEST = 4
PLACES = 100
"""Objects of a value that are looked into."""
FIELDS_READ = 200
"""Of each of them."""
LONGEST_NAME = 100
"""A longer one is no name."""
USERS = 8
_LONG_ID = 16
"""Characters of an ``id`` beside which there is nobody's name: it is the session's own, and may let its reader in."""


class _Place(NamedTuple):
    """One object of the value."""

    fields: dict[str, object]
    """By plain name."""
    is_person: bool
    is_top: bool
    is_secret: bool
    """It stands somewhere below a name that hides its value."""


class JsonSession:
    """A JSON object; the user is found by the usual names, at any depth."""

    name = "json"

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def searchable(self, reply: object) -> bytes | None:
        """The JSON text itself."""
        return reply if isinstance(reply, bytes) and reply.startswith(b"{") else None

    def decode(self, reply: object) -> SessionFacts | None:
        """None unless the value is a JSON object of readable size."""
        if not isinstance(reply, bytes) or len(reply) > LARGEST:
            return None
        try:
            value = msgspec.json.decode(reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        places = _places(value)
        user, *others = sorted(list(dict.fromkeys(_users(places)))[:USERS], key=HIDDEN.__eq__) or [""]
        return SessionFacts(
            user=user,
            role=next(_texts([place for place in places if not place.is_secret], ROLES, numbers=True), ""),
            created_at=_created(value),
            fields=tuple(_shown(value)),
            others=tuple(others),
        )


@lru_cache(maxsize=1024)  # the same few names, over and over
def _plain_name(name: str) -> str:
    """``user_name``, ``userName`` and ``User-Name`` are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _places(value: dict[str, object]) -> list[_Place]:
    """The objects inside a value: itself, those that are about a person, then the others; outer before inner ones."""
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
    """Whom the session is about, the most trustworthy first."""
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
    """What stands under these names; a number is nobody's name, but may be an id."""
    kinds = str | int | float if numbers else str
    for place in places:
        for name in names:
            found = place.fields.get(name)
            if isinstance(found, list) and all(isinstance(part, str) for part in found):
                found = ", ".join(found)
            if found != "" and isinstance(found, kinds) and not isinstance(found, bool) and not _is_json(found):
                yield _harmless(str(found))


def _is_json(value: object) -> bool:
    """A text that most likely is JSON once more: it may hold secrets under any name."""
    return isinstance(value, str) and value.lstrip()[:1] in ("{", "[")


def _harmless(text: str) -> str:
    """What of a text may be shown, whatever it is called."""
    text = _cut(text)
    if is_token(text):
        return HIDDEN
    if "=" in text or ":" in text:
        return redact_text(text.encode(), ()).decode()
    return text


def _cut(text: str) -> str:
    """A long text up to the end of a word: nobody could tell that half an id is one."""
    if len(text) <= TEXT_SHOWN:
        return text
    *words, _ = text[:TEXT_SHOWN].rsplit(maxsplit=1) or [""]
    return "".join((*words, "…"))


def _created(value: dict[str, object]) -> float | None:
    for name in CREATED_FIELDS:
        found = value.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 1e14:
            return found / 1000 if found > 1e11 else float(found)  # above: milliseconds
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
            text = _harmless(str(inner))
        rows.append((_cut(name), text))
    return rows
