"""A queue with fast access by index; access to the middle of a ``deque`` is linear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
_TIDY_AT = 1000


class IndexedQueue(Generic[T]):
    """A first-in, first-out queue."""

    def __init__(self) -> None:
        self._items: list[T | None] = []
        self._gone = 0
        """Empty places at the start; they are removed many at a time."""

    def __len__(self) -> int:
        return len(self._items) - self._gone

    def __getitem__(self, index: int) -> T:
        """The item at an index: 0 is the oldest, -1 the latest."""
        return self._items[index + self._gone if index >= 0 else index]  # type: ignore[return-value]  # None stands only before the first item

    def since(self, index: int, most: int) -> list[T]:
        """At most ``most`` items from an index on."""
        begin = index + self._gone
        return self._items[begin : begin + most]  # type: ignore[return-value]

    def __iter__(self) -> Iterator[T]:
        """Iterate from the oldest item to the latest."""
        return iter(self.since(0, len(self)))

    def append(self, item: T) -> None:
        """Add the latest item."""
        self._items.append(item)

    def popleft(self) -> T:
        """Remove and return the oldest item."""
        item = self[0]
        self._items[self._gone] = None
        self._gone += 1
        if self._gone > _TIDY_AT and self._gone > len(self):
            del self._items[: self._gone]
            self._gone = 0
        return item
