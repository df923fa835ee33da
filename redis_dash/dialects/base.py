"""What a dialect must be able to do."""

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
    """What a session's value says. Two readings of a session that nobody changed are equal."""

    user: str
    role: str = ""
    created_at: float | None = None
    fields: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()
    """Further names of the user, less trustworthy ones: for a user who may not be shown."""

    @property
    def fingerprint(self) -> bytes:
        """Equal as long as the session is the same person's: activity changes fields, not this."""
        return hashlib.sha256(repr((self.user, self.others, self.role, self.created_at)).encode()).digest()


def refusal(reply: object) -> ReplyError | None:
    """The error that stands in place of an answer about a key; None where the key was answered about.

    That a key is of another type is an answer. MASTERDOWN, BUSY, LOADING, NOPERM and the like say nothing of it: what
    was known before is still all that is known.
    """
    return reply if isinstance(reply, ReplyError) and not str(reply).startswith("WRONGTYPE") else None


def is_permission_error(error: ReplyError) -> bool:
    """Whether our user may not run the command, or the server does not know it; another command may work."""
    return str(error).startswith(("NOPERM", "ERR unknown command"))


def is_gone(reply: object) -> bool:
    """Whether the reply to a command that reads a whole value says that the key does not exist.

    Redis keeps no empty hash, list or set.
    """
    return reply is None or reply == []


class Usage(NamedTuple):
    """What a limiter's key says."""

    used: int
    reset_s: float | None
    """Seconds until usage falls, or, once the limit is used up, until a request is let in; None if not to be seen."""
    is_held: bool = False
    """``used`` is all that the key holds, also what is older than any window: which one it has is not known."""


class OtherDialectError(Exception):
    """The key is not laid out in this dialect's way."""


class SessionDialect(Protocol):
    """Reads one framework's sessions."""

    @property
    def name(self) -> str:
        """As shown to people."""

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""

    def decode(self, reply: object) -> SessionFacts | None:
        """What the value says; None if it is not of this dialect. ``reply`` is no error."""

    def searchable(self, reply: object) -> bytes | None:
        """The raw text of a value, so that a search need not decode each; None where it must.

        In it, ASCII letters, digits, spaces and ``@._:-`` stand for themselves. It is None for what is not of this
        dialect, as far as that is seen without decoding; ``reply`` may be an error.
        """


class LimitDialect(Protocol):
    """Reads one kind of limiter."""

    @property
    def name(self) -> str:
        """As shown to people."""

    @property
    def by_clock(self) -> bool:
        """Is usage counted by the clock that was passed, or by the server's as it answers?"""

    def probe(self, key: bytes) -> Command:
        """The one command that tells how much a key's usage may be at most."""

    def bound(self, reply: object) -> int:
        """What the probe's reply says; 0 if the key is gone.

        Raises:
            OtherDialectError: the key is laid out in another way.
        """

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """The commands that read a key's usage; ``now`` is the server's clock, ``rule`` None where unknown."""

    def decode(self, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """The usage; None if the key is gone.

        Raises:
            OtherDialectError: the key is laid out in another way.
        """
