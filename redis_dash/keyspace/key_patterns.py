"""Which kinds of keys there are, learned from the names that the shared SCAN returns.

To look at a name in Python takes some microseconds; at full speed the scan has half a microsecond for each key.
Therefore only a random sample of a large database is looked at: all keys of the first slices, then a share of each
slice. A sampled pass gives estimates, also when it is complete; their intervals come from the number of sampled keys.
If all keys of a pass were looked at, they are counted. To count one pattern in a large database, declare a key group.
"""

from __future__ import annotations

import heapq
import math
import random
import re
import time
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from redis_dash.core.certainty import Count, at_least, counted, estimated, unknown
from redis_dash.core.globs import Glob, decoded, escaped
from redis_dash.keyspace.estimate import interval
from redis_dash.keyspace.key_shape import VARIABLE, shape_of
from redis_dash.keyspace.pattern_tree import PatternTree, Shape
from redis_dash.keyspace.rare_keys import RareKeys

FIRST = 8192
"""All keys of the first slices are looked at, up to so many."""
MOST = 20_480
"""Keys that are looked at in one pass at most."""
SHARE = 1 / 64
"""Share of the keys that are looked at after the first, if the server does not tell how many there are."""
GROWN = 1.1
"""Patterns are learned again when the sample has grown by this factor."""
LONGEST_NAME, MOST_NAMES = 1024, 4_000_000
"""Names that are longer are not kept, and no more bytes of names than this."""
NAMES, RECOGNISED_BY = 4096, 32
"""Names that are kept of each pattern, and those of them by which it is recognised."""
LONGEST_BEGIN = 128
"""Bytes that are kept of the common beginning of keys."""
OTHERS = "*"
"""The pattern of the keys that are in no other."""
FEWEST_ALIKE = 8
"""So many keys must begin with the same letters before a variable part: ``cache`` and 32 random characters."""

_VARIABLES = re.compile(b"%b+" % re.escape(VARIABLE))
_LETTERS = re.compile(rb"[A-Za-z]{2,}")


class FoundPattern(msgspec.Struct, frozen=True):
    """One kind of keys."""

    glob: str
    """The names. A key may match several globs and is counted in one pattern, that with most fixed parts."""
    count: Count
    keys: tuple[bytes, ...]
    """Some of its keys, drawn at random; names of more than ``LONGEST_NAME`` bytes are left out."""


class PassResult(NamedTuple):
    """What a pass has found."""

    found: Sequence[FoundPattern] = ()
    size: int = 0
    """Keys in the database; 0 if the server does not tell."""
    seen: int = 0
    """Keys that the scan has returned."""
    looked_at: int = 0
    """Those of them whose names were looked at."""
    ended_at: float = 0.0
    """Unix epoch seconds; 0 while it runs."""
    unseen: int = 0
    """Keys that the server counted and a complete pass has not returned: expired ones, and those that came too late."""
    gone: int = 0
    """Keys by which there were fewer at some time: so many of those that a complete pass has returned may be gone."""


class KeyNames(NamedTuple):
    """Names of keys of one pattern, in random order."""

    keys: tuple[bytes, ...]
    is_random: bool
    """Whether they are a random sample of all its keys: no name was too long to be kept."""


