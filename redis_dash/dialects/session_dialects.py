"""Reads sessions whichever dialect they are in: the dialect that fitted a key last is tried first, then the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

from redis_dash.core.resp import Command, ReplyError
from redis_dash.dialects.base import SessionDialect, SessionFacts, is_gone, is_permission_error, refusal
from redis_dash.dialects.registry import SESSION_DIALECTS

Ask = Callable[[Sequence[Command]], Awaitable[list[object]]]
"""Sends commands and returns their replies."""

UNKNOWN = "unknown"
"""The dialect's name of a session that no dialect can decode."""
REMEMBERED_KEYS = 10_000
"""Keys in another dialect than usual that are remembered."""


def session_reads(key: bytes) -> list[Command]:
    """The commands by which the dialects read a key, each once."""
    return list(dict.fromkeys(dialect.read(key) for dialect in SESSION_DIALECTS))


class Page(NamedTuple):
    """Replies as they came: each key was read once, in the dialect that it is expected to be in."""

    keys: Sequence[bytes]
    dialects: Sequence[SessionDialect]
    commands: Sequence[Command]
    replies: Sequence[object]

    def searchable(self) -> list[bytes | None]:
        """The raw text of each value that a search may look through; None where the value must be decoded first."""
        return [dialect.searchable(reply) for dialect, reply in zip(self.dialects, self.replies, strict=True)]


class ReadSession(NamedTuple):
    """One session, decoded by the dialect that fits."""

    key: bytes
    facts: SessionFacts | None
    """None if the key is gone, was not answered about, or no dialect fits."""
    dialect: SessionDialect
    """The one that fits; otherwise the one whose reply this is."""
    command: Command
    reply: object

    @property
    def dialect_name(self) -> str:
        """As shown to people."""
        return UNKNOWN if self.facts is None else self.dialect.name

    @property
    def is_gone(self) -> bool:
        """Whether the key does not exist."""
        return is_gone(self.reply)

    @property
    def error(self) -> ReplyError | None:
        """The error that stands in place of an answer about the key."""
        return refusal(self.reply)


class SessionDialects:
    """Remembers the dialect that most keys are in, and the keys that are in another one."""

    def __init__(self, usual: str = "") -> None:
        """Start with no key remembered.

        Args:
            usual: the name of the dialect to try first; the first one of the registry if there is none of this name.
        """
        named = (dialect for dialect in SESSION_DIALECTS if dialect.name == usual)
        self._usual = next(named, SESSION_DIALECTS[0])
        self._of_key: dict[bytes, SessionDialect] = {}

    async def fetch(self, keys: Sequence[bytes], ask: Ask) -> Page:
        """Read each key once, in a single round trip.

        Raises:
            SourceError: ``ask`` raised it.
        """
        usual, of_key = self._usual, self._of_key
        dialects = [of_key.get(key, usual) for key in keys] if of_key else [usual] * len(keys)
        commands = [dialect.read(key) for dialect, key in zip(dialects, keys, strict=True)]
        return Page(keys, dialects, commands, await ask(commands))

    async def decode(self, page: Page, places: Iterable[int], ask: Ask) -> list[ReadSession]:
        """Decode the values at these places of a page; read those that do not fit again, in the other dialects.

        Another round trip is made only where a value does not fit, and another dialect reads it by another command.

        Raises:
            SourceError: ``ask`` raised it.
        """
        attempts = [_Attempt(*columns) for columns in map(_row, repeat(page), places)]
        while wanted := [(attempt, command) for attempt in attempts if (command := attempt.next_read()) is not None]:
            replies = await ask([command for _, command in wanted])
            for (attempt, command), reply in zip(wanted, replies, strict=True):
                attempt.add(command, reply)
        self._learn(attempts, len(page.keys))
        return [attempt.session for attempt in attempts]

    async def read(self, key: bytes, ask: Ask) -> ReadSession:
        """Read and decode one session.

        Raises:
            SourceError: ``ask`` raised it.
        """
        (session,) = await self.decode(await self.fetch([key], ask), [0], ask)
        return session

    def forget(self, key: bytes) -> None:
        """Drop what is remembered of a key."""
        self._of_key.pop(key, None)

    def _learn(self, attempts: Sequence[_Attempt], of: int) -> None:
        """Remember the dialects; the usual one changes if another one fits more than half of ``of`` keys."""
        others = Counter(attempt.session.dialect for attempt in attempts if attempt.is_in_another_dialect)
        for dialect, number in others.most_common(1):
            self._usual = dialect if 2 * number > of else self._usual
        for attempt in attempts:
            session = attempt.session
            if session.is_gone or session.dialect is self._usual:
                self._of_key.pop(session.key, None)
            elif not isinstance(session.reply, ReplyError):
                if len(self._of_key) >= REMEMBERED_KEYS:
                    self._of_key.clear()
                self._of_key[session.key] = session.dialect


class _Attempt:
    """One key: the replies to its reads, and the dialects that were not tried yet."""

    def __init__(self, key: bytes, dialect: SessionDialect, command: Command, reply: object) -> None:
        self.session = ReadSession(key, None, dialect, command, reply)
        self._expected = dialect
        self._untried = [dialect, *(other for other in SESSION_DIALECTS if other is not dialect)]
        self._replies = {command: reply}

    @property
    def is_in_another_dialect(self) -> bool:
        """Whether the key was expected to be in another dialect than it is."""
        return self.session.facts is not None and self.session.dialect is not self._expected

    def next_read(self) -> Command | None:
        """The command to send next; None once the session is decoded, or cannot be."""
        while self._untried:
            command = self._untried[0].read(self.session.key)
            if command not in self._replies:
                return command
            self._judge(self._untried.pop(0), command, self._replies[command])
        return None

    def add(self, command: Command, reply: object) -> None:
        """Take the reply to ``next_read``."""
        self._replies[command] = reply

    def _judge(self, dialect: SessionDialect, command: Command, reply: object) -> None:
        error = refusal(reply)
        facts = None if isinstance(reply, ReplyError) else dialect.decode(reply)
        latest = ReadSession(self.session.key, facts, dialect, command, reply)
        if facts is not None or is_gone(reply) or (error is not None and not is_permission_error(error)):
            self.session = latest
            self._untried.clear()
        elif isinstance(self.session.reply, ReplyError) and (error is not None or not isinstance(reply, ReplyError)):
            self.session = latest  # it says more than that the key is of another type


def _row(page: Page, place: int) -> tuple[bytes, SessionDialect, Command, object]:
    return page.keys[place], page.dialects[place], page.commands[place], page.replies[place]
