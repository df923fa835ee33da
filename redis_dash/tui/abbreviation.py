"""Abbreviates names that share a column: the part that a name shares with others goes, the part that differs stays."""

from __future__ import annotations

from bisect import bisect_left, insort

from redis_dash.tui.segments import measure
from redis_dash.tui.text import Plain, crop

_MOST = 500
"""After this many different names a column learns no more."""
_SEPARATORS = ".:_-/ @"
_LEAST_SHARED = 4


class Abbreviations:
    """``session.ended`` in ten cells is ``ses….ended``, once ``session.created`` is known."""

    def __init__(self) -> None:
        self._sorted: list[str] = []

    def learn(self, name: str) -> bool:
        """Learn a name; return whether it is new."""
        place = bisect_left(self._sorted, name)
        if self._sorted[place : place + 1] == [name] or len(self._sorted) >= _MOST:
            return False
        insort(self._sorted, name)
        return True

    def fit(self, name: Plain, width: int) -> Plain:
        """The name in at most ``width`` cells."""
        if measure(((name, "text"),)) <= width:
            return name
        place = bisect_left(self._sorted, name)
        beside = [other for other in self._sorted[max(0, place - 1) : place + 2] if other != name]
        shared = max((_shared(name, other) for other in beside), default=0)
        cut = max(name.rfind(separator, 0, shared) for separator in _SEPARATORS)
        cut = cut if cut > 0 else shared
        if cut < _LEAST_SHARED:
            return crop(name, width)
        own = Plain(name[cut:])
        left = width - measure(((own, "text"),))
        if left >= 2:
            return Plain(crop(Plain(name[:cut]), left) + own)
        return Plain("…" + crop(Plain(own.lstrip(_SEPARATORS)), width - 1)) if width > 1 else crop(name, width)


def _shared(one: str, other: str) -> int:
    """How many characters both start with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (mine, its) in pairs if mine != its), min(len(one), len(other)))
