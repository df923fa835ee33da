"""A dashboard on a demo of several servers."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from redis_dash.config import Config
from redis_dash.demo import CONFIGURATION
from redis_dash.snapshot import take
from redis_dash.sources import SOURCES
from tests.demo.deployed import play
from tests.demo.living import LivingDemo
from tests.whole.agreement import assert_equal, settled

TOPICS = [source.topic for source in SOURCES]


def config(demo: LivingDemo) -> Config:
    return Config(url=demo.redis_url, refresh_s=0.25, **CONFIGURATION)


async def at_rest(demo: LivingDemo) -> dict[str, Any]:
    """The truth after some traffic, when nothing happens any more."""
    play(demo, "resume")
    truth: dict[str, Any] = {}

    def is_busy() -> bool:
        truth.update(demo.truth())
        return bool(truth["exact_since"] and truth["channels"]["payments"] > 5 and truth["caches"]["llm"]["hits"] > 2)

    while not await asyncio.to_thread(is_busy):  # noqa: ASYNC110 -- it asks the demo, which takes its time
        await asyncio.sleep(0.05)
    play(demo, "pause")
    return await asyncio.to_thread(settled, demo.truth)


async def certain(demo: LivingDemo, before: float | None = None) -> dict[str, Any]:
    """The truth, when the application is certain of it: after a loss it first reads again what it had counted.

    Args:
        before: since when it was certain before a loss, which it still has to notice.
    """
    truth = demo.truth()
    while truth["exact_since"] in (None, before):
        await asyncio.sleep(0.1)  # the interval between two questions
        truth = demo.truth()
    return truth


async def assert_exact_at_rest(demo: LivingDemo) -> None:
    """A snapshot has the figures of the application, which is certain of them all the time."""
    before = await at_rest(demo)
    text, code = await take(config(demo), 2.0, TOPICS, io.StringIO())
    after = demo.truth()
    assert code == 0
    assert before["exact_since"] == after["exact_since"] is not None
    assert_equal(text, before, after)


def assert_nothing_lost(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Two truths between which nothing was written agree."""
    names = ("sessions", "caches", "leaderboard")
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
