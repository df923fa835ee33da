"""Injects faults side by side, and looks for what is left over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import NamedTuple

from tests.reliability import of_links, of_names, of_servers
from tests.reliability.faults import Fault
from tests.reliability.judge import Outcome, judge

FAULTS: list[Fault] = [*of_links.FAULTS, *of_servers.FAULTS, *of_names.FAULTS]


class Run(NamedTuple):
    """The outcomes, and what was left over."""

    outcomes: list[Outcome]
    tasks: tuple[int, int]
    """Tasks of redis-dash before and after all faults, while all hubs run."""
    files: tuple[int, int]
    """Open files before and after all hubs."""

    @property
    def wrong(self) -> list[str]:
        """All that must not be, in words."""
        lines = [f"{outcome.fault.name}: {text}" for outcome in self.outcomes for text in outcome.wrong]
        for what, (before, after) in (("tasks", self.tasks), ("files", self.files)):
            lines += [f"{after} {what} are left, {before} were there"] if after > before else []
        return lines


class _Meeting:
    """Lets a number of tasks go on at the same time."""

    def __init__(self, number: int) -> None:
        self.tasks = 0
        self._left = number
        self._all_here = asyncio.Event()

    async def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            await asyncio.sleep(0.2)
            self.tasks = tasks()
            self._all_here.set()
        await self._all_here.wait()


def tasks() -> int:
    """How many tasks of redis-dash there are."""
    codes = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
    return sum(code is not None and "/redis_dash/" in code.co_filename for code in codes)


def files() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


async def run(faults: Sequence[Fault]) -> Run:
    """Inject all faults at the same time, each into a hub of its own."""
    ready, calm, before = _Meeting(len(faults)), _Meeting(len(faults)), files()
    with of_names.resolved():
        outcomes = await asyncio.gather(*(judge(fault, ready, calm) for fault in faults))
    await asyncio.sleep(0)
    return Run(outcomes, (ready.tasks, calm.tasks), (before, files()))
