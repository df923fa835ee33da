"""The interfaces of dialects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from redis_dash.core.resp import Command, ReplyError


class Rule(NamedTuple):
    """How many requests a window allows."""

    limit: int
    window_s: float


class SessionFacts(msgspec.Struct, frozen=True):
    """The content of a session's value. Two reads of an unchanged session are equal."""

    user: str
    role: str = ""
    created_at: float | None = None
    fields: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()
    """Further names of the user, less reliable ones, if ``user`` must be hidden."""

    @property
    def fingerprint(self) -> bytes:
        """A hash that identifies the user; ordinary activity changes fields, but not the fingerprint."""
        return hashlib.sha256(repr((self.user, self.others, self.role, self.created_at)).encode()).digest()


def refusal(reply: object) -> ReplyError | None:
    """The error that says nothing about the key; None if the reply says something about it.

    WRONGTYPE says something about the key. MASTERDOWN, BUSY, LOADING, NOPERM and the like do not: what was known of the
    key before remains valid.
    """
    return reply if isinstance(reply, ReplyError) and not str(reply).startswith("WRONGTYPE") else None


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


class OtherDialectError(Exception):
    """The key is not in this dialect."""


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

    def decode(self, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The usage; None if the key is gone.

        Raises:
            OtherDialectError: the key is in another dialect.
        """
