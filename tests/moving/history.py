"""A value that is replaced now and then, each time at a moment that is known only to lie between two times."""

from __future__ import annotations

from typing import Generic, TypeVar

from tests.moving.timeline import Span

T = TypeVar("T")


class History(Generic[T]):
    """The values of one key, in their order."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[tuple[Span, T]] = []

    def record(self, span: Span, value: T) -> None:
        """It is replaced."""
        self._entries.append((span, value))

    @property
    def latest(self) -> T:
        """What it is now."""
        return self._entries[-1][1]

    def values(self, begin: float, end: float) -> list[T]:
        """What it can have been at the moments from ``begin`` to ``end``."""
        found: list[T] = []
        for span, value in reversed(self._entries):
            if span.begin <= end:
                found.append(value)
                if span.end < begin:
                    break
        return found
