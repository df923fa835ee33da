"""A set that something can be drawn from at random, in a known order: a ``set`` has none."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Adding, removing and drawing take constant time."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._places: dict[T, int] = {}

    def add(self, item: T) -> None:
        """Put it in, unless it is there."""
        if item not in self._places:
            self._places[item] = len(self._items)
            self._items.append(item)

    def discard(self, item: T) -> None:
        """Take it out, if it is there; the last one takes its place."""
        place = self._places.pop(item, None)
        if place is not None:
            last = self._items.pop()
            if place < len(self._items):
                self._items[place] = last
                self._places[last] = place

    def draw(self, rng: random.Random) -> T | None:
        """One of them, which stays in; None of none."""
        return self._items[rng.randrange(len(self._items))] if self._items else None

    def clear(self) -> None:
        """Take all out."""
        self._items.clear()
        self._places.clear()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items))

    def __contains__(self, item: T) -> bool:
        return item in self._places
