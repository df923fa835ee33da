"""Sessions that are one string, which a decoder turns into a map: most frameworks differ only in format and fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import msgspec

from redis_dash.core.resp import Command
from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.session_values import facts_of

Content = dict[str, object]
"""A session's fields, in plain data all the way down."""

VISITOR_FIELDS = frozenset(
    {
        "basket", "cart", "cookie", "country", "csrf", "csrfsecret", "csrftoken", "currency", "flash",
        "flashes", "fresh", "lang", "language", "locale", "messages", "next", "pages", "permanent",
        "previousurl", "referer", "referrer", "returnto", "seen", "theme", "timezone", "tz", "url",
        "urlintended", "utm", "views", "visited", "visits",
    }
)  # fmt: skip
"""Fields that do not need anybody to be signed in, without signs and in lower case."""


class DecodedSession:
    """A string in one of several formats, also compressed, whose content is a map."""

    def __init__(
        self,
        name: str,
        formats: Collection[str],
        facts: Callable[[Content], SessionFacts] | None = None,
        *,
        unwrap: Callable[[object], object] = lambda value: value,
    ) -> None:
        """Describe the sessions of one framework.

        Args:
            formats: names of formats as ``decode`` returns them.
            facts: what the content says; otherwise the usual names of fields are searched.
            unwrap: finds the session in the decoded value; may raise ``UndecodableError``.
        """
        self.name = name
        self._formats = frozenset(formats)
        self._facts = facts or visitor_or_user
        self._unwrap = unwrap

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def searchable(self, reply: object) -> bytes | None:
        """The text of JSON; any other format may hold numbers that are not written as digits."""
        return reply if isinstance(reply, bytes) and b"{" <= reply < b"|" else None

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; if no decoder can read the value, a field says why. None if the value is something else."""
        try:
            content = self.content(reply)
        except UndecodableError as error:
            return undecodable(str(error))
        return None if content is None else self._facts(content)

    def holds(self, *names: str) -> Callable[[object], bool]:
        """A test for layouts: whether a value is such a session with at least one of these fields, if any are given."""

        def is_such(value: object) -> bool:
            try:
                content = self.content(value)
            except UndecodableError:
                return False
            return content is not None and (not names or any(name in content for name in names))

        return is_such

    def may_be(self, value: object) -> bool:
        """A test for layouts whose keys are proof enough: as ``holds``, or no decoder can read the value."""
        return self.decode(value) is not None

    def content(self, value: object) -> Content | None:
        """The session's fields; None if the value is something else.

        Raises:
            UndecodableError: no decoder can read it.
        """
        if not isinstance(value, bytes):
            return None
        found = decode(value)
        if last_format(found) not in self._formats:
            return None
        inside = plain(self._unwrap(found.value))
        if inside == []:  # PHP writes an empty map like an empty list
            return {}
        return inside if isinstance(inside, dict) else None


def last_format(decoded: Decoded) -> str:
    """The format of a value without the compressions in front of it."""
    return decoded.format.rpartition(", ")[2]


def undecodable(why: str) -> SessionFacts:
    """A session of which only the existence is known."""
    return SessionFacts(user="", fields=(("", f"the value is {why}"),), is_readable=False)


def plain(value: object) -> object:
    """Decoded data with texts as names of fields; an object is its fields, or the name of its class."""
    if isinstance(value, dict):
        return {_text(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, Opaque):
        return plain(value.fields) if value.fields else f"<{value.name}>"
    return _text(value) if isinstance(value, bytes) else value


def _text(value: object) -> str:
    if isinstance(value, Opaque):
        return f"<{value.name}>"
    return f"({len(value):,} bytes)" if isinstance(value, bytes) else str(value)


def visitor_or_user(content: Content) -> SessionFacts:
    """The facts by the usual names of fields; anonymous only if all fields are those that visitors have, too."""
    facts = facts_of(content)
    filled = [name for name, value in content.items() if value not in (None, "", {}, [])]
    visitor = not facts.user and all(_bare(name) in VISITOR_FIELDS for name in filled)
    return msgspec.structs.replace(facts, is_anonymous=True) if visitor else facts


def signed_in_as(content: Content, user: object) -> SessionFacts:
    """The facts if the framework itself says who is signed in: nobody, if ``user`` is None and no usual field says so.

    An application may have a sign-in of its own instead of the framework's.
    """
    if user is None or user == "":
        facts = facts_of(content)
        return msgspec.structs.replace(facts, is_anonymous=not facts.user)
    return facts_of(content, user=str(user))


def seconds(moment: object) -> float | None:
    """A moment in Unix epoch seconds, from an ISO date or from a number of milliseconds or seconds."""
    if isinstance(moment, str):
        try:
            return datetime.fromisoformat(moment).timestamp()
        except (ValueError, OverflowError):
            return None
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not 0 < moment < 1e14:
        return None
    return moment / 1000 if moment > 1e11 else float(moment)


def without(content: Content, *names: str) -> Content:
    """The content without what the framework itself adds."""
    return {name: value for name, value in content.items() if name not in names}


def inner(content: Mapping[str, object], *names: str) -> object:
    """What is so deep inside objects; None if it is not there."""
    found: object = content
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _bare(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
