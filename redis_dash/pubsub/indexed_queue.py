"""A queue that is looked into: any place of it is reached at once, where a ``deque`` walks there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
_TIDY_AT = 1000


class IndexedQueue(Generic[T]):
    """Items leave at the start in the order in which they came."""

    def __init__(self) -> None:
        self._items: list[T | None] = []
        self._gone = 0
        """Empty places at the start: they are removed together, now and then."""

    def __len__(self) -> int:
        return len(self._items) - self._gone

    def __getitem__(self, index: int) -> T:
        """By place: 0 is the oldest, -1 the latest."""
        return self._items[index + self._gone if index >= 0 else index]  # type: ignore[return-value]  # None has left

    def since(self, index: int, most: int) -> list[T]:
        """The items from a place on, so many at most."""
        begin = index + self._gone
        return self._items[begin : begin + most]  # type: ignore[return-value]

    def __iter__(self) -> Iterator[T]:
        """The oldest first."""
        return iter(self.since(0, len(self)))

    def append(self, item: T) -> None:
        """It comes last."""
        self._items.append(item)

    def popleft(self) -> T:
        """Take the oldest."""
        item = self[0]
        self._items[self._gone] = None
        self._gone += 1
        if self._gone > _TIDY_AT and self._gone > len(self):
            del self._items[: self._gone]
            self._gone = 0
        return item