class KeyPatterns:
    """The patterns of the keys of one database."""

    def __init__(
        self, floor: float = 0.0005, most: int = 2000, sampled: int = NAMES, rng: random.Random | None = None
    ) -> None:
        """Know no patterns yet.

        Args:
            floor: share of the keys from which on a pattern is found; below it may be among ``OTHERS``.
            most: patterns that are told at most.
            sampled: names that are kept of each pattern.
        """
        self.seen = 0
        """Keys that the pass has returned so far."""
        self.passes = 0
        """Complete passes so far."""
        self.looked_at = 0
        """Those of them that were looked at: every figure comes from these."""
        self.beginnings = RareKeys()
        """Some keys of kinds that the sample may miss."""
        self._most, self._sampled = most, sampled
        self._quota = max(MOST, math.ceil(10 / floor)) if floor else MOST
        self._random = rng or random.Random()
        self._tree = PatternTree(floor, most)
        self._shapes: dict[bytes, Shape] = {}
        self._names_bytes = 0
        self._size = self._least = self._greatest = 0
        """Keys in the database: at the latest slice, and the extremes of the pass."""
        self._ended_at = 0.0
        self._found: tuple[FoundPattern, ...] = ()
        self._groups: dict[str, Sequence[Shape]] = {}
        """The shapes of each of them."""
        self._learned_from = -1
        """How many keys had been looked at when ``_found`` was made."""
        self.last = PassResult()
        """The last complete pass before the one that runs, or ran last."""

    # -- a pass ------------------------------------------------------------------------------------------------------

    is_cluster = False  # whether the keys are those of a cluster

    def begin(self) -> None:
        """Begin a pass: the counts start again, and the patterns stay."""
        if self._ended_at:
            self.last = self.result
        self._shapes, self._names_bytes = {}, 0
        self.beginnings.begin()
        self.seen = self.looked_at = self._size = self._least = self._greatest = 0
        self._ended_at, self._learned_from = 0.0, -1

    def add(self, keys: Sequence[bytes], size: int) -> None:
        """Add one slice of a database with ``size`` keys; 0 if the server does not tell."""
        self._least = size if not self.seen else min(self._least, size)
        self._greatest, self._size = max(self._greatest, size), size
        self._look_at(self._some(keys))
        self._note_rare(self.beginnings.add(keys))
        self.seen += len(keys)

    def end(self) -> None:
        """End a complete pass."""
        self._ended_at, self._learned_from = time.time(), -1
        self.passes += 1

    def _some(self, keys: Sequence[bytes]) -> Iterable[bytes]:
        """The keys of a slice that are looked at."""
        left, length = self._quota - self.looked_at, len(keys)
        first = min(length, max(0, FIRST - self.looked_at))
        if length == first:
            return keys
        coming = max(self._size - self.seen, length)
        share = min(1.0, left / coming) if self._size else SHARE
        number = min(left, length, first + int((length - first) * share + self._random.random()))
        return keys if number == length else self._random.sample(keys, number)

    def _look_at(self, keys: Iterable[bytes]) -> None:
        shapes, draw_number, most = self._shapes, self._random.random, self._sampled
        for key in keys:
            self.looked_at += 1
            name = shape_of(key)
            shape = shapes.get(name)
            if shape is None:
                shape = shapes[name] = Shape(name, key if len(key) <= LONGEST_BEGIN else key[:LONGEST_BEGIN])
            elif not key.startswith(shape.begin):
                shape.begin = _common(key, shape.begin)
            shape.count += 1
            draw = draw_number()
            if shape.count <= most or (shape.names and draw > shape.names[0][0]):
                self._keep(shape, draw, key)

    def _note_rare(self, keys: Iterable[bytes]) -> None:
        """Note keys that the sample may miss: their kinds are found, and have at least so many keys."""
        for key in keys:
            shape = self._shapes.get(name := shape_of(key))
            if shape is None:
                shape = self._shapes[name] = Shape(name, key[:LONGEST_BEGIN])
            if shape.rare is None:
                shape.rare = []
            shape.rare.append(key)

    def _keep(self, shape: Shape, draw: float, key: bytes) -> None:
        """Keep the name of a key with this random number, if it is among the highest."""
        names = shape.names
        if len(key) > LONGEST_NAME:
            shape.has_long = True
            return
        if names is None:
            names = shape.names = []
        if len(names) >= self._sampled:
            self._names_bytes += len(key) - len(heapq.heapreplace(names, (draw, key))[1])
        elif self._names_bytes < MOST_NAMES:
            self._names_bytes += len(key)
            heapq.heappush(names, (draw, key))

    # -- what is known -----------------------------------------------------------------------------------------------

    @property
    def shapes(self) -> Collection[bytes]:
        """The shapes of all names that were looked at in this pass."""
        return self._shapes.keys()

    @property
    def result(self) -> PassResult:
        """What the latest pass has found so far."""
        missed = self._missed if self._is_whole else (0, 0)
        return PassResult(self.found, self._size, self.seen, self.looked_at, self._ended_at, *missed)

    @property
    def _is_whole(self) -> bool:
        """Whether the pass is complete, and all names were looked at: then keys are counted."""
        return self._ended_at > 0 and self.looked_at == self.seen

    @property
    def _is_size_told(self) -> bool:
        return self._greatest > 0 or not self.seen

    @property
    def _missed(self) -> tuple[int, int]:
        """Keys that were not seen, and that may be gone; none if the server does not tell how many there are."""
        return max(0, self._greatest - self.seen), max(0, self.seen - self._least) if self._is_size_told else 0

    @property
    def found(self) -> Sequence[FoundPattern]:
        """The patterns, those with most keys first; each key that was looked at is counted in one of them.

        While a pass runs it is of the moment when the sample was last a tenth smaller, at most: to learn takes some
        milliseconds, and a second if each key is of another kind.
        """
        if self._learned_from < 0 or self.looked_at >= GROWN * self._learned_from + (self._learned_from == 0):
            self._found, self._learned_from = self._learn(), self.looked_at
        return self._found

    def vary(self, beginnings: Iterable[bytes]) -> bool:
        """Take the words that follow these beginnings as variable from now on; returns whether that is new."""
        is_new = [self._tree.vary(beginning) for beginning in beginnings]
        if any(is_new):
            self._learned_from = -1
        return any(is_new)

    def _learn(self) -> tuple[FoundPattern, ...]:
        share = min(1.0, self.looked_at / max(1, self._size, self.seen))
        groups: dict[str, list[Shape]] = {}
        for pattern, shapes in self._tree.group(self._shapes.values(), share).items():
            groups.setdefault(_glob(pattern, shapes), []).extend(shapes)
        ranked = sorted(groups.items(), key=_rank)
        if len(ranked) > self._most:
            rest = [shape for _, shapes in ranked[self._most - 1 :] for shape in shapes]
            kept = dict(ranked[: self._most - 1])
            kept.setdefault(OTHERS, []).extend(rest)
            ranked = sorted(kept.items(), key=_rank)
        self._groups = dict(ranked)
        found = [self._pattern(glob, shapes, min(RECOGNISED_BY, self._sampled)) for glob, shapes in ranked]
        if not self._ended_at:
            gone = (one for one in self.last.found if one.glob not in groups)
            found += [
                msgspec.structs.replace(one, count=_unseen(self._count(0), one))
                for one in islice(gone, max(0, self._most - len(found)))
            ]
        return tuple(found)

    def _pattern(self, glob: str, shapes: Sequence[Shape], most: int) -> FoundPattern:
        rare = [key for shape in shapes for key in shape.rare or ()]
        found, names = _sum(shapes), _names(shapes, most) or tuple(rare[:most])
        count = self._count(found, len(rare))
        if Glob.of(glob).is_literal:  # its key was seen in this pass
            count = msgspec.structs.replace(count, value=1, low=1, high=1)
        return FoundPattern(glob, count, names)

    def _count(self, found: int, rare: int = 0) -> Count:
        if not self.looked_at:
            return unknown(self._size or None)
        if self._is_whole:  # all that were not seen, or are gone, may be of this pattern
            unseen, gone = self._missed if self._is_size_told else (None, found)
            return counted(found, found - gone, None if unseen is None else found + unseen, self._ended_at)
        return self._estimate(found, rare)

    def _estimate(self, found: int, rare: int) -> Count:
        if not self._size and not self._ended_at:
            low = max(rare, interval(found, self.looked_at, max(self.seen, 1))[0])
            return at_least(low, None, coverage=0.0)
        size = self._size or self.seen
        sampled, is_still = min(self.looked_at, size), self._least == self._greatest
        found = min(found, sampled) if self.looked_at <= size else round(found * sampled / self.looked_at)
        low, high = interval(found, max(1, sampled), size, whole=is_still)
        if self.is_cluster and not self._ended_at:  # all keys of a hash tag are seen together, or not at all
            low, high = found, size - sampled + found
        low, high = max(low, rare), max(high, rare)
        if not is_still:
            spread = min(1.0, (self._greatest - self._least) / max(1, size))
            low = max(0, math.floor(low * (1 - spread)) - max(0, self._greatest - size))
            high = min(size, math.ceil(high * (1 + spread)) + max(0, size - self._least))
        return estimated(round(found / max(1, sampled) * size), low, high, min(0.999, sampled / max(1, size)))

    def names(self, glob: str) -> KeyNames:
        """The names that are kept of a pattern of ``found``."""
        shapes = self._groups.get(glob, ())
        names = _names(shapes, self._sampled)
        if not names:
            rare = tuple(key for shape in shapes for key in shape.rare or ())
            return KeyNames(rare, is_random=Glob.of(glob).is_literal)  # then it is the only one
        return KeyNames(names, not any(shape.has_long for shape in shapes))


