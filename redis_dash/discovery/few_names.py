"""Where few keys differ only by a name: ``user_sessions:alice``, ``user_sessions:bob``.

By their names alone they could be few kinds of one key each, such as ``config:homepage``. Their values tell: many sets,
lists, hashes or sorted sets of the same type are one for each user, or the like.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from redis_dash.core.globs import encoded
from redis_dash.discovery.kinds import KindOfKeys
from redis_dash.keyspace.key_patterns import FoundPattern
from redis_dash.keyspace.key_shape import STRONG

MANY = 8
"""So many keys that differ only by a name are one kind."""
_Form = tuple[tuple[str, ...], frozenset[str]]
"""The types of its keys, and what they were recognised as."""
_COLLECTIONS = {"set", "list", "hash", "zset"}


def where_names_vary(found: Iterable[FoundPattern], sample_of: Callable[[str], KindOfKeys | None]) -> list[bytes]:
    """The beginnings of keys after which names vary: ``user_sessions:``.

    Args:
        sample_of: what a sample of a pattern's keys shows.
    """
    single: dict[bytes, list[KindOfKeys | None]] = defaultdict(list)
    deeper: set[bytes] = set()
    """Beginnings after which there are further words: to join them, too, would hide what they are."""
    for pattern in found:
        fixed = encoded(pattern.glob.partition("*")[0])
        beginning = fixed[: _end(fixed)]
        if beginning and "*" not in pattern.glob:
            single[beginning].append(sample_of(pattern.glob))
        while beginning:
            beginning = beginning[: _end(beginning[:-1])]
            deeper.add(beginning)
    return [
        beginning
        for beginning, kinds in single.items()
        if len(kinds) >= MANY and beginning not in deeper and _are_alike(kinds)
    ]


def _end(name: bytes) -> int:
    """Where the last part of a name begins."""
    return max(name.rfind(separator) for separator in STRONG) + 1


def _are_alike(kinds: Iterable[KindOfKeys | None]) -> bool:
    """Whether all were read, and are collections of one type that are recognised as the same, or as nothing."""
    forms: set[_Form | None] = {
        None
        if kind is None
        else (tuple(name for name, _ in kind.types), frozenset(claim.layout.name for claim in kind.claims))
        for kind in kinds
    }
    form = forms.pop()
    return not forms and form is not None and len(form[0]) == 1 and form[0][0] in _COLLECTIONS
