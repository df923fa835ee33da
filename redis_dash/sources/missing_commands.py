"""Names all rights of a topic that our user lacks, so that one command of the administrator grants them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence, Set
from typing import NamedTuple

from redis_dash.client.reasons import say
from redis_dash.core.errors import MissingRightError
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command, ReplyError, is_wrong_type
from redis_dash.core.rights import missing_right, refused_command, rules_for, shown_command
from redis_dash.sources.base import Context, Note

ASK_AGAIN_S = 30.0
"""How often the commands are tried while one is refused: each refusal is an entry in the server's ACL LOG."""
_READERS = {
    b"string": (b"GET", b"GETRANGE", b"STRLEN"),
    b"hash": (b"HGETALL", b"HGET", b"HMGET", b"HLEN"),
    b"list": (b"LRANGE", b"LLEN", b"LINDEX"),
    b"zset": (b"ZCARD", b"ZCOUNT", b"ZRANGE", b"ZREVRANGE", b"ZRANGEBYSCORE"),
}
"""The commands that read keys of a type."""
_TYPES = {command: kind for kind, commands in _READERS.items() for command in commands}
_TRIED = 50
"""Known keys that are tried: each refusal is an entry in the server's ACL LOG."""
_NAMED = 3
"""Patterns that are named; the rules have all."""


class Missing(NamedTuple):
    """What our user may not do."""

    commands: tuple[ReplyError, ...] = ()
    globs: tuple[str, ...] = ()
    """Patterns of keys that may not be read."""
    unchecked: tuple[str, ...] = ()
    """Patterns of which that is not known, because no command on a key is allowed."""


def example(glob: str) -> bytes:
    """A key that the glob matches, to try commands on where none is known."""
    parts = ([ord("x") if ord("x") in part else min(part, default=0) for part in run] for run in Glob.of(glob).runs)
    return b"x".join(map(bytes, parts))


def reads_type(way: Sequence[Command], kind: bytes) -> bool:
    """Whether the commands read keys of a type."""
    return {_TYPES.get(command[0], kind) for command in way} == {kind}


