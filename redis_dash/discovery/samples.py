"""Reads sampled keys: type, lifetime, memory, and as much of the value as recognition needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from redis_dash.client.deployment import Deployment
from redis_dash.client.reasons import say
from redis_dash.core.decoding import text
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right, refused_command, rules_for
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
    is_refused: bool = False
    """Whether our user may not read it, or not its value: what it is cannot be recognised."""


class Refusal(NamedTuple):
    """A command that our user may not run: the ACL rules that would allow it, and a key for which it was refused."""

    rules: tuple[str, ...]
    key: bytes
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
    _note_refused([key for key in keys for _ in range(3)], replies, refusals)
    there = [
        (key, text(kind), left, memory)
        for key, kind, left, memory in zip(keys, replies[::3], replies[1::3], replies[2::3], strict=True)
        if isinstance(kind, bytes) and kind != b"none"
    ]
    readable = [row for row in there if row[1] in _READS]
    values = await deployment.pipeline([_READS[kind][0](key) for key, kind, *_ in readable]) if readable else []
    _note_refused([row[0] for row in readable], values, refusals)
    by_key = {row[0]: value for row, value in zip(readable, values, strict=True)}
    found = [
        ReadKey(
            KeySample(key, kind, _lifetime(left), _value(kind, by_key.get(key))),
            memory if isinstance(memory, int) else None,
            _is_refused(by_key.get(key)),
        )
        for key, kind, left, memory in there
        if left != -2
    ]
    refused = [key for key, kind in zip(keys, replies[::3], strict=True) if _is_refused(kind)]
    return [*found, *(ReadKey(KeySample(key, "", None, None), None, is_refused=True) for key in refused)]


def _is_refused(reply: object) -> bool:
    return isinstance(reply, ReplyError) and missing_right(reply) is not None


def _note_refused(keys: Sequence[bytes], replies: Sequence[object], refusals: Refusals) -> None:
    """Note refused commands. Refusals of single keys are left out: the rows show them."""
    for key, reply in zip(keys, replies, strict=True):
        if isinstance(reply, ReplyError) and missing_right(reply) in ("command", "unknown command"):
            refusals[say(reply)] = Refusal(rules_for(reply), key, refused_command(reply))


def _lifetime(left_ms: object) -> float | None:
    return left_ms / 1000 if isinstance(left_ms, int) and left_ms >= 0 else None


def _value(kind: str, reply: object) -> object:
    if reply is None or isinstance(reply, ReplyError):
        return None
    return _READS[kind][1](reply)


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
