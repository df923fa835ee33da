"""A value that is replaced now and then; each moment of a change is known only as an interval."""

from __future__ import annotations

from typing import Generic, TypeVar

from tests.moving.timeline import Span

T = TypeVar("T")


class History(Generic[T]):
    """The values of one key, in order."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[tuple[Span, T]] = []

    def record(self, span: Span, value: T) -> None:
        """Note a new value."""
        self._entries.append((span, value))

    @property
    def latest(self) -> T:
        """The current value."""
        return self._entries[-1][1]

    def values(self, begin: float, end: float) -> list[T]:
        """The values that are possible between ``begin`` and ``end``."""
        found: list[T] = []
        for span, value in reversed(self._entries):
            if span.begin <= end:
                found.append(value)
                if span.end < begin:
                    break
        return found
