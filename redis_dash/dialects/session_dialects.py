"""Reads sessions in any registered dialect: the one that fitted a key last is tried first, then the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.dialects.base import SessionDialect, SessionFacts, SessionPattern, is_gone, refusal
from redis_dash.dialects.companions import CompanionKey
from redis_dash.dialects.described_session import DescribedSession
from redis_dash.dialects.registry import SESSION_DIALECTS, dialect_of, frameworks, session_dialect

Ask = Callable[[Sequence[Command]], Awaitable[list[object]]]
"""Sends commands and returns their replies."""

UNKNOWN = "unknown"
"""The dialect's name of a session that no dialect can decode."""
REMEMBERED_KEYS = 10_000
"""Keys whose dialect is remembered because it is not the usual one."""


def session_reads(key: bytes) -> list[Command]:
    """The commands of all dialects that read a key, without duplicates."""
    own = [dialect for framework in frameworks() for dialect in framework.sessions]
    return list(dict.fromkeys(dialect.read(key) for dialect in [*SESSION_DIALECTS, *own]))


class Page(NamedTuple):
    """Undecoded replies: each key was read once, by the dialect that probably fits."""

    keys: Sequence[bytes]
    dialects: Sequence[SessionDialect]
    commands: Sequence[Command]
    replies: Sequence[object]

    def searchable(self) -> list[bytes | None]:
        """The raw text of each value, see ``SessionDialect.searchable``."""
        if self.keys and self.dialects.count(self.dialects[0]) == len(self.keys):  # the usual case is the fastest
            return list(map(self.dialects[0].searchable, self.replies))
        return [dialect.searchable(reply) for dialect, reply in zip(self.dialects, self.replies, strict=True)]


class ReadSession(NamedTuple):
    """One session, decoded by the dialect that fits, if any does."""

    key: bytes
    facts: SessionFacts | None
    """None if the key is gone, the server answered with an error, or no dialect fits."""
    dialect: SessionDialect
    """The dialect that fits, or the one that read ``reply``."""
    command: Command
    reply: object
    refusals: tuple[ReplyError, ...] = ()
    """Of the commands that our user may not run; one of them might have read the key."""

    @property
    def dialect_name(self) -> str:
        """The name that users see."""
        return UNKNOWN if self.facts is None else self.dialect.name

    @property
    def is_gone(self) -> bool:
        """Whether the key does not exist."""
        return is_gone(self.reply)

    @property
    def error(self) -> ReplyError | None:
        """The error that says nothing about the key, see ``refusal``."""
        return refusal(self.reply)