class MissingCommands:
    """Tries the commands of a topic when one of them was refused.

    Args:
        globs: The patterns of the topic's keys.
        ways: Returns the commands of each way to read a key. If the key is of another type, the way is not needed.
        keyless: Commands without a key that the topic needs, too.
        known: Returns further keys, some of which may not be read.
    """

    def __init__(
        self,
        context: Context,
        globs: Sequence[str],
        ways: Callable[[], Sequence[Sequence[Command]]],
        keyless: Sequence[Command] = (),
        known: Callable[[], Sequence[bytes]] = tuple,
    ) -> None:
        self._context = context
        self._deployment = context.deployment
        self._patterns = [Pattern(glob) for glob in globs]
        self._ways = ways
        self._keyless = keyless
        self._keys = known
        self._known: dict[str, Missing] = {}
        """What is missing in all, by the first refusal."""
        self._asked_at = 0.0

    async def all_of(self, error: MissingRightError) -> MissingRightError:
        """The refusal, with all others that would follow it.

        Raises:
            SourceError: the server could not be reached.
        """
        if not error.rules or not all(rule.startswith("+") for rule in error.rules):
            return error  # it is about keys, or no rule is known
        return self._together(error, await self._missing(str(error)))

    async def keys_note(self, why: str) -> Note:
        """A note about the keys of the topic that may not be read; ``why`` says which commands are missing.

        Raises:
            SourceError: the server could not be reached.
        """
        return self._keys_note(await self._missing(why))

    def _keys_note(self, missing: Missing) -> Note:
        said = [f"not allowed to read {self._named(missing.globs)}"] if missing.globs else []
        said += [self._unchecked(missing)] if missing.unchecked else []
        return Note("; ".join(said), self._context.read_rules(missing.globs))

    async def rest_note(self, why: str, told: Set[str]) -> Note:
        """A note about all that is missing besides the rules that are told already.

        Raises:
            SourceError: the server could not be reached.
        """
        missing = await self._missing(why)
        commands = tuple(error for error in missing.commands if not told >= set(rules_for(error)))
        globs = tuple(glob for glob in missing.globs if not told >= set(self._context.read_rules([glob])))
        if not commands:
            return self._keys_note(missing._replace(globs=globs))
        whole = self._together(MissingRightError(say(commands[0])), Missing(commands, globs, missing.unchecked))
        return Note(str(whole), whole.rules)

    async def _missing(self, why: str) -> Missing:
        if why not in self._known or time.monotonic() - self._asked_at > ASK_AGAIN_S:
            self._asked_at = time.monotonic()
            self._known = {why: await self._try()}
        return self._known[why]

    async def _try(self) -> Missing:
        refused: list[ReplyError] = []
        if self._keyless:
            refused += [reply for node in await self._deployment.on_each(self._keyless) for reply in _refused(node)]
        globs: dict[str, bool | None] = {}
        """Whether keys of these patterns may be read; None if that is not known."""
        for way in self._ways():
            key = way[0][1]
            kind, *replies = await self._deployment.pipeline([(b"TYPE", key), *way])
            glob = self._glob_of(key)
            may_read = globs.get(glob)
            globs[glob] = _may_read([kind, *replies]) if may_read is None else may_read
            if isinstance(kind, bytes) and kind != b"none" and not reads_type(way, kind):
                continue
            if not any(map(is_wrong_type, replies)):
                refused += _refused(replies)
        keys = self._keys()[:_TRIED]
        kinds = await self._deployment.pipeline([(b"TYPE", key) for key in keys]) if keys else []
        for key, kind in zip(keys, kinds, strict=True):
            if _may_read([kind]) is False:
                globs[self._glob_of(key)] = False
        return Missing(
            tuple(refused),
            tuple(glob for glob, may_read in globs.items() if may_read is False),
            tuple(glob for glob, may_read in globs.items() if may_read is None),
        )

    def _glob_of(self, key: bytes) -> str:
        """The pattern of a key; of an example the one that it was made from."""
        made_from = (one.glob for one in self._patterns if example(one.glob) == key)
        matching = (one.glob for one in self._patterns if one.variable(key) is not None)
        return next(made_from, None) or next(matching, "*")

    def _together(self, first: MissingRightError, missing: Missing) -> MissingRightError:
        names = [shown_command(refused_command(error)) for error in missing.commands]
        unnamed = [name for name in dict.fromkeys(names) if name and not re.search(rf"\b{name}\b", str(first))]
        rules = [*first.rules, *(rule for error in missing.commands for rule in rules_for(error))]
        text = ", ".join([str(first), *unnamed])
        if missing.globs:
            text = f"{text}, nor to read {self._named(missing.globs)}"
        if missing.unchecked:
            text = f"{text}; {self._unchecked(missing)}"
        return MissingRightError(text, tuple(dict.fromkeys((*rules, *self._context.read_rules(missing.globs)))))

    def _unchecked(self, missing: Missing) -> str:
        return f"rights to read {self._named(missing.unchecked)} cannot be checked yet"

    def _named(self, globs: Sequence[str]) -> str:
        names = [self._context.shown_glob(glob) for glob in globs[:_NAMED]]
        more = len(globs) - len(names)
        return f"{', '.join(names)} and {more} more" if more else ", ".join(names)


def _refused(replies: Sequence[object]) -> list[ReplyError]:
    return [reply for reply in replies if isinstance(reply, ReplyError) and missing_right(reply) == "command"]


def _may_read(replies: Sequence[object]) -> bool | None:
    """Whether the key of these replies may be read; None if no command on a key is allowed."""
    rights = [missing_right(reply) if isinstance(reply, ReplyError) else None for reply in replies]
    if "keys" in rights:
        return False
    return True if None in rights else None
