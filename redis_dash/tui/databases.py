"""The databases of a server in words."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.databases import Database, others
from redis_dash.core.frames.server import ServerFrame
from redis_dash.tui.formatting import compact, count
from redis_dash.tui.text import Plain, plural

NAMED = 3
"""Databases that are named; of more, the number of the rest is told."""


def named(databases: Sequence[Database], *, short: bool = False) -> Plain:
    """``db1 30,112 · db3 12``; ``db1 30.1 k · db3 12`` in short."""
    parts = [f"db{one.number} {compact(one.keys) if short else count(one.keys)}" for one in databases[:NAMED]]
    rest = len(databases) - NAMED
    return Plain(" · ".join([*parts, *([f"{rest} more"] if rest > 0 else [])]))


def besides(frame: ServerFrame) -> tuple[Plain, ...]:
    """What other databases hold, the longest form first: ``others: db1 30,112 · db3 12``."""
    if frame.kind == "cluster":
        return (Plain("a cluster has no others"), Plain("no others"))
    if frame.databases is None:
        return (Plain("others not known"),)
    elsewhere = others(frame.databases, frame.database)
    if not elsewhere:
        return (Plain("no other holds keys"), Plain("no others"))
    forms = f"others: {named(elsewhere)}", f"others: {named(elsewhere, short=True)}", named(elsewhere, short=True)
    return (*map(Plain, forms), plural(len(elsewhere), "other"))


def elsewhere_text(elsewhere: Sequence[Database], hint: str) -> Plain:
    """The sentence of an empty pane: ``Other databases hold keys: db1 30,112 · db3 12. n switches.``; or nothing."""
    if not elsewhere:
        return Plain("")
    return Plain(f"Other databases hold keys: {named(elsewhere)}. {hint}".rstrip())


def all_named(frame: ServerFrame) -> Plain:
    """``db0 (this one) 1,204 keys · db1 30,112 · db3 12``: all that hold keys, and the watched one."""
    held = "keys –" if frame.keys is None else f"{frame.keys:,}+ keys" if frame.partial else plural(frame.keys, "key")
    parts = [f"db{frame.database} (this one) {held}"]
    parts += [f"db{one.number} {count(one.keys)}" for one in others(frame.databases, frame.database)]
    return Plain(" · ".join(parts))
