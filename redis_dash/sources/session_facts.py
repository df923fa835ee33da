"""What is known of a session, and the row that shows it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from redis_dash.core.credential import Credential, distinctive, mask
from redis_dash.core.frames.sessions import Format, SessionRow
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import ReplyError, is_wrong_type
from redis_dash.core.rights import refused_command
from redis_dash.decoders import UndecodableError, decode
from redis_dash.decoders.decode import IN_NO_FORMAT
from redis_dash.dialects.base import SessionFacts, SessionPattern
from redis_dash.dialects.decoded_session import undecodable
from redis_dash.dialects.registry import dialect_of, layout_of
from redis_dash.dialects.session_dialects import UNKNOWN
from redis_dash.redaction.secret_fields import HIDDEN, SessionSecret

UNREADABLE = SessionFacts(user="", fields=(("", "the value has a format that is not known here"),), is_readable=False)
_OTHER_TYPE = 'the value is no string; if it is a hash, [[sessions]] with format = "hash" in config.toml reads it'
OTHER_TYPE = SessionFacts(user="", fields=(("", _OTHER_TYPE),), is_readable=False)
HAS_ID = ("", "user is hidden: it holds the session's id")
UNREAD = SessionFacts(user="", fields=(("", "the value could not be read"),), is_readable=False)

MOST_MASKS = 5000
PRECISE_S = 0.03
"""A lifetime is not precise if its reply took longer."""


class Moment(NamedTuple):
    """A moment by both clocks."""

    epoch: float
    monotonic: float

    @classmethod
    def now(cls) -> Moment:
        """Read both clocks."""
        return cls(time.time(), time.monotonic())


class KnownSession(msgspec.Struct):
    """What has been read of one session."""

    facts: SessionFacts | None = None
    dialect: str = UNKNOWN
    value: object = None
    """The reply that the facts were decoded from; an equal reply need not be decoded again."""
    value_at: float = 0.0
    """When the value was asked for, in Unix epoch seconds; 0 if it has not been read."""
    expires_at: float | None = None
    """``time.monotonic()``; None if the session never expires or this is not known."""
    lifetime_s: float | None = None
    """The longest remaining lifetime that was read."""
    expires_known: bool = False
    lifetime_at: float = 0.0
    """When the remaining lifetime was asked for, in Unix epoch seconds; 0 if it is not precise."""
    shown: tuple[SessionFacts, SessionFacts, bytes] | None = None
    """A cache: the facts, what may be shown of them, and their fingerprint."""
    refusals: tuple[ReplyError, ...] = ()
    """Of the commands that our user may not run, if the value could not be read the last time."""
    is_key_refused: bool = False
    """Whether our user may not ask for the lifetime of this key in particular."""
    pattern: int | None = None
    """A cache: the place of the pattern that the key matches."""
    identity: tuple[bytes, Credential, str] | None = None
    """A cache: the id, the key, and the masked id."""
    shown_at: int = -1
    """The version of the known ids that are masked in what is shown."""

    @property
    def is_session(self) -> bool:
        """Whether its value was read and its key is there, and it is of the type that sessions have."""
        return self.expires_known and self.facts is not None and self.facts is not OTHER_TYPE

    def lasts(self, left_ms: int, asked: Moment, answered: float) -> None:
        """Set the remaining lifetime.

        Args:
            left_ms: as PTTL returns it; negative if the session never expires.
            asked: when PTTL was sent. The server ran it at some moment until ``answered`` (``time.monotonic()``).
        """
        self.expires_known = True
        self.lifetime_at = asked.epoch
        if left_ms < 0:
            self.lifetime_s = self.expires_at = None
            return
        self.lifetime_s = max(self.lifetime_s or 0.0, left_ms / 1000)
        self.expires_at = (asked.monotonic + answered) / 2 + left_ms / 1000
        if answered - asked.monotonic > PRECISE_S:
            self.lifetime_at = 0.0

    def is_news(self, value: object) -> bool:
        """Whether a reply says something of the value that is not known yet."""
        return self.facts is None or self.value is None or bool(self.refusals) or bool(value != self.value)


def unreadable(reply: object) -> SessionFacts:
    """What is known of a session that cannot be decoded: why, if a decoder says more than that it is in no format."""
    if is_wrong_type(reply):
        return OTHER_TYPE
    try:
        if isinstance(reply, bytes):
            decode(reply)
    except UndecodableError as error:
        return UNREADABLE if str(error) == IN_NO_FORMAT else undecodable(str(error))
    return UNREADABLE


def most_left_first(item: tuple[bytes, KnownSession]) -> tuple[float, float]:
    """Sort key for the longest remaining lifetime; if each use renews it, these are the most recently used."""
    known = item[1]
    return known.expires_at or 0.0, (known.facts.created_at if known.facts else None) or 0.0


def not_before(least_ms: float, keys: Sequence[bytes], replies: Sequence[object]) -> list[tuple[bytes, object]]:
    """Keys and their replies to PTTL, without sessions that end sooner: in a large database nearly all of them."""
    both = zip(keys, replies, strict=True)
    return [one for one in both if type(one[1]) is not int or one[1] >= least_ms or one[1] == -2]


def timeless(sessions: Iterable[KnownSession]) -> int:
    """Sessions whose values may be read, but not their lifetimes."""
    return sum(not known.expires_known for known in sessions if known.facts is not None)


def locked(sessions: Mapping[bytes, KnownSession]) -> list[bytes]:
    """Those of which our user may not even ask for the lifetime, if they were not read either."""
    return [key for key, known in sessions.items() if known.is_key_refused and known.facts is None]


def read_and_not(sessions: Iterable[KnownSession]) -> tuple[int, int]:
    """How many sessions were read, and of how many it is not known yet whether they may be read."""
    read = unsure = 0
    for known in sessions:
        read += known.facts is not None
        unsure += known.facts is None and not known.is_key_refused
    return read, unsure


class SessionFormats:
    """The format of each pattern of session keys, as far as there is one."""

    def __init__(self, patterns: Sequence[SessionPattern]) -> None:
        self._formats = tuple(map(_format, patterns))
        order = sorted(range(len(patterns)), key=lambda place: not patterns[place].format)
        self._order = [(place, Pattern(patterns[place].keys)) for place in order]
        """A pattern with a format comes before the others, as when a session is read."""

    def of(self, sessions: Mapping[bytes, KnownSession], shown: Sequence[str], *, is_all: bool) -> tuple[Format, ...]:
        """Those of the patterns that have sessions; of all patterns if there are more sessions than these.

        Args:
            shown: the patterns as they may be shown.
        """
        formats = [msgspec.structs.replace(one, keys=keys) for one, keys in zip(self._formats, shown, strict=True)]
        if not is_all or not sessions:
            return tuple(formats)
        places = set()
        for key, known in sessions.items():
            if known.pattern is None:
                matching = (place for place, pattern in self._order if pattern.variable(key) is not None)
                known.pattern = next(matching, -1)
            places.add(known.pattern)
        return tuple(one for place, one in enumerate(formats) if place in places)


def _format(pattern: SessionPattern) -> Format:
    layout = layout_of(pattern.format) if pattern.format else None
    if layout is None:
        return Format(pattern.format, pattern.keys, "", bool(pattern.format))
    return Format(layout.name, pattern.keys, layout.evidence, layout.confidence == "certain", layout.caveat)


class SessionRows:
    """Makes rows; remembers the lifetime of a new session."""

    def __init__(
        self, globs: Sequence[str], ids: KnownIds, database: int = 0, patterns: Sequence[SessionPattern] = ()
    ) -> None:
        """``patterns`` may name the formats of their keys."""
        self._ids = ids
        self._formats = [(Pattern(one.keys), one.format, dialect_of(one)) for one in patterns if one.format]
        self._database = database
        self._globs = tuple(globs)
        self._patterns = [Pattern(glob) for glob in globs]
        self._full_s = 0.0
        self._masks, self._masks_version = dict[str, str](), -1
        """Texts and what may be shown of them while the known ids stay the same: each session has the same fields."""

    def identifier(self, key: bytes) -> bytes:
        """The session's id: the part of its key that matches ``*``."""
        identifiers = (pattern.variable(key) for pattern in self._patterns)
        return next((found for found in identifiers if found is not None), key)

    def _format_of(self, key: bytes, refusals: Iterable[ReplyError]) -> str:
        """The format of a session whose value could not be read: that of its pattern, if its command was refused.

        Otherwise that command has shown that the value is of another type.
        """
        refused = {refused_command(error).encode().upper() for error in refusals}
        for pattern, name, dialect in self._formats:
            if dialect is not None and pattern.variable(key) is not None:
                return name if dialect.read(key)[0] in refused else UNKNOWN
        return UNKNOWN

    def make(self, sessions: Iterable[tuple[bytes, KnownSession]], now: float) -> tuple[SessionRow, ...]:
        """Rows of sessions whose facts are known, most time left first: a framework may end one before its key."""
        sessions = list(sessions)
        self._full_s = max((known.lifetime_s or 0.0 for _, known in sessions), default=0.0)
        rows = [self._row(key, known, now) for key, known in sessions]
        return tuple(sorted(rows, key=lambda row: -math.inf if row.ttl_s is None else row.ttl_s, reverse=True))

    def _mask(self, text: str) -> str:
        if self._masks_version != self._ids.version or len(self._masks) > MOST_MASKS:
            self._masks, self._masks_version = {}, self._ids.version
        if text not in self._masks:
            self._masks[text] = self._ids.mask(text)
        return self._masks[text]

    def _row(self, key: bytes, known: KnownSession, now: float) -> SessionRow:
        facts = known.facts
        assert facts is not None
        if known.identity is None:
            identifier = self.identifier(key)
            known.identity = identifier, Credential(key), mask(distinctive(identifier))
        identifier, credential, masked = known.identity
        if known.shown is None or known.shown[0] != facts:
            known.shown = facts, showable(facts, SessionSecret(identifier)), facts.fingerprint
            known.shown_at = -1
        if known.shown_at != self._ids.version:  # the value may hold the id of another session
            known.shown = facts, _masked(known.shown[1], self._mask), known.shown[2]
            known.shown_at = self._ids.version
        _, shown, fingerprint = known.shown
        left_s = _left(known, now)
        return SessionRow(
            key=credential,
            id=masked,
            user=shown.user,
            role=shown.role,
            ttl_s=left_s,
            ttl_known=known.expires_known,
            ttl_full_s=None if left_s is None else max(self._full_s, known.lifetime_s or 0.0, left_s),
            created_at=facts.created_at,
            dialect=self._format_of(key, known.refusals) if facts is UNREAD else known.dialect,
            fields=shown.fields,
            fingerprint=fingerprint,
            is_anonymous=facts.is_anonymous,
            is_readable=facts.is_readable,
            last_seen_at=facts.last_seen_at,
            companions=tuple(one.of_session(key, identifier, self._globs).in_words() for one in shown.companions),
            database=self._database,
        )


