"""Sessions as a user describes them in ``config.toml``: paths to the user and other facts, and companion keys."""

from __future__ import annotations

import msgspec

from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command
from redis_dash.decoders import UndecodableError
from redis_dash.dialects.base import SessionDialect, SessionFacts, SessionPattern, is_gone
from redis_dash.dialects.companions import OF_THE_SESSION, CompanionKey, ShownCompanion, companion_key
from redis_dash.dialects.decoded_session import undecodable
from redis_dash.dialects.formats import HasContent
from redis_dash.dialects.paths import MISSING, find, moment_at, text_at
from redis_dash.dialects.session_values import harmless
from redis_dash.redaction.secret_fields import HIDDEN, SessionSecret, is_secret

Notes = list[tuple[str, str]]
"""Fields without a name, which tell what is wrong."""


class DescribedSession:
    """Reads by another dialect, and takes the facts from the paths. It guesses nothing that a path should say."""

    def __init__(self, pattern: SessionPattern, dialect: SessionDialect) -> None:
        """Describe the keys of a pattern; only a dialect that ``HasContent`` can follow paths."""
        self.name = dialect.name
        self.pattern = pattern
        self.searchable = dialect.searchable
        self._dialect = dialect
        self._ids = Pattern(pattern.keys)

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return self._dialect.read(key)

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; if the value is in another format, a field says so. None if the key is gone."""
        if is_gone(reply):
            return None
        facts = self._dialect.decode(reply) or undecodable(f"not in the format {self.name}, which the settings name")
        content = self._content(reply)
        pattern, notes = self.pattern, Notes()
        changes: dict[str, object] = {"companions": self._shown(content)}
        if content is None:
            return msgspec.structs.replace(facts, **changes)
        if pattern.user:
            changes |= _user(content, pattern.user, notes) | {"others": ()}
        if pattern.role:
            changes["role"] = _text(content, "role", pattern.role, notes)
        if pattern.created:
            changes["created_at"] = _moment(content, "created", pattern.created, notes)
        if pattern.last_seen:
            changes["last_seen_at"] = _moment(content, "last_seen", pattern.last_seen, notes)
        return msgspec.structs.replace(facts, fields=(*notes, *facts.fields), **changes)

    def companions(self, key: bytes, reply: object) -> list[CompanionKey]:
        """The companion keys of a session."""
        content, identifier = self._content(reply), self._ids.variable(key)

        def value_of(name: str) -> bytes | None:
            if name in OF_THE_SESSION:
                return key if name == "key" else identifier
            return self._named(content, name)

        secret = SessionSecret(identifier or key)
        shown = [one.changed(lambda text: HIDDEN if secret.is_in(text) else text) for one in self._shown(content)]
        globs = [self.pattern.keys]
        return [companion_key(one.of_session(key, identifier or key, globs), value_of) for one in shown]

    def _content(self, reply: object) -> object:
        """The data in which paths are followed; None if the value has none."""
        try:
            return self._dialect.content(reply) if isinstance(self._dialect, HasContent) else None
        except UndecodableError:
            return None

    def _named(self, content: object, name: str) -> bytes | None:
        """The value of a placeholder: ``user`` and ``role`` are those of the pattern, any other name is a path."""
        text = text_at(find(content, self._path(name)))
        return text.encode("utf-8", "surrogatepass") if text else None

    def _path(self, name: str) -> str:
        return {"user": self.pattern.user, "role": self.pattern.role}.get(name) or name

    def _shown(self, content: object) -> tuple[ShownCompanion, ...]:
        """The companions, with what may be shown of the values in the content."""
        found = []
        for one in self.pattern.companions:
            texts = ((name, text_at(find(content, self._path(name)))) for name in one.placeholders)
            values = ((name, self._harmless(name, text)) for name, text in texts if text)
            found.append(ShownCompanion(one, tuple(value for value in values if value[0] not in OF_THE_SESSION)))
        return tuple(found)

    def _harmless(self, name: str, text: str) -> str:
        return HIDDEN if is_secret(_named_part(self._path(name))) else harmless(text)


def _user(content: object, path: str, notes: Notes) -> dict[str, object]:
    """The user; nobody is signed in where the value says null or an empty text."""
    found = find(content, path)
    nobody = found is None or found == ""
    return {"user": "" if nobody else _text(content, "user", path, notes), "is_anonymous": nobody}


def _text(content: object, fact: str, path: str, notes: Notes) -> str:
    found = find(content, path)
    text = text_at(found)
    if found is MISSING:
        notes.append(("", f"{fact}: {path} is not in the value"))
    elif found is not None and text is None:
        notes.append(("", f"{fact}: {path} is neither a text nor a number"))
    elif text and is_secret(_named_part(path)):
        notes.append(("", f"{fact} is hidden: {path} has the name of a secret"))
        return HIDDEN
    elif text and (shown := harmless(text)) != text and HIDDEN in shown:
        notes.append(("", f"{fact} is hidden: what {path} holds looks like a secret"))
        return shown
    return harmless(text or "")


def _moment(content: object, fact: str, path: str, notes: Notes) -> float | None:
    found = find(content, path)
    if found is MISSING:
        notes.append(("", f"{fact}: {path} is not in the value"))
        return None
    moment = None if found is None else moment_at(found)
    if isinstance(moment, str):
        notes.append(("", f"{fact}: {path} {moment}"))
        return None
    return moment


def _named_part(path: str) -> str:
    """The path without numbers of places in lists."""
    return ".".join(name for name in path.split(".") if not name.isdecimal())
