"""Changes the companion keys of a session in the script that deletes it, and puts back what was removed."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.actions.scripts import PUT_BACK
from redis_dash.client.own_lookups import OwnLookups
from redis_dash.client.reasons import say
from redis_dash.core.commands import RemovedCompanion, RestoreSession
from redis_dash.core.credential import Credential
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import refused_command
from redis_dash.dialects.companions import CompanionKey

_READS = {"zset": b"ZSCORE", "hash": b"HGET", "list": b"LRANGE"}
_NO_KEY = re.compile(r"access (a|one of the) key|can't access at least one of the keys")
_WHERE_IN_SCRIPT = re.compile(r" script: \w+, on @user_script.*$|^ERR Error running script.*?@user_script: ?\d+: ")


class Change(NamedTuple):
    """What was done with one companion."""

    text: str
    """What the user is told."""
    removed: RemovedCompanion | None = None


def script_arguments(companions: Sequence[CompanionKey]) -> list[bytes]:
    """Mode and member of each companion, for ``CHANGE``."""
    return [part for one in companions for part in (b"member" if one.companion.member else b"key", one.member)]


def changes(companions: Sequence[CompanionKey], replies: Sequence[object], own: OwnLookups) -> list[Change]:
    """What the script has done with each companion; counts its lookups as our own."""
    found = []
    for one, reply in zip(companions, replies, strict=True):
        parts = reply if isinstance(reply, list) else [reply]
        found.append(_change(one, parts, time.time()))
        _count(one, parts, own)
    return found


def left_alone(one: CompanionKey, why: str) -> Change:
    """A companion that is not changed."""
    return Change(f"{one.shown.key} stays as it was: {why}")


def _change(one: CompanionKey, parts: Sequence[object], now: float) -> Change:
    result, kind = parts[0], _text(parts[1]) if len(parts) > 1 else ""
    name = one.shown.key
    match result:
        case b"removed":
            left_ms, data = parts[2], parts[3]
            assert isinstance(left_ms, int)
            assert isinstance(data, bytes)
            removed = RemovedCompanion(
                name,
                Credential(one.key),
                kind if one.companion.member else "key",
                one.member,
                data,
                bytes(parts[4]) if len(parts) > 4 and isinstance(parts[4], bytes) else b"",
                now + left_ms / 1000 if left_ms >= 0 else None,
            )
            return Change(one.shown.in_words(), removed)
        case b"absent":
            return Change(f"{name} does not exist" if kind == "none" else f"{one.shown.member} was not in {name}")
        case b"long":
            return left_alone(one, "it is a list of more than 10,000 elements")
        case b"other":
            return left_alone(one, f"it is no set, sorted set, list or hash, but of the type {kind}")
    return left_alone(one, _reason(kind))


def _count(one: CompanionKey, parts: Sequence[object], own: OwnLookups) -> None:
    """The commands that ``CHANGE`` has run, as far as the server counts them as lookups."""
    if parts[0] == b"refused" or len(parts) < 2:
        return
    kind, is_key = _text(parts[1]), not one.companion.member
    commands: list[Command] = [(b"TYPE", one.key)]
    replies: list[object] = [parts[1]]
    if len(parts) > 2:
        commands.append((b"PTTL", one.key))
        replies.append(parts[2])
    read = b"DUMP" if is_key and parts[0] == b"removed" else _READS.get(kind)
    if read and len(parts) > 3:
        commands.append((read, one.key))
        replies.append([b"x"] if read == b"LRANGE" else parts[3])
    own.count(commands, replies)


def put_back_command(undo: RestoreSession, left_ms: int, now: float) -> Command:
    """The script that restores a session and its companions; a companion that would have expired is left out."""
    there = [one for one in undo.companions if _is_due(one, now)]
    arguments: list[bytes] = []
    for one in there:
        ends = b"" if one.expires_at is None else b"%d" % round(one.expires_at * 1000)
        left = b"0" if one.expires_at is None else b"%d" % max(1, round((one.expires_at - now) * 1000))
        arguments += [one.kind.encode(), one.member, one.data, one.following, ends, left]
    keys = [undo.key.reveal(), *(one.key.reveal() for one in there)]
    return (b"EVAL", PUT_BACK, b"%d" % len(keys), *keys, b"%d" % left_ms, undo.dump, *arguments)


def put_back_texts(undo: RestoreSession, replies: object, now: float) -> list[str]:
    """What became of the companions, in words."""
    texts = []
    results = iter(replies if isinstance(replies, list) else [])
    for one in undo.companions:
        if not _is_due(one, now):
            texts.append(f"{one.name} would have expired by now")
            continue
        match next(results, []):
            case [b"back", *_]:
                texts.append(f"{one.name} {'holds it again' if one.kind == 'list' else 'is as it was'}")
            case [b"there", *_]:
                texts.append(f"{one.name} already has what was removed")
            case [_, why, *_]:
                texts.append(f"{one.name} is not put back: {_reason(_text(why))}")
    return texts


def put_back_lookups(undo: RestoreSession, replies: object, now: float) -> tuple[list[Command], list[object]]:
    """The lookups of that script, as commands and replies: the server counts them."""
    commands: list[Command] = []
    answers: list[object] = []
    due = (one for one in undo.companions if _is_due(one, now))
    for one, reply in zip(due, replies if isinstance(replies, list) else [], strict=False):
        if len(reply) < 3:
            continue
        commands.append((b"EXISTS", one.key.reveal()))
        answers.append(reply[2])
        if one.kind == "list":
            commands.append((b"LRANGE", one.key.reveal()))
            answers.append([b"x"] if reply[2] else [])
    return commands, answers


def _is_due(one: RemovedCompanion, now: float) -> bool:
    """Whether it would still be there without the revocation."""
    return one.expires_at is None or one.expires_at > now


def _reason(text: str) -> str:
    """The server's reason, without the place in our script."""
    error = ReplyError(_WHERE_IN_SCRIPT.sub("", text))
    if command := refused_command(error):
        return f"not allowed to run {command.upper()}"
    if "can't run this command" in text:  # Redis 7.0 does not say which
        return "not allowed to run a command that it needs"
    return "no right to use this key" if _NO_KEY.search(text) else say(error)


def _text(raw: object) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
