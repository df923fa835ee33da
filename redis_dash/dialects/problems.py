"""Checks of a framework that another package registers: what would make its keys look wrong, or write to Redis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from redis_dash.core.resp import Command
from redis_dash.dialects.layout import Framework, KeySample, Layout

READS = frozenset(
    {
        b"DUMP", b"EXISTS", b"GET", b"GETRANGE", b"HGET", b"HGETALL", b"HSCAN", b"LRANGE", b"PTTL", b"SRANDMEMBER",
        b"STRLEN", b"TYPE", b"ZCARD", b"ZCOUNT", b"ZRANGE", b"ZRANGEBYSCORE", b"ZREVRANGE", b"ZREVRANGEBYSCORE",
        b"ZREVRANK", b"ZSCORE",
    }
)  # fmt: skip
"""The commands that a dialect may send: those whose lookups are told from the application's."""
KEY = b"redis-dash:a-key"
ODD_VALUES: tuple[object, ...] = (None, b"", b"\xff", {}, [], [(b"a", 1.0)])
TYPES = ("string", "hash", "list", "set", "zset", "stream")


class Names(NamedTuple):
    """The names that are taken already."""

    layouts: frozenset[str] = frozenset()
    dialects: frozenset[str] = frozenset()

    def with_those_of(self, framework: Framework) -> Names:
        """These names, and those of a framework."""
        dialects = (*(one.name for one in framework.sessions), *(one.name for one in framework.limits))
        return Names(self.layouts.union(one.name for one in framework.layouts), self.dialects.union(dialects))


def problem_of(framework: object, taken: Names) -> str:
    """Why a framework cannot be used, in one sentence; empty if it can."""
    if not isinstance(framework, Framework):
        return f"a Framework is expected, not {type(framework).__name__}"
    return next(_problems(framework, taken), "")


def _problems(framework: Framework, taken: Names) -> Iterator[str]:
    if not framework.layouts:
        yield "it has no layouts, so none of its keys is recognised"
    own = [*(one.name for one in framework.sessions), *(one.name for one in framework.limits)]
    for name in own:
        if name in taken.dialects or own.count(name) > 1:
            yield f"there are two dialects with the name {name!r}"
    names = [layout.name for layout in framework.layouts]
    for layout in framework.layouts:
        if layout.name in taken.layouts or names.count(layout.name) > 1:
            yield f"there are two layouts with the name {layout.name!r}"
        yield from _problems_of_layout(layout, taken.dialects.union(own))
    for session in framework.sessions:
        yield from _no_read(session.name, session.read(KEY))
    for limit in framework.limits:
        for command in (limit.probe(KEY), *limit.reads(KEY, 1e9, None)):
            yield from _no_read(limit.name, command)


def _problems_of_layout(layout: Layout, dialects: frozenset[str]) -> Iterator[str]:
    where = f"layout {layout.name!r}: "
    if not isinstance(layout.keys, re.Pattern) or "id" not in layout.keys.groupindex:
        yield f"{where}`keys` is a compiled pattern of bytes with a group `id`"
    if layout.type not in TYPES:
        yield f"{where}`type` is one of {', '.join(TYPES)}, not {layout.type!r}"
    if layout.dialect and layout.dialect not in dialects:
        yield f"{where}no dialect has the name {layout.dialect!r}"
    if layout.topic in ("sessions", "rate_limits") and not layout.dialect:
        yield f"{where}a dialect must read its keys"
    for value in ODD_VALUES:
        try:
            layout.value(value)
            layout.also(KeySample(KEY, layout.type, None, value))
        except Exception as error:
            yield f"{where}`value` or `also` raises {type(error).__name__} for {value!r}: other keys have any value"


def _no_read(name: str, command: Command) -> Iterator[str]:
    if not is_read(command, KEY):
        shown = command[0].decode("utf-8", "replace") if command else "nothing"
        yield f"dialect {name!r} sends {shown}: a dialect reads its key, by one of the commands that READS lists"


def is_read(command: Command, key: bytes) -> bool:
    """Whether the command only reads, and this key."""
    return len(command) > 1 and command[0] in READS and command[1] == key
