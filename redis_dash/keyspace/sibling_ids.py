"""Whether a word looks like the ids that stand at its place in other names.

One id of many may lack what shows that it is one: it has no digit, or ends in ``-``. It has their length and letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from redis_dash.core.id_parts import is_generated
from redis_dash.keyspace.key_shape import STRONG, VARIABLE

SEVERAL = 8
"""Fewer ids show neither a length nor letters."""
COMPARED = 256
"""Ids that are looked at."""
SHORTEST = 6
"""Letters of a word that may be an id."""
USUAL = 0.1
"""So many of the ids have the length of the word."""
LIKELY = 0.1
"""So many ids would be of a natural word's letters by chance: ``homepage`` is none of few ids with many digits."""

_SEPARATORS = re.compile(b"[%b]" % re.escape(STRONG))
_ID = re.compile(rb"[\w+=~-]{%d,}" % SHORTEST)
_CLASSES = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    b"0" * 10 + b"A" * 6 + b"G" * 20 + b"a" * 6 + b"g" * 20,
)
"""Hexadecimal digits are told from other letters; every other character stays itself."""


class Place(NamedTuple):
    """A place in the names of one shape."""

    shape: bytes
    at: int
    keys: int
    names: Iterable[bytes]

    def words(self) -> Iterator[bytes]:
        """What the names have from this place on, up to the next strong separator."""
        before = self.shape[: self.at]
        piece = len(_SEPARATORS.findall(before))
        number = len(_SEPARATORS.findall(self.shape))
        begin = before[max(before.rfind(separator) for separator in STRONG) + 1 :]
        if VARIABLE in begin:
            return
        for name in self.names:
            pieces = _SEPARATORS.split(name)
            if len(pieces) == number + 1:  # otherwise a variable part has separators
                yield pieces[piece][len(begin) :]


class SiblingIds:
    """The ids at one place."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._lengths = Counter[int]()
        self._letters = Counter[int]()
        self._number = 0
        looked_at = 0
        for place in places:
            self._number += place.keys
            for word in place.words():
                if looked_at >= COMPARED:
                    break
                looked_at += 1
                if _ID.fullmatch(word):
                    self._lengths[len(word)] += 1
                    self._letters.update(word.translate(_CLASSES))

    def hold(self, places: Iterable[Place]) -> bool:
        """Whether all words at these places look like the ids."""
        if self._number < SEVERAL:
            return False
        words = [list(place.words()) for place in places]
        return all(of_place and all(map(self._has, of_place)) for of_place in words)

    def _has(self, word: bytes) -> bool:
        known = sum(self._lengths.values())
        alike = self._lengths[len(word)] / known if known else 0.0
        if alike < USUAL or not _ID.fullmatch(word):
            return False
        letters = set(word.translate(_CLASSES))
        if not letters <= self._letters.keys():
            return False
        if is_generated(word.decode("ascii", "replace")):
            return True
        share = sum(self._letters[letter] for letter in letters) / self._letters.total()
        return self._number * alike * share ** len(word) >= LIKELY
