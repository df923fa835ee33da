"""The text of a kind of keys, the same in the screen and in ``redis-dash discover``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from redis_dash.core.frames.keys import KeyKind, Recognised
from redis_dash.tui.formatting import memory_tally, nbytes, percent, tally
from redis_dash.tui.text import Plain, plain, plural

LONGEST_NAME = 60
"""The room for a pattern in the table of ``redis-dash discover``."""
_NONE = Plain("–")
BY_PATTERN = Plain("by pattern")
NOT_RECOGNISED = Plain("not recognised")
NUMBERS = Plain(f"{NOT_RECOGNISED}: numbers that expire")
"""What is known of keys that may be a limiter's."""

HEADS = ("keys", "count", "share", "memory", "type", "expires", "recognised as", "pane")
"""The titles of ``cells``."""


def cells(kind: KeyKind, keys: int, panes: Mapping[str, str]) -> tuple[Plain, ...]:
    """One text for each column.

    Args:
        keys: All keys of the database.
        panes: The name of each topic's pane.
    """
    return (
        shown_name(kind, LONGEST_NAME),
        count(kind, tally(kind.count)),
        share_of(kind.count.value, keys),
        memory(kind),
        types(kind),
        expiry(kind),
        recognised(kind),
        shown_in(kind, panes),
    )


def shown_name(kind: KeyKind, width: int = 200) -> Plain:
    """The pattern, after the name that the user has given: ``Carts · cart:*``."""
    name = kind.name or "(empty)"
    return plain(f"{kind.own_name} · {name}" if kind.own_name else name, width)


def count(kind: KeyKind, held: Plain) -> Plain:
    """What was counted, without the bounds: keys that were not seen may be of any kind, and are told once for all.

    Args:
        held: the count with its bounds.
    """
    return Plain(f"{kind.count.value:,}") if kind.count.certainty == "counted" else held


def missed(unseen: int, gone: int) -> tuple[Plain, ...]:
    """``4 keys not seen``, ``2 keys may be gone``."""
    return (
        *((Plain(f"{plural(unseen, 'key')} not seen"),) if unseen else ()),
        *((Plain(f"{plural(gone, 'key')} may be gone"),) if gone else ()),
    )


def share_of(part: float | None, whole: float) -> Plain:
    """``41.0 %``; a dash if it is not known."""
    return _NONE if part is None else percent(part / whole if whole else None)


def memory(kind: KeyKind) -> Plain:
    """``14.2 MB ± 3 %``, ``14.2 MB+``; a dash if it is not known."""
    return _NONE if kind.memory is None else memory_tally(kind.memory)


def memories(kind: KeyKind) -> tuple[Plain, ...]:
    """The same, with a shorter form if there are two bounds: ``~14.2 MB``."""
    held = memory(kind)
    has_bounds = kind.memory is not None and kind.memory.certainty == "estimated"
    return (held, Plain(f"~{nbytes(kind.memory.value)}")) if kind.memory and has_bounds else (held,)


def types(kind: KeyKind) -> Plain:
    """``hash``, ``zset/string``."""
    return plain("/".join(name for name, _ in kind.types) or "–", 40)


def expiry(kind: KeyKind) -> Plain:
    """``never``, ``all``, ``3 of 16``."""
    if not kind.sampled:
        return _NONE
    if kind.endless == kind.sampled:
        return Plain("never")
    return Plain("all") if not kind.endless else Plain(f"{kind.sampled - kind.endless} of {kind.sampled}")


def recognised(kind: KeyKind) -> Plain:
    """The frameworks that write them; or what a pane reads them as, for their names; or why nothing is known."""
    if kind.recognised:
        return plain("; ".join(dict.fromkeys(map(_named, kind.recognised))), 200)
    if kind.sampled is None:
        return Plain("not read yet")
    if kind.refused:
        return BY_PATTERN if kind.watched else Plain("rights missing")
    if not kind.sampled:
        return Plain("gone before it was read")
    if kind.read_as:
        return plain(kind.read_as, 200)
    return BY_PATTERN if kind.watched else NUMBERS if are_expiring_numbers(kind) else NOT_RECOGNISED


def shown_in(kind: KeyKind, panes: Mapping[str, str]) -> Plain:
    """``2 Sessions``, ``2 Sessions (in part)``, ``ignored``, ``not shown``.

    Args:
        panes: The name of each topic's pane, perhaps with its key.
    """
    if kind.is_ignored:
        return Plain("ignored")
    parts = [panes[topic] + (" (in part)" if names < kind.names else "") for topic, names in kind.watched]
    return plain(", ".join(parts)) if parts else Plain("not shown")


def followed(kind: KeyKind) -> Plain:
    """That new entries will be shown, and how to keep it so."""
    name = plain(kind.name, 60)
    if "*" in name or "…" in name:
        return Plain(f"New entries of {name} appear in Events.")
    return Plain(f"New entries of {name} appear in Events. --stream {shlex.quote(name)} keeps that.")


def are_expiring_numbers(kind: KeyKind) -> bool:
    """Whether the keys look like counters of a limiter, as far as keys without a known name can."""
    return bool(kind.sampled) and kind.expiring_numbers == kind.sampled and not kind.recognised and not kind.refused


def _named(one: Recognised) -> str:
    return one.name if one.confidence == "certain" else f"{one.name} (likely)"