def _left(known: KnownSession, now: float) -> float | None:
    """Seconds until the key expires or the framework ends the session; negative if it has ended it; None if never."""
    ends = [] if known.expires_at is None else [max(0.0, known.expires_at - now)]
    if known.facts is not None and known.facts.ends_at is not None:
        ends.append(known.facts.ends_at - time.time())
    return min(ends, default=None)


def _masked(facts: SessionFacts, hide: Callable[[str], str]) -> SessionFacts:
    return msgspec.structs.replace(
        facts,
        user=hide(facts.user),
        role=hide(facts.role),
        fields=tuple((hide(name), hide(value)) for name, value in facts.fields),
        companions=tuple(one.changed(hide) for one in facts.companions),
    )


def showable(facts: SessionFacts, secret: SessionSecret) -> SessionFacts:
    """The facts without the session's id, which the application may repeat in the value: it is a credential."""

    def hide(text: str) -> str:
        return HIDDEN if secret.is_in(text) else text

    users = [user for user in (facts.user, *facts.others) if not secret.is_in(user)]
    fields = tuple((hide(name), hide(value)) for name, value in facts.fields)
    return SessionFacts(
        user=users[0] if users else HIDDEN,
        role=hide(facts.role),
        created_at=facts.created_at,
        fields=fields if users else (HAS_ID, *fields),
        companions=tuple(one.changed(hide) for one in facts.companions),
    )
