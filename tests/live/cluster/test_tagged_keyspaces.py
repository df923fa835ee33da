"""The interval of a number of sessions whose hash tags are all on one primary, as a real cluster scans them."""

from __future__ import annotations

import asyncio

from tests.live.cluster.keys import Application
from tests.live.cluster.tagged_keyspaces import cases

CASES = 8


async def test_the_interval_holds_the_truth_and_is_narrow(app: Application) -> None:
    found = await asyncio.to_thread(lambda: list(cases(app.cluster, CASES, seed=3)))
    held = sum(count.holds(truth) for count, truth in found)
    widths = sorted(((count.high or 0) - count.low) / truth for count, truth in found)
    assert held >= CASES - 3, found  # 95 % of them: fewer come once in thousands of runs
    assert widths[CASES // 2] < 0.6
    assert {count.certainty for count, _ in found} <= {"estimated", "exact", "counted"}
