"""Asks the server which writes our user may do, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.client.node import Exchange
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.dialects.companions import CompanionKey

NO_WRITE = "no right to write this key"
_TRANSACTION: tuple[Command, ...] = ((b"MULTI",), (b"EXEC",))
"""What a transaction needs besides WATCH."""

_CHANGES: dict[str, tuple[tuple[bytes, ...], ...]] = {
    "set": ((b"SREM", b"x"),),
    "zset": ((b"ZSCORE", b"x"), (b"ZREM", b"x")),
    "hash": ((b"HGET", b"x"), (b"HDEL", b"x")),
    "list": ((b"LRANGE", b"0", b"-1"), (b"LREM", b"0", b"x")),
    "key": ((b"DUMP",), (b"DEL",)),
}
_UNDOES: dict[str, tuple[tuple[bytes, ...], ...]] = {
    "set": ((b"SADD", b"x"),),
    "zset": ((b"ZADD", b"NX", b"1", b"x"),),
    "hash": ((b"HSETNX", b"x", b"x"),),
    "list": ((b"LINSERT", b"BEFORE", b"x", b"x"), (b"RPUSH", b"x")),
    "key": ((b"RESTORE", b"0", b""),),
}


class WriteRights(NamedTuple):
    """Which writes the server would allow our user on one session."""

    undo: bool | None = None
    """Whether DUMP and RESTORE are allowed; None if the server does not say."""
    no_delete: str = ""
    """Why the session cannot be revoked; empty if it can, or if the server does not say."""
    rules: tuple[str, ...] = ()
    """The ACL rules that would allow it: ``+del``, or ``~`` for a rule about the key."""


async def write_rights(ask: Exchange, key: bytes) -> WriteRights:
    """Ask the server what our user may do with a key. Does not touch the key.

    Raises:
        SourceError: the server could not be reached.
    """
    (user,) = await ask([(b"ACL", b"WHOAMI")])
    if not isinstance(user, bytes):
        return WriteRights()
    writes = ((b"DUMP", key), (b"RESTORE", key, b"0", b""), (b"DEL", key), (b"EVAL", b"return 1", b"1", key))
    commands = (*writes, (b"WATCH", key), *_TRANSACTION)
    answers = await ask([(b"ACL", b"DRYRUN", user, *command) for command in commands])
    if any(isinstance(answer, ReplyError) for answer in answers):
        return WriteRights()
    replies = {command[0]: answer for command, answer in zip(commands, answers, strict=True)}
    undo = replies[b"DUMP"] == replies[b"RESTORE"] == b"OK"
    refused = [
        name.decode() for name, answer in replies.items() if isinstance(answer, bytes) and b"to run the" in answer
    ]
    missing = ["DEL"] if "DEL" in refused else []
    others = [name for name in refused if name in ("WATCH", "MULTI", "EXEC")]
    if "EVAL" in refused and others:  # a script or a transaction is enough
        missing.append(f"EVAL or {others[0]}")
    may_write = any(replies[name] == b"OK" for name in (b"DEL", b"EVAL", b"RESTORE"))
    if may_write and not missing:
        return WriteRights(undo)
    rules = (*(f"+{one.split()[0].lower()}" for one in missing), *([] if may_write else ["~"]))
    return WriteRights(False, f"not allowed to run {', '.join(missing)}" if missing else NO_WRITE, rules)


def no_way(script_error: ReplyError | None) -> str:
    """Why neither a script nor a transaction deletes a session, where WATCH is not allowed."""
    right = None if script_error is None else missing_right(script_error)
    if right == "keys":
        return NO_WRITE
    if script_error is not None and right is None:  # the script ran
        return "not allowed to run a command of the script, such as DEL, nor WATCH (+del)"
    return "not allowed to run EVAL or WATCH (+eval allows it)"


async def unwritable(ask: Exchange, keys: Sequence[bytes]) -> list[bytes]:
    """Those of these keys that our user may not write, as far as the server says. Changes nothing.

    Raises:
        SourceError: the server could not be reached.
    """
    (user,) = await ask([(b"ACL", b"WHOAMI")])
    if not isinstance(user, bytes):
        return []
    writes = [((b"DEL", key), (b"RESTORE", key, b"0", b""), (b"EVAL", b"return 1", b"1", key)) for key in keys]
    answers = iter(await ask([(b"ACL", b"DRYRUN", user, *command) for of_key in writes for command in of_key]))
    of_keys = [[next(answers) for _ in of_key] for of_key in writes]
    return [
        key
        for key, own in zip(keys, of_keys, strict=True)
        if b"OK" not in own and not any(isinstance(answer, ReplyError) for answer in own)
    ]


class CompanionRights(NamedTuple):
    """Why companion keys are left as they are, or are not put back; empty if they are, or if it is not known."""

    no_change: str = ""
    no_undo: str = ""


async def companion_rights(ask: Exchange, key: bytes, companions: Sequence[CompanionKey]) -> CompanionRights:
    """Ask the server whether our user may change the companions of a session, and put them back. Changes nothing.

    Raises:
        SourceError: the server could not be reached.
    """
    known = [one for one in companions if not one.missing]
    if not known:
        return CompanionRights()
    user, *types = await ask([(b"ACL", b"WHOAMI"), *((b"TYPE", one.key) for one in known)])
    if not isinstance(user, bytes):
        return CompanionRights()
    keys = [key, *(one.key for one in known)]
    names = [kind.decode() if isinstance(kind, bytes) else "" for kind in types]
    kinds = [name if one.companion.member else "key" for one, name in zip(known, names, strict=True)]
    rights = []
    for commands in (_CHANGES, _UNDOES):
        wanted: list[Command] = [(b"EVAL", b"return 1", b"%d" % len(keys), *keys)]
        for one, kind in zip(known, kinds, strict=True):
            wanted += [(name, one.key, *rest) for name, *rest in commands.get(kind, ())]
        answers = await ask([(b"ACL", b"DRYRUN", user, *command) for command in wanted])
        rights.append(_refused(wanted, answers))
    return CompanionRights(*rights)


def _refused(wanted: Sequence[Command], answers: Sequence[object]) -> str:
    """Which of the commands is refused, and why; empty if none is, or if the server does not say."""
    if any(isinstance(answer, ReplyError) for answer in answers):
        return ""
    for command, answer in zip(wanted, answers, strict=True):
        if answer != b"OK":
            is_command = isinstance(answer, bytes) and b"to run the" in answer
            return f"not allowed to run {command[0].decode()}" if is_command else "no right to write these keys"
    return ""
