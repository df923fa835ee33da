"""Every fault is told, recovers by itself, loses nothing in silence, and leaves nothing over."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.hub import Hub
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.tui.app import DashApp
from tests.conftest import until
from tests.live.conftest import running
from tests.live.relay import relay
from tests.reliability.of_names import CLOCK
from tests.reliability.report import COLUMNS
from tests.reliability.run import FAULTS, left_over, run
from tests.tui.helpers import MEDIUM, screen_text, tap
from tests.tui.helpers import until as until_shown

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
WITHIN_S = 5.0
"""A fault is noticed, and all is well again, within this time."""
KEY_S = 2.5
"""A key has its effect within this time, which is shorter than any time-out of a connection."""


def test_every_fault_is_told_and_recovers_and_loses_nothing_in_silence() -> None:
    found = asyncio.run(run(FAULTS))
    assert not found.wrong, "\n".join(found.wrong)
    assert all(None not in (one.noticed_s, one.said_s, one.recovered_s) for one in found.outcomes)
    assert sum(one.missed for one in found.outcomes) > 0
    assert all(one.published > 0 for one in found.outcomes)


def test_a_clock_that_jumps_is_no_age_for_long() -> None:
    assert asyncio.run(run([CLOCK])).wrong == []


def test_the_page_lists_these_faults_with_measured_times() -> None:
    first_table = re.search(r"^\| .*?\n\n", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert first_table is not None
    rows = [line.strip("| \n").split(" | ") for line in first_table[0].splitlines() if line.startswith("| ")]
    heads, rows = rows[0], rows[1:]
    assert tuple(heads) == COLUMNS
    assert [row[0] for row in rows] == [fault.name for fault in (*FAULTS, CLOCK)]
    for row, fault in zip(rows, (*FAULTS, CLOCK), strict=True):
        cells = dict(zip(heads, row, strict=True))
        assert cells["injected by"] == fault.injected
        assert re.search(fault.words, cells["what the screen says"].strip("`")), row
        assert float(cells["noticed"].removesuffix(" s")) <= WITHIN_S, row
        assert float(cells["recovered"].removesuffix(" s")) <= WITHIN_S, row


def is_current(app: DashApp, number: int) -> bool:
    return app.dashboard.current_pane.number == number


async def test_keys_work_while_the_server_is_silent(embedded_server: EmbeddedServer, redis_url: str) -> None:
    async with relay(embedded_server.port) as link:
        app = DashApp(lambda: Hub(Config(url=link.url)))
        async with app.run_test(size=MEDIUM) as pilot:
            await until_shown(pilot, lambda: "ops/s" in screen_text(app))
            link.swallows = True
            link.cut()
            while "✖ disconnected" not in screen_text(app):
                for number in (2, 3):
                    began = time.monotonic()
                    await tap(pilot, str(number))
                    await until_shown(pilot, partial(is_current, app, number))
                    assert time.monotonic() - began < KEY_S
            link.swallows = False
            await until_shown(pilot, lambda: "✖" not in screen_text(app))


async def test_a_topic_that_hangs_delays_no_other(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_source: LeaderboardsSource) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(LeaderboardsSource, "read", hang)
    async with running(Hub(Config(url=redis_url, refresh_s=0.1))) as hub:
        times: dict[str, set[float]] = {}

        def all_are_read_often() -> bool:
            for reading in hub.drain():
                times.setdefault(reading.topic, set()).add(reading.taken_at)
            return len(times) == len(hub.watch.sources) - 1 and min(map(len, times.values())) > 5

        await until(all_are_read_often)
        assert "leaderboards" not in times


def test_a_task_that_stays_is_found_and_one_of_a_moment_is_not() -> None:
    before = [Counter(keep=4, reading=2), Counter(keep=4)]
    assert left_over(before, [Counter(keep=4, reading=3), Counter(keep=4)], 4) == []
    assert left_over(before, [Counter(keep=5, reading=1), Counter(keep=5)], 4) == [
        "5 tasks keep are left, 4 were there"
    ]
