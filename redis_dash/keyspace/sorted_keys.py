"""The keys of one SCAN by key group, with the names that somebody needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

Sort = Callable[[Sequence[bytes]], Mapping[str, Sequence[bytes]]]
"""Returns keys by key group."""
Needs = Callable[[str | None], bool]
"""Returns whether the names of a key group are needed; with None, those of all keys."""


class Unnamed(Sequence[bytes]):
    """Keys of which only the number is kept."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, place: Any) -> NoReturn:
        raise LookupError("the names of these keys are not kept")


class SortedKeys(NamedTuple):
    """The keys of one SCAN."""

    keys: Sequence[bytes]
    by_group: Mapping[str, Sequence[bytes]]
    has_tags: bool
    """Whether some may have a hash tag; then all names are kept."""


NO_KEYS = SortedKeys((), {}, has_tags=False)


def sorted_keys(keys: Sequence[bytes], sort: Sort, needs: Needs, *, has_tags: bool) -> SortedKeys:
    """The keys by group. Names that nobody needs are dropped here.

    The next reply then takes their memory, which is still in the processor's cache: ``benchmarks.scan_cluster`` with
    all names kept: 1.15 of our processor time.
    """
    by_group = sort(keys)
    if has_tags:
        return SortedKeys(keys, by_group, has_tags)
    named = {name: found if needs(name) else Unnamed(len(found)) for name, found in by_group.items()}
    return SortedKeys(keys if needs(None) else Unnamed(len(keys)), named, has_tags)
