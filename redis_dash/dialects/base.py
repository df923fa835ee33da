"""The interfaces of dialects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from redis_dash.core.resp import Command, ReplyError, is_wrong_type
from redis_dash.dialects.companions import Companion, ShownCompanion

FACTS = ("user", "role", "created", "last_seen")
"""What a path of a ``SessionPattern`` may lead to."""
LONGEST_PATH = 8
"""Most names of a path."""


class Rule(NamedTuple):
    """How many requests a window allows."""

    limit: int
    window_s: float


class SessionPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of sessions, and what a user says about them in ``config.toml``. An empty text says nothing."""

    keys: str
    format: str = ""
    """A layout, a dialect or a plain format; if it is empty, it is found out key by key."""
    user: str = ""
    """The path in the value at which the user's name is, and so on; see ``paths``."""
    role: str = ""
    created: str = ""
    last_seen: str = ""
    companions: tuple[Companion, ...] = ()
    """Other keys that are changed when a session is revoked."""

    def __post_init__(self) -> None:
        for name in FACTS:
            if path := getattr(self, name):
                try:
                    check_path(path)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None

    @property
    def is_described(self) -> bool:
        """Whether it says more than the format."""
        return bool(self.companions or any(getattr(self, name) for name in FACTS))


class SessionFacts(msgspec.Struct, frozen=True):
    """The content of a session's value. Two reads of an unchanged session are equal."""

    user: str
    role: str = ""
    created_at: float | None = None
    fields: tuple[tuple[str, str], ...] = ()
    is_anonymous: bool = False
    """Whether the framework says that nobody is signed in."""
    ends_at: float | None = None
    """When the framework ends the session, in Unix epoch seconds, if the value says so and the key lives longer."""
    last_seen_at: float | None = None
    companions: tuple[ShownCompanion, ...] = ()
    """What else is changed when the session is revoked; the session's id and key are not filled in yet."""
    is_readable: bool = True
    """False if only the existence of the session is known; a field says why."""
    others: tuple[str, ...] = ()
    """Further names of the user, less reliable ones, if ``user`` must be hidden."""

    @property
    def fingerprint(self) -> bytes:
        """A hash that identifies the user; ordinary activity changes fields, but not the fingerprint."""
        import hashlib  # imported here, for a quick start

        return hashlib.sha256(repr((self.user, self.others, self.role, self.created_at)).encode()).digest()


def check_path(path: str) -> None:
    """Check the form of a path.

    Raises:
        ValueError: it has another form.
    """
    if path != "." and ("" in path.split(".") or path.count(".") >= LONGEST_PATH):
        raise ValueError(f"a path is names with dots between, such as data.user.email, not {path!r}")


def refusal(reply: object) -> ReplyError | None:
    """The error that says nothing about the key; None if the reply says something about it.

    WRONGTYPE says something about the key. MASTERDOWN, BUSY, LOADING, NOPERM and the like do not: what was known of the
    key before remains valid.
    """
    return reply if isinstance(reply, ReplyError) and not is_wrong_type(reply) else None


def is_gone(reply: object) -> bool:
    """Whether the reply to a command that reads a whole value says that the key does not exist.

    Redis keeps no empty hash, list or set.
    """
    return reply is None or reply == []


class Usage(NamedTuple):
    """The usage that a limiter's key holds."""

    used: int
    reset_s: float | None
    """Seconds until usage falls; at the limit, until the next request is allowed; None if not known."""
    is_held: bool = False
    """Whether ``used`` counts all that the key holds, even outside the window, because the window is not known."""
    is_endless: bool = False
    """Whether the key has no expiry: usage never falls by itself."""
    fits: bool = True
    """Whether the key ends within the rule's window. If not, the application counts by another rule."""
    limit: int | None = None
    """The limit, if the key itself holds it; a rule that the user gives wins."""
    window_s: float | None = None
    """The window, if the key itself holds it."""
    is_blocked: bool = False
    """Whether the key says that the client is blocked, whatever the limit is."""
    left: int | None = None
    """Requests that are left, where the key holds these and not how many are used: then ``used`` is 0."""
    clear_s: float | None = None
    """Seconds until nothing is used any more, where the key holds only that: then ``used`` is 0."""
    resets: bool = False
    """Whether usage falls to 0 at once when the window ends; otherwise it falls step by step."""
    may_be_over: bool = False
    """Whether the key outlives its window and does not say when that ends: ``used`` may not count any more."""
    near_s: float | None = None
    """Seconds for which usage certainly stays near the limit: the key holds ``near_from`` requests for so long. None
    if usage is lower, or it is not known."""
    blocks: bool = False
    """Whether the key lasts as long as a block once more than the limit is used: perhaps longer than the window."""


class OtherDialectError(Exception):
    """The key is not in this dialect; its text names what was found instead, if the dialect recognises that."""


class SessionDialect(Protocol):
    """Reads the sessions of one framework."""

    @property
    def name(self) -> str:
        """The name that users see."""

    def read(self, key: bytes) -> Command:
        """The command that reads the value; ``client/own_lookups.py`` must know it."""

    def decode(self, reply: object) -> SessionFacts | None:
        """The session; None if the value is not in this dialect. ``reply`` is no error."""

    def searchable(self, reply: object) -> bytes | None:
        """The value's raw text, so that a search need not decode every value; None if it must be decoded.

        ASCII letters, digits, spaces and ``@._:-`` must not be escaped in it. Return None for errors and for replies
        that are obviously not in this dialect.
        """


class LimitDialect(Protocol):
    """Reads one kind of limiter."""

    @property
    def name(self) -> str:
        """The name that users see."""

    @property
    def by_clock(self) -> bool:
        """Whether usage is counted by the clock that is passed, not by the server's clock at the reply."""

    def probe(self, key: bytes) -> Command:
        """The command whose reply is an upper bound of the key's usage."""

    def bound(self, reply: object) -> int:
        """The upper bound in the probe's reply; 0 if the key is gone.

        Raises:
            OtherDialectError: the key is in another dialect.
        """

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """The commands that read a key's usage; ``now`` is the server's clock, ``rule`` is None if unknown."""

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The usage; None if the key is gone, or is a part of a limiter that has its row under another key.

        Raises:
            OtherDialectError: the key is in another dialect.
        """
