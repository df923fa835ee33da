"""A set with reproducible random choice: the order of a ``set`` is not defined."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """A set in which adding, removing and random choice take constant time."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._places: dict[T, int] = {}

    def add(self, item: T) -> None:
        """Add an item."""
        if item not in self._places:
            self._places[item] = len(self._items)
            self._items.append(item)

    def discard(self, item: T) -> None:
        """Remove an item, if it is there; the last item takes its place."""
        place = self._places.pop(item, None)
        if place is not None:
            last = self._items.pop()
            if place < len(self._items):
                self._items[place] = last
                self._places[last] = place

    def draw(self, rng: random.Random) -> T | None:
        """A random item, which is not removed; None if the pool is empty."""
        return self._items[rng.randrange(len(self._items))] if self._items else None

    def clear(self) -> None:
        """Remove all items."""
        self._items.clear()
        self._places.clear()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items))

    def __contains__(self, item: T) -> bool:
        return item in self._places
