"""The key of a command, which decides to which node it goes."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.client.own_lookups import CALIBRATED, looked_up
from redis_dash.core.resp import Command

_ONLY_KEYS = frozenset({b"DEL", b"EXISTS", b"WATCH"})
"""Commands that take any number of keys and nothing else."""
_FIRST_IS_KEY = _ONLY_KEYS.union(CALIBRATED, (b"RESTORE",))


def key_of(command: Command) -> bytes:
    """The only key of a command.

    Raises:
        ValueError: it has no key or several, which may be on different nodes.
    """
    name, *arguments = command
    if name == b"MEMORY" and arguments[:1] == [b"USAGE"]:
        return arguments[1]
    if name == b"XINFO" or (name == b"XREAD" and arguments[-3:-2] == [b"STREAMS"]):
        return looked_up(command)
    if name == b"EVAL" and arguments[1:2] == [b"1"]:
        return arguments[2]
    if name in _FIRST_IS_KEY and arguments and not (name in _ONLY_KEYS and len(arguments) > 1):
        return arguments[0]
    raise ValueError(f"{name.decode('ascii', 'replace')} does not have one key")


def cut(commands: Sequence[Command], begin: int, length: int) -> int:
    """Where a part of a long pipeline ends: between two keys, since the replies for one key are judged together."""
    end = min(begin + length, len(commands))
    while begin + 1 < end < len(commands) and commands[end][1:2] == commands[end - 1][1:2]:
        end -= 1
    return end
