"""Asks the server which writes our user may do, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redis_dash.actions.asked_rights import Answer, ask_rights
from redis_dash.client.node import Exchange, Node
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


async def write_rights(node: Node, key: bytes, exchange: Exchange | None = None) -> WriteRights:
    """Ask the server what our user may do with a key. Does not touch the key.

    Args:
        exchange: of ``node.exclusive()``, where the connection is held already.

    Raises:
        SourceError: the server could not be reached.
    """
    writes = ((b"DUMP", key), (b"RESTORE", key, b"0", b""), (b"DEL", key), (b"EVAL", b"return 1", b"1", key))
    answers = await ask_rights(node, (*writes, (b"WATCH", key), *_TRANSACTION), exchange)
    if answers is None:
        return WriteRights()
    told = {command[0]: answer for command, answer in answers.items()}
    undo = told[b"DUMP"] == told[b"RESTORE"] == "allowed"
    refused = [name.decode() for name, answer in told.items() if answer == "command"]
    missing = ["DEL"] if "DEL" in refused else []
    others = [name for name in refused if name in ("WATCH", "MULTI", "EXEC")]
    if "EVAL" in refused and others:  # a script or a transaction is enough
        missing.append(f"EVAL or {others[0]}")
    may_write = any(told[name] == "allowed" for name in (b"DEL", b"EVAL", b"RESTORE"))
    if may_write and not missing:
        return WriteRights(undo)
    rules = (*(f"+{one.split()[0].lower()}" for one in missing), *([] if may_write else ["~"]))
    return WriteRights(False, f"not allowed to run {', '.join(missing)}" if missing else NO_WRITE, rules)


def no_way(script_error: ReplyError | None, refused: str) -> str:
    """Why neither a script nor a transaction deletes a session, where WATCH, MULTI or EXEC is ``refused``."""
    right = None if script_error is None else missing_right(script_error)
    if right == "keys":
        return NO_WRITE
    if script_error is not None and right is None:  # the script ran
        return f"not allowed to run a command of the script, such as DEL, nor {refused} (+del)"
    return f"not allowed to run EVAL or {refused} (+eval allows it)"


async def unwritable(node: Node, keys: Sequence[bytes]) -> list[bytes]:
    """Those of these keys that our user may not write, as far as the server says. Changes nothing.

    Raises:
        SourceError: the server could not be reached.
    """
    writes = {key: ((b"DEL", key), (b"RESTORE", key, b"0", b""), (b"EVAL", b"return 1", b"1", key)) for key in keys}
    answers = await ask_rights(node, [command for of_key in writes.values() for command in of_key])
    if answers is None:
        return []
    return [key for key, of_key in writes.items() if all(answers[command] != "allowed" for command in of_key)]


class CompanionRights(NamedTuple):
    """Why companion keys are left as they are, or are not put back; empty if they are, or if it is not known."""

    no_change: str = ""
    no_undo: str = ""


async def companion_rights(node: Node, key: bytes, companions: Sequence[CompanionKey]) -> CompanionRights:
    """Ask the server whether our user may change the companions of a session, and put them back. Changes nothing.

    Raises:
        SourceError: the server could not be reached.
    """
    known = [one for one in companions if not one.missing]
    if not known:
        return CompanionRights()
    types = await node.pipeline([(b"TYPE", one.key) for one in known])
    keys = [key, *(one.key for one in known)]
    names = [kind.decode() if isinstance(kind, bytes) else "" for kind in types]
    kinds = [name if one.companion.member else "key" for one, name in zip(known, names, strict=True)]
    rights = []
    for commands in (_CHANGES, _UNDOES):
        wanted: list[Command] = [(b"EVAL", b"return 1", b"%d" % len(keys), *keys)]
        for one, kind in zip(known, kinds, strict=True):
            wanted += [(name, one.key, *rest) for name, *rest in commands.get(kind, ())]
        answers = await ask_rights(node, wanted)
        rights.append("" if answers is None else _refused(wanted, answers))
    return CompanionRights(*rights)


def _refused(wanted: Sequence[Command], answers: Mapping[Command, Answer]) -> str:
    """Which of the commands is refused, and why; empty if none is."""
    for command in wanted:
        if answers[command] != "allowed":
            is_command = answers[command] == "command"
            return f"not allowed to run {command[0].decode()}" if is_command else "no right to write these keys"
    return ""
