"""Finds known ids, and large parts of them, anywhere in a text of letters and digits.

Each id is indexed by a few of its substrings, its anchors. They are so close together that every part of the id that
must be hidden holds one. A text is searched by looking up its substrings, so the cost does not depend on the number of
ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LEAST = 11
"""Characters in a row that are searched; a longer id is searched by half of itself or more."""
_ANCHOR = 6
_SHARED = 8
"""An anchor of more ids than this is a part of their form, such as a date or the name of a host."""
_STRIDE = 3
"""Every third place of a text is looked up, so the anchors stand in groups of three."""
_SLICES = [slice(begin, begin + _ANCHOR) for begin in range(0, 4096, _STRIDE)]
_DISTINCTIVE = re.compile(r"(?=\d*[a-z])(?:[a-z]*\d|[a-z]{12})")
"""Letters and digits, or so many letters that they are no word; digits alone may be a time or an amount."""


class IdFragments:
    """An index of ids. All of them, and the texts, consist of lower case letters and digits."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, ...]] = {}
        """Anchor -> the ids that hold it, ``_SHARED`` and one at most."""

    def add(self, identifier: str) -> None:
        """Find this id from now on."""
        for anchor in _anchors(identifier):
            owners = self._owners.get(anchor, ())
            if len(owners) <= _SHARED and identifier not in owners:
                self._owners[anchor] = (*owners, identifier)

    def discard(self, identifier: str) -> None:
        """Find it no more."""
        for anchor in _anchors(identifier):
            if owners := tuple(owner for owner in self._owners.pop(anchor, ()) if owner != identifier):
                self._owners[anchor] = owners

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where ids or large parts of them stand: the begin and the end of each."""
        last = len(text) - _ANCHOR
        places = last // _STRIDE + 1
        if places < len(_SLICES) and self._owners.keys().isdisjoint(map(text.__getitem__, _SLICES[:places])):
            return  # nearly always; this is much faster than the loop
        at = 0
        while at <= last:
            begin, end = self._longest(text, at)
            if end:
                yield begin, end
            at = max(at + _STRIDE, end)

    def _longest(self, text: str, at: int) -> tuple[int, int]:
        """The longest part of an id with the anchor that stands here, if there is one; else (0, 0)."""
        owners = self._owners.get(anchor := text[at : at + _ANCHOR], ())
        found = [_common(text, at, owner, owner.find(anchor)) for owner in owners] if len(owners) <= _SHARED else []
        return max(found, key=lambda span: span[1] - span[0], default=(0, 0))


def _anchors(identifier: str) -> Iterator[str]:
    step = _enough(identifier) - _ANCHOR - _STRIDE + 2
    last = len(identifier) - _ANCHOR
    starts = (start for group in range(0, last + 1, step) for start in range(group, min(group + _STRIDE, last + 1)))
    return (identifier[start : start + _ANCHOR] for start in starts)


def _enough(identifier: str) -> int:
    return max(LEAST, (len(identifier) + 1) // 2)


def _common(text: str, at: int, identifier: str, place: int) -> tuple[int, int]:
    """What a text and an id have in common around these places, if it is enough to count as the id; else (0, 0)."""
    begin, end = at - place, at - place + len(identifier)
    if begin >= 0 and text.startswith(identifier, begin):  # nearly always
        return begin, end
    begin, end = at, at + _ANCHOR
    while begin and place and text[begin - 1] == identifier[place - 1]:
        begin, place = begin - 1, place - 1
    room = len(identifier) - place
    while end < len(text) and end - begin < room and text[end] == identifier[place + end - begin]:
        end += 1
    is_id = end - begin >= _enough(identifier) and _DISTINCTIVE.match(text[begin:end])
    return (begin, end) if is_id else (0, 0)
