"""What the dashboard's process holds: memory, tasks, connections, files, threads."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import NamedTuple

import psutil

MOST_GROWTH_MB = 12.0
"""Memory of a process that allocates much goes up and down by some megabytes."""


class Usage(NamedTuple):
    """One measurement."""

    memory_mb: float
    tasks: int
    connections: int
    files: int
    threads: int

    @classmethod
    def now(cls) -> Usage:
        """Measure; to be called in the event loop."""
        gc.collect()
        process = psutil.Process()
        return cls(
            process.memory_info().rss / 2**20,
            len(asyncio.all_tasks()),
            sum(one.status == psutil.CONN_ESTABLISHED for one in process.net_connections("tcp")),
            process.num_fds(),
            process.num_threads(),
        )

    def grown(self, before: Usage, most_mb: float = MOST_GROWTH_MB) -> list[str]:
        """What has grown since; memory if it has by more than ``most_mb``."""
        found = []
        if self.memory_mb > before.memory_mb + most_mb:
            found.append(f"memory from {before.memory_mb:.0f} to {self.memory_mb:.0f} MB")
        for name in ("tasks", "connections", "files", "threads"):
            now, then = getattr(self, name), getattr(before, name)
            if now > then:
                found.append(f"{name} from {then} to {now}")
        return found

    def told(self) -> str:
        """One line."""
        return (
            f"{self.memory_mb:.0f} MB, {self.tasks} tasks, {self.connections} connections, {self.files} files, "
            f"{self.threads} threads"
        )


def most(measured: Sequence[Usage]) -> Usage:
    """The highest value of each."""
    return Usage(*map(max, zip(*measured, strict=True)))


def least(measured: Sequence[Usage]) -> Usage:
    """The lowest value of each."""
    return Usage(*map(min, zip(*measured, strict=True)))
