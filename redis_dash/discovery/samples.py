"""Reads sampled keys: type, lifetime, memory, and as much of the value as recognition needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from redis_dash.client.deployment import Deployment
from redis_dash.client.reasons import say
from redis_dash.core.decoding import text
from redis_dash.core.resp import Command, ReplyError, is_wrong_type
from redis_dash.core.rights import Right, missing_right, refused_command, rules_for, shown_command
from redis_dash.dialects.layout import KeySample
from redis_dash.discovery.sizes import usage

ELEMENTS = 10
"""Elements that are read of a list, set or sorted set."""
FIELDS = b"50"
"""Fields that HSCAN is asked for."""
MEASURED = 5
"""Elements that are measured of a collection: a first impression of its memory, see ``sizes``."""
AT_ONCE = 250
"""Keys that are read at once: other callers wait meanwhile."""


class ReadKey(NamedTuple):
    """A sampled key, and its memory in bytes; None if the server does not say."""

    sample: KeySample
    memory: int | None
    rules: tuple[str, ...] = ()
    """The ACL rules of the commands that were refused, and without which it cannot be recognised."""
    is_locked: bool = False
    """Whether our user may not read this key, by whatever command."""
    is_checked: bool = True
    """Whether that is known: False if our user may run no command on a key."""

    @property
    def is_refused(self) -> bool:
        """Whether our user may not read it, or not its value: what it is cannot be recognised."""
        return self.is_locked or not self.is_checked or bool(self.rules)


class Refusal(NamedTuple):
    """A command that our user may not run: the ACL rules that would allow it, and what was sent."""

    rules: tuple[str, ...]
    sent: Command
    command: str
    """``memory|usage``; empty if the server does not say."""


Refusals = dict[str, Refusal]
"""By the words that say what is not allowed."""


async def read_samples(
    deployment: Deployment, keys: Sequence[bytes], refusals: Refusals | None = None
) -> list[ReadKey]:
    """Read keys; those that are gone are left out. Of one that may not be read nothing but the key is known.

    Args:
        refusals: the commands that our user may not run are added here.

    Raises:
        SourceError: the server could not be reached.
    """
    found: list[ReadKey] = []
    refusals = {} if refusals is None else refusals
    for begin in range(0, len(keys), AT_ONCE):
        found += await _read(deployment, keys[begin : begin + AT_ONCE], refusals)
    return found


async def _read(deployment: Deployment, keys: Sequence[bytes], refusals: Refusals) -> list[ReadKey]:
    about: list[Command] = []
    for key in keys:
        about += [(b"TYPE", key), (b"PTTL", key), usage(key, MEASURED)]
    replies = await deployment.pipeline(about)
    _note_refused(about, replies, refusals)
    there = [
        (key, text(kind), left, memory)
        for key, kind, left, memory in zip(keys, replies[::3], replies[1::3], replies[2::3], strict=True)
        if isinstance(kind, bytes) and kind != b"none"
    ]
    readable = [row for row in there if row[1] in _READS]
    reads = [_READS[kind][0](key) for key, kind, *_ in readable]
    values = await deployment.pipeline(reads) if reads else []
    _note_refused(reads, values, refusals)
    by_key = {row[0]: value for row, value in zip(readable, values, strict=True)}
    asked = {key: replies[3 * place : 3 * place + 3] for place, key in enumerate(keys)}
    found = [
        ReadKey(
            KeySample(key, kind, _lifetime(left), _value(kind, by_key.get(key))),
            memory if isinstance(memory, int) else None,
            *_refused([asked[key][0], by_key.get(key)], [left, memory]),
        )
        for key, kind, left, memory in there
        if left != -2
    ]
    unknown = [key for key, (kind, *_) in asked.items() if right_of(kind)]
    return [
        *found,
        *(ReadKey(KeySample(key, "", None, None), None, *_refused(asked[key][:1], asked[key][1:])) for key in unknown),
    ]


def _refused(needed: Sequence[object], others: Sequence[object] = ()) -> tuple[tuple[str, ...], bool, bool]:
    """The rules that are missing, whether the key is locked, and whether that is known; ``others`` tell only that."""
    rights = list(map(right_of, [*needed, *others]))
    errors = [reply for reply in needed if isinstance(reply, ReplyError) and right_of(reply) == "command"]
    is_checked = not all(right in ("command", "unknown command") for right in rights)
    return tuple(rule for error in errors for rule in rules_for(error)), "keys" in rights, is_checked


def right_of(reply: object) -> Right | None:
    """The right that a reply says is missing, if any."""
    return missing_right(reply) if isinstance(reply, ReplyError) else None


class Reads(NamedTuple):
    """What the commands that read the values of each type say of a key of unknown type."""

    rules: tuple[str, ...]
    """The ACL rules of the one that it needs, if that is certain and our user may not run it."""
    unsure: tuple[str, ...]
    """Commands that our user may not run; which of them it needs is not known."""
    is_locked: bool
    is_checked: bool
    """Whether that is known: not if all are refused."""


async def try_reads(deployment: Deployment, keys: Sequence[bytes], refusals: Refusals) -> list[Reads]:
    """Try to read keys whose types are not known: the server checks the command before the key, and then the type.

    Args:
        refusals: commands that are needed for certain and refused are added here.

    Raises:
        SourceError: the server could not be reached.
    """
    tried = []
    for key in keys:
        commands = [read(key) for read, _ in _READS.values()]
        replies = await deployment.pipeline(commands)
        possible = [(one, reply) for one, reply in zip(commands, replies, strict=True) if not is_wrong_type(reply)]
        rights = [right_of(reply) for _, reply in possible]
        refused = [reply for _, reply in possible if isinstance(reply, ReplyError) and right_of(reply) == "command"]
        is_sure = len(possible) == 1 and bool(refused)
        if is_sure:
            _note_refused([possible[0][0]], refused, refusals)
        unsure = () if is_sure or None in rights else tuple(shown_command(refused_command(error)) for error in refused)
        rules = rules_for(refused[0]) if is_sure else ()
        is_checked = len(possible) < len(replies) or None in rights or "keys" in rights
        tried.append(Reads(rules, unsure, "keys" in rights, is_checked))
    return tried


def _note_refused(commands: Sequence[Command], replies: Sequence[object], refusals: Refusals) -> None:
    """Note refused commands. Refusals of single keys are left out: the rows show them."""
    for command, reply in zip(commands, replies, strict=True):
        if isinstance(reply, ReplyError) and right_of(reply) in ("command", "unknown command"):
            refusals[say(reply)] = Refusal(rules_for(reply), command, refused_command(reply))


def _lifetime(left_ms: object) -> float | None:
    return left_ms / 1000 if isinstance(left_ms, int) and left_ms >= 0 else None


def _value(kind: str, reply: object) -> object:
    if reply is None or isinstance(reply, ReplyError):
        return None
    try:
        return _READS[kind][1](reply)
    except (TypeError, ValueError):  # no Redis answers in this form
        return None


def _fields(reply: object) -> dict[bytes, bytes]:
    _, flat = reply if isinstance(reply, list) and len(reply) == 2 else (b"", [])
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _scored(reply: object) -> list[tuple[bytes, float]]:
    flat = reply if isinstance(reply, list) else []
    return [(member, float(score)) for member, score in zip(flat[::2], flat[1::2], strict=True)]


def _same(reply: object) -> object:
    return reply


_LAST = b"%d" % (ELEMENTS - 1)
_READS: Mapping[str, tuple[Callable[[bytes], Command], Callable[[object], object]]] = {
    "string": (lambda key: (b"GET", key), _same),
    "hash": (lambda key: (b"HSCAN", key, b"0", b"COUNT", FIELDS), _fields),
    "list": (lambda key: (b"LRANGE", key, b"0", _LAST), _same),
    "set": (lambda key: (b"SRANDMEMBER", key, b"%d" % ELEMENTS), _same),
    "zset": (lambda key: (b"ZRANGE", key, b"0", _LAST, b"WITHSCORES"), _scored),
}
"""How a value of each type is read, and what ``KeySample.value`` makes of the reply."""
