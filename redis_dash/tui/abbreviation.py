"""Abbreviates names that share a column: what a name shares with others goes, what differs stays."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from redis_dash.tui.segments import measure
from redis_dash.tui.text import Plain, crop, crop_middle

Cut = Callable[[Plain, int], Plain]
"""Shortens a text to a width."""
_MOST = 500
"""After this many different names a column learns no more."""
_SEPARATORS = ".:_-/ @"
_LEAST_SHARED = 4
_LEAST_HEAD = 3
"""Cells that the beginning of a name takes at least, if what differs fits as a whole."""
_MOST_CUT = 2000
"""After this many cut names of one width a column begins anew."""


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


class DistinctCuts:
    """``slowitem…example`` and ``slowi…3@lim.example``: two names of a column do not look the same after cutting.

    What a name has become stays, whichever other names come and go.
    """

    def __init__(self) -> None:
        self._cuts: dict[tuple[int, str], Plain] = {}
        self._names: dict[tuple[int, str], list[Plain]] = {}
        """By width and cut form: the names that are, or would be, cut to it."""

    def learn(self, names: Iterable[tuple[Plain, Cut]], width: int) -> None:
        """Choose the forms of names that are shown together for the first time, with how each is usually cut."""
        new = [
            (name, cut) for name, cut in dict(names).items() if (width, name) not in self._cuts and _cells(name) > width
        ]
        if not new:
            return
        if len(self._cuts) > _MOST_CUT:
            self._cuts, self._names = {}, {}
        usual = {name: cut(name, width) for name, cut in new}
        of = Counter(usual.values())
        for name, cut in usual.items():
            self._names.setdefault((width, cut), []).append(name)
        for name, cut in usual.items():
            if of[cut] == len(self._names[width, cut]) == 1:
                self._cuts[width, name] = cut
        for name in usual:
            if (width, name) not in self._cuts:
                self._cuts[width, name] = form = self._distinct(name, usual[name], width)
                self._names.setdefault((width, form), []).append(name)

    def fit(self, name: Plain, width: int, cut: Cut = crop_middle) -> Plain:
        """The name in at most ``width`` cells."""
        if _cells(name) <= width:
            return name
        self.learn([(name, cut)], width)
        return self._cuts[width, name]

    def _distinct(self, name: Plain, cut: Plain, width: int) -> Plain:
        """A form that no other name has; the usual one if there is none."""
        if width < 2:
            return cut
        rivals = [other for other in self._names[width, cut] if other != name]
        forms = (form for form in _forms(name, rivals, width) if not self._names.get((width, form)))
        return next(forms, cut)


def _forms(name: Plain, rivals: Iterable[Plain], width: int) -> Iterator[Plain]:
    """Forms that show where the name differs from one of these, the most similar first."""
    for place in sorted({_shared(name, other) for other in rivals}, reverse=True):
        own = Plain(name[place:])
        left = width - _cells(own)
        head = left if left >= _LEAST_HEAD else width // 3
        if head >= 2:
            shown = crop(Plain(name[:place]), head)
            yield Plain(shown + crop(own, width - _cells(shown)))
        yield Plain("…" + crop(own, width - 1))
    yield crop(name, width)


def _cells(text: Plain) -> int:
    return measure(((text, "text"),))


def _shared(one: str, other: str) -> int:
    """How many characters both start with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (mine, its) in pairs if mine != its), min(len(one), len(other)))
