"""Injects faults side by side, and looks for what is left over."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tests.reliability import of_links, of_names, of_servers
from tests.reliability.faults import Fault
from tests.reliability.judge import Outcome, judge

FAULTS: list[Fault] = [*of_links.FAULTS, *of_servers.FAULTS, *of_names.FAULTS]


LOOKS, LOOK_EVERY_S = 40, 0.025


class Run(NamedTuple):
    """The outcomes, and what was left over."""

    outcomes: list[Outcome]
    left: list[str]
    """Tasks and files that were not there before."""

    @property
    def wrong(self) -> list[str]:
        """All that must not be, in words."""
        return [*(f"{outcome.fault.name}: {text}" for outcome in self.outcomes for text in outcome.wrong), *self.left]


class _Meeting:
    """Lets a number of tasks go on at the same time, and looks meanwhile at what runs."""

    def __init__(self, number: int) -> None:
        self.looks: list[Counter[str]] = []
        """How often each coroutine of redis-dash ran at each look: some last only as long as a reading."""
        self._left = number
        self._all_here = asyncio.Event()

    async def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            for _ in range(LOOKS):
                self.looks.append(running())
                await asyncio.sleep(LOOK_EVERY_S)
            self._all_here.set()
        await self._all_here.wait()


def running() -> Counter[str]:
    """The tasks of redis-dash, by their coroutines."""
    codes = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
    return Counter(code.co_qualname for code in codes if code is not None and "/redis_dash/" in code.co_filename)


def left_over(before: Sequence[Counter[str]], after: Sequence[Counter[str]], hubs: int) -> list[str]:
    """The coroutines that always run more often than ever before; what lasts a moment runs in some hub at any time."""
    names = set().union(*after)
    least = {name: min(look[name] for look in after) for name in names}
    most = {name: max(look[name] for look in before) for name in names}
    return [
        f"{least[name]} tasks {name} are left, {most[name]} were there"
        for name in sorted(names)
        if least[name] > max(most[name], hubs // 2)
    ]


def files() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


async def run(faults: Sequence[Fault]) -> Run:
    """Inject all faults at the same time, each into a hub of its own."""
    ready, calm, before = _Meeting(len(faults)), _Meeting(len(faults)), files()
    with of_names.resolved():
        outcomes = await asyncio.gather(*(judge(fault, ready, calm) for fault in faults))
    await asyncio.sleep(0)
    left = left_over(ready.looks, calm.looks, len(faults))
    if (after := files()) > before:
        left.append(f"{after} open files are left, {before} were there")
    return Run(outcomes, left)
