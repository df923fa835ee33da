"""Which kinds of keys may belong to a topic by their type, and were not recognised as anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from redis_dash.dialects.registry import layouts
from redis_dash.discovery.unread import COMPARED, Kind, Watched

MOST = 3
"""So many kinds are named."""


def unrecognised(kinds: Sequence[Kind], topic: str, types: Collection[str], watched: Watched) -> tuple[str, ...]:
    """The patterns of the largest such kinds, those with most keys first.

    Args:
        kinds: those with most keys first.
        types: which keys the topic shows; empty if known frameworks write keys of several types for it.
        watched: what any topic shows is left out.
    """
    types = types or {one.type for one in layouts() if one.topic == topic}
    found: list[str] = []
    for pattern, kind in kinds:
        if len(found) == MOST:
            break
        is_readable = kind.sampled and not kind.refused and not kind.claims
        if (
            is_readable
            and "*" in pattern.glob
            and pattern.glob.strip("*")
            and all(name in types for name, _ in kind.types)
        ):
            found += [] if watched(pattern.keys[:COMPARED], kind.types[0][0]) else [pattern.glob]
    return tuple(found)