class SessionDialects:
    """Remembers the dialect of most keys, and those keys that are in another one."""

    def __init__(self, usual: str = "", patterns: Sequence[SessionPattern] = ()) -> None:
        """Start with no key remembered.

        Args:
            usual: the name of the dialect to try first; the first one of the registry if there is none of this name.
            patterns: those with a format name the dialect to try first on their keys. Described ones are read only so.
        """
        self._usual = session_dialect(usual) or SESSION_DIALECTS[0]
        self._of_key: dict[bytes, SessionDialect] = {}
        named = [(Pattern(one.keys), dialect_of(one)) for one in patterns]
        self._of_pattern = [(pattern, dialect) for pattern, dialect in named if dialect is not None]
        if len(patterns) == len(self._of_pattern) == 1:
            self._usual = self._of_pattern.pop()[1]

    async def fetch(self, keys: Sequence[bytes], ask: Ask) -> Page:
        """Read each key once, in a single round trip.

        Raises:
            SourceError: ``ask`` raised it.
        """
        usual, of_key = self._usual, self._of_key
        if not of_key and not self._of_pattern:
            return Page(keys, [usual] * len(keys), commands := list(map(usual.read, keys)), await ask(commands))
        dialects = [of_key.get(key) or self._expected(key) for key in keys]
        commands = [dialect.read(key) for dialect, key in zip(dialects, keys, strict=True)]
        return Page(keys, dialects, commands, await ask(commands))

    async def decode(self, page: Page, places: Iterable[int], ask: Ask) -> list[ReadSession]:
        """Decode the values at these places of a page; try the other dialects where the first one does not fit.

        That takes another round trip only if another dialect reads the key by another command.

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

    async def companions(self, key: bytes, ask: Ask) -> list[CompanionKey]:
        """The companion keys of a session, as its value is now; none if its pattern names none.

        Raises:
            SourceError: ``ask`` raised it.
        """
        dialect = self._of_key.get(key) or self._expected(key)
        if not isinstance(dialect, DescribedSession) or not dialect.pattern.companions:
            return []
        (reply,) = await ask([dialect.read(key)])
        return [] if isinstance(reply, ReplyError) else dialect.companions(key, reply)

    def reads(self, key: bytes, *, is_read: bool) -> list[Command]:
        """The commands of which one can read a key; ``is_read`` if it was read, so that the command is known."""
        named = (dialect for pattern, dialect in self._of_pattern if pattern.variable(key) is not None)
        dialect = (self._of_key.get(key) or self._expected(key)) if is_read else next(named, None)
        dialects = SESSION_DIALECTS if dialect is None else [dialect]
        return list(dict.fromkeys(one.read(key) for one in dialects))

    def _expected(self, key: bytes) -> SessionDialect:
        """The dialect of the key's pattern; otherwise the usual one."""
        named = (dialect for pattern, dialect in self._of_pattern if pattern.variable(key) is not None)
        return next(named, self._usual)

    def forget(self, key: bytes) -> None:
        """Drop what is remembered of a key."""
        self._of_key.pop(key, None)

    def _learn(self, attempts: Sequence[_Attempt], of: int) -> None:
        """Remember the dialects; one that fits more than half of the ``of`` keys of a page becomes the usual one."""
        others = Counter(attempt.session.dialect for attempt in attempts if attempt.is_in_another_dialect)
        for dialect, number in others.most_common(1):
            self._usual = dialect if 2 * number > of else self._usual
        for attempt in attempts:
            session = attempt.session
            if session.is_gone or session.dialect is self._expected(session.key):
                self._of_key.pop(session.key, None)
            elif not isinstance(session.reply, ReplyError):
                if len(self._of_key) >= REMEMBERED_KEYS:
                    self._of_key.clear()
                self._of_key[session.key] = session.dialect


class _Attempt:
    """The attempts to decode one key: the replies so far, and the dialects that are not tried yet."""

    def __init__(self, key: bytes, dialect: SessionDialect, command: Command, reply: object) -> None:
        self.session = ReadSession(key, None, dialect, command, reply)
        self._expected = dialect
        others = [] if isinstance(dialect, DescribedSession) else SESSION_DIALECTS
        self._untried = [dialect, *(other for other in others if other is not dialect)]
        self._replies = {command: reply}

    @property
    def is_in_another_dialect(self) -> bool:
        """Whether another dialect fits than the one that was tried first."""
        return self.session.facts is not None and self.session.dialect is not self._expected

    def next_read(self) -> Command | None:
        """The command to send next; None if the session is decoded, or cannot be."""
        while self._untried:
            command = self._untried[0].read(self.session.key)
            if command not in self._replies:
                return command
            self._judge(self._untried.pop(0), command, self._replies[command])
        return None

    def add(self, command: Command, reply: object) -> None:
        """Add the reply to ``next_read``."""
        self._replies[command] = reply

    def _judge(self, dialect: SessionDialect, command: Command, reply: object) -> None:
        error = refusal(reply)
        facts = None if isinstance(reply, ReplyError) else dialect.decode(reply)
        right = missing_right(error) if error is not None else None
        refusals = self.session.refusals
        if error is not None and right in ("command", "unknown command"):
            refusals = tuple({str(one): one for one in (*refusals, error)}.values())
        latest = ReadSession(self.session.key, facts, dialect, command, reply, refusals)
        if facts is not None or is_gone(reply) or (error is not None and right is None):
            self.session = latest
            self._untried.clear()
        elif isinstance(self.session.reply, ReplyError) and (error is not None or not isinstance(reply, ReplyError)):
            self.session = latest  # it says more than WRONGTYPE
        else:
            self.session = self.session._replace(refusals=refusals)


def _row(page: Page, place: int) -> tuple[bytes, SessionDialect, Command, object]:
    return page.keys[place], page.dialects[place], page.commands[place], page.replies[place]
