"""Callers in one process that want the same value at the same time share one task."""

import asyncio
from collections.abc import Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Flight(Generic[T]):
    """One task and how many callers share it, besides the one who started it."""

    task: asyncio.Task[T]
    joined: int = 0

    async def result(self) -> T:
        """Wait for the task. A caller that is cancelled does not cancel the task for the others."""
        return await asyncio.shield(self.task)


class SingleFlight(Generic[T]):
    """The tasks that run now, by key."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[T]] = {}

    def find(self, key: Hashable) -> Flight[T] | None:
        """Return the running task for a key, if there is one."""
        return self._flights.get(key)

    def start(self, key: Hashable, work: Coroutine[Any, Any, T]) -> Flight[T]:
        """Start a task that others can join until it ends or is closed."""
        flight = self._flights[key] = Flight(asyncio.create_task(work))

        def ended(task: asyncio.Task[T]) -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if not task.cancelled():
                task.exception()  # marks it as retrieved: asyncio complains otherwise if every caller was cancelled

        flight.task.add_done_callback(ended)
        return flight

    def close(self, key: Hashable) -> int:
        """Let nobody join the task of this key any more; returns how many callers have joined it."""
        flight = self._flights.pop(key, None)
        return flight.joined if flight else 0
