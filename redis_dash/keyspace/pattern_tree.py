"""Decides from the shapes of many keys which of their words are fixed, and which are variable.

A word is fixed if few stand at its place (``{orders,carts}:*``), or if it has many keys. Names of users and the like
are variable: many stand at the same place, and each of them has few keys.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from redis_dash.keyspace.key_shape import STRONG, VARIABLE, WEAK, part_at, to_strong
from redis_dash.keyspace.sibling_ids import Place, SiblingIds

FEW = 20
"""So many different words at one place are fixed."""
FEW_NUMBERS, KEYS_OF_NUMBER = 8, 10
"""Numbers are fixed if so few stand at one place, and each has so many sampled keys: ``:1:``, ``/5/1/minute``."""
LIGHT = 25
"""A word with at most so many keys in the database has few keys."""
LEAST_SEEN = 4
"""Words that stand for many others which were not sampled."""
WHOLE = 0.9
"""A prefix of so many keys says nothing, as the name of the application in front of all; then kinds of keys follow."""
MOST_PARTS = 24
"""Parts of a pattern; what comes after so many is variable."""
MOST_VARIABLE = 6
"""Variable parts of a pattern; what comes after so many is variable."""
REST = 0.05
"""What follows a variable piece is fixed if so many of the ids have it: ``-lock``."""


class Shape(msgspec.Struct, eq=False):
    """Shape keys of one shape."""

    name: bytes
    begin: bytes
    """The bytes with which all of them begin."""
    count: int = 0
    names: list[tuple[float, bytes]] | None = None
    """Those with the highest random numbers: of several shapes together, the highest are again a random sample."""
    rare: list[bytes] | None = None
    """Some keys that are not of the random sample; it may have none of this shape."""
    has_long: bool = False
    """Whether a name was drawn that is too long to be kept."""


class _Item(NamedTuple):
    """A shape, and where the part of it begins that is placed next."""

    shape: Shape
    at: int


class PatternTree:
    """Groups shapes by pattern; remembers at which places words are variable."""

    def __init__(self, floor: float, most: int) -> None:
        self._floor = floor
        self._most = most
        self._least = 0.0
        """So many of the sampled keys must not be lost in a wider pattern."""
        self._variable: set[bytes] = set()
        """Patterns of the beginnings after which words are variable."""
        self._known: set[bytes] = set()
        """These, and the beginnings of these."""

    def group(self, shapes: Iterable[Shape], share: float) -> dict[bytes, list[Shape]]:
        """The shapes of each pattern; in a pattern ``VARIABLE`` stands for what varies.

        Args:
            share: how many of the database's keys were sampled, 0..1.
        """
        found: dict[bytes, list[Shape]] = {}
        items = [_Item(shape, 0) for shape in shapes]
        whole = _count(items)
        self._least = self._floor * whole
        open_ = [(b"", 0, items)]
        while open_:
            path, depth, items = open_.pop()
            if len(items) == 1 and path not in self._known:  # nothing to compare with
                shape, at = items[0]
                path, items = path + shape.name[at:], [_Item(shape, len(shape.name))]
            elif depth >= MOST_PARTS or path.count(VARIABLE) >= MOST_VARIABLE:
                path, items = path + VARIABLE, [_Item(item.shape, len(item.shape.name)) for item in items]
            if ended := [shape for shape, at in items if at >= len(shape.name)]:
                found.setdefault(path, []).extend(ended)
            going = [item for item in items if item.at < len(item.shape.name)]
            is_top = VARIABLE not in path and _count(going) >= WHOLE * whole
            for part, group in self._split(path, going, share, is_top=is_top).items():
                joined = path[:-1] + part if part[:1] == VARIABLE == path[-1:] else path + part
                open_.append((joined, depth + 1, group))
        return found

    def vary(self, path: bytes) -> bool:
        """Remember that words are variable at this place; returns whether that is new."""
        if path in self._variable or len(self._variable) >= self._most:
            return False
        self._variable.add(path)
        self._known.update(path[:end] for end in range(len(path) + 1) if not end or path[end - 1] in STRONG + WEAK)
        return True

    def _split(self, path: bytes, items: list[_Item], share: float, *, is_top: bool) -> dict[bytes, list[_Item]]:
        """The items by the next part of their pattern."""
        groups: dict[bytes, list[_Item]] = defaultdict(list)
        for item in items:
            groups[part_at(item.shape.name, item.at)].append(item)
        variable = {part for part in groups if part[:1] == VARIABLE}
        numbers = {part: _count(groups[part]) for part in groups if part[:1].isdigit() and _word(part).isdigit()}
        if not _few_numbers(numbers):
            variable |= numbers.keys()
        variable.update(_like_ids(groups, variable))
        words = {part: group for part, group in groups.items() if part not in variable and part not in numbers}
        if len(words) >= LEAST_SEEN or path in self._variable:
            variable.update(self._variable_words(path, words, share, is_top=is_top))
        kept = {
            part: [_Item(shape, at + len(part)) for shape, at in group]
            for part, group in groups.items()
            if part not in variable
        }
        rest = [item for part in groups if part in variable for item in groups[part]]
        for part, group in _starred(rest).items():
            kept.setdefault(part, []).extend(group)
        return kept

    def _variable_words(
        self, path: bytes, words: dict[bytes, list[_Item]], share: float, *, is_top: bool
    ) -> Sequence[bytes]:
        """Those words at one place that are variable."""
        counts = {part: _count(group) for part, group in words.items()}
        known = path in self._variable
        if not (known or len(words) > FEW or share < 1):
            return ()
        light = _most_of_light(list(counts.values()), share, is_top=is_top)
        few = [part for part, count in counts.items() if count <= light]
        if len(words) > FEW:
            few = list(dict.fromkeys(few + _alike(words)))
        if not known and _number_of([words[part] for part in few], [counts[part] for part in few], share) <= FEW:
            return ()
        self.vary(path)
        return few


def _count(items: Iterable[_Item]) -> int:
    return sum(item.shape.count for item in items)


def _word(part: bytes) -> bytes:
    return part[:-1] if part[-1] in STRONG or part[-1] in WEAK else part


def _few_numbers(counts: dict[bytes, int]) -> bool:
    """Whether numbers at one place are fixed."""
    if len(counts) == 1:
        return sum(counts.values()) > 1
    return len(counts) <= FEW_NUMBERS and sum(counts.values()) >= KEYS_OF_NUMBER * len(counts)


def _most_of_light(counts: list[int], share: float, *, is_top: bool) -> float:
    """How many sampled keys a word may have to be variable.

    At the top only one or two, since the words there are names of kinds.
    """
    if is_top:
        return 1 if counts.count(1) < 10 * counts.count(2) else 2  # two keys of one word: by chance
    sampled = [count for count in counts if count]
    return max(LIGHT * share, 3 + 2 * median(sampled) if sampled and share < 1 else 1)


def _alike(words: dict[bytes, list[_Item]]) -> list[bytes]:
    """Words after which the same words come as after many others: ``alice:cart``, ``bob:cart``."""
    after = {part: {part_at(shape.name, at + len(part)) for shape, at in group} for part, group in words.items()}
    often = Counter(
        follower for followers in after.values() for follower in followers if follower and _word(follower).isalpha()
    )
    common = {follower for follower, number in often.items() if number > max(FEW, len(words) / 4)}
    return [part for part, followers in after.items() if not common.isdisjoint(followers)]


def _number_of(groups: list[list[_Item]], counts: list[int], share: float) -> float:
    """How many different words there are in the database, estimated from the sampled ones."""
    sampled = [group for group, count in zip(groups, counts, strict=True) if count]
    number = len(sampled)
    if share >= 1 or number < LEAST_SEEN:
        return len(counts)
    once, twice = counts.count(1), counts.count(2)
    if once == number and all(_is_last(group[0]) for group in sampled):
        return max(len(counts), number / share)  # names of single keys
    return max(len(counts), min(number / share, number + once * (once - 1) / (2 * (twice + 1))))  # Chao's estimate


def _like_ids(groups: dict[bytes, list[_Item]], variable: set[bytes]) -> list[bytes]:
    """Words that look like the ids at the same place, or that begin such ones: an id may have no digit, or a ``-``."""
    if variable.issuperset(groups):
        return []
    ids = SiblingIds(_named(item) for part in variable for item in groups[part])
    return [part for part, group in groups.items() if part not in variable and ids.hold(map(_named, group))]


def _is_last(item: _Item) -> bool:
    """Whether nothing follows the next part."""
    return item.at + len(part_at(*_place(item))) == len(item.shape.name)


def _named(item: _Item) -> Place:
    """Where the item is, with the names that are kept of it."""
    shape, at = item
    names = [name for _, name in shape.names or ()] or shape.rare or ()
    return Place(shape.name, at, shape.count, names)


def _place(item: _Item) -> tuple[bytes, int]:
    return item.shape.name, item.at


def _starred(items: list[_Item]) -> dict[bytes, list[_Item]]:
    """Items that begin with a variable part, by the part of the pattern that stands for it.

    It reaches to the next strong separator, unless many have the same word after a weak one: ``<id>-lock``.
    """
    pieces = [(part_at(*_place(item)), to_strong(*_place(item))) for item in items]
    often = Counter[bytes]()
    for item, (part, all_parts) in zip(items, pieces, strict=True):
        often[_rest(part, all_parts)] += item.shape.count
    least = max(5.0, REST * _count(items))
    groups: dict[bytes, list[_Item]] = defaultdict(list)
    for (shape, at), (part, all_parts) in zip(items, pieces, strict=True):
        rest = _rest(part, all_parts)
        is_fixed = len(rest.strip(STRONG + WEAK + VARIABLE)) > 0 and often[rest] >= least
        taken = part if is_fixed else all_parts
        separator = taken[len(taken.rstrip(STRONG + WEAK)) :][-1:]
        if separator in WEAK and at + len(taken) == len(shape.name):
            separator = b""  # the last letter of an id
        star = part if is_fixed and part[:1] == VARIABLE else VARIABLE + separator
        groups[star].append(_Item(shape, at + len(taken)))
    return groups


def _rest(part: bytes, all_parts: bytes) -> bytes:
    """What follows a part up to the next strong separator, with what ends the part itself."""
    begin = 1 if part[:1] == VARIABLE else len(_word(part))
    return all_parts[begin:]