def _unseen(count: Count, pattern: FoundPattern) -> Count:
    """The count of a pattern of which the running pass has seen no key so far."""
    is_one = Glob.of(pattern.glob).is_literal and count.high is not None
    return msgspec.structs.replace(count, high=min(1, count.high or 0)) if is_one else count


def _names(shapes: Sequence[Shape], most: int) -> tuple[bytes, ...]:
    """The names with the highest random numbers."""
    drawn = [name for shape in shapes for name in shape.names or ()]
    # To sort all is much faster than ``nlargest``, unless few are asked for.
    highest = sorted(drawn, reverse=True)[:most] if most >= len(drawn) // 4 else heapq.nlargest(most, drawn)
    return tuple(key for _, key in highest)


def _sum(shapes: Sequence[Shape]) -> int:
    return sum(shape.count for shape in shapes)


def _rank(pattern: tuple[str, Sequence[Shape]]) -> tuple[int, bool, str]:
    """Most keys first; single keys after patterns."""
    glob, shapes = pattern
    return -_sum(shapes), "*" not in glob, glob


def _glob(pattern: bytes, shapes: Sequence[Shape]) -> str:
    """The glob of a pattern, with the letters in front of its first variable part that all of its keys have."""
    before, variable, after = pattern.partition(VARIABLE)
    if variable and _sum(shapes) >= FEWEST_ALIKE:
        begins = [shape.begin for shape in shapes]
        begin = _common(min(begins), max(begins))[len(before) :]
        if letters := _LETTERS.match(begin):
            before += letters[0]
    return "*".join(escaped(decoded(run)) for run in _VARIABLES.split(before + variable + after))


def _common(one: bytes, other: bytes) -> bytes:
    """The bytes with which both begin."""
    differ = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return one[: next(differ, min(len(one), len(other)))]
