"""The details of one kind of keys: what is known of it, and of when."""

from __future__ import annotations

import time
from typing import Any

import pytest

from redis_dash.core.certainty import Count, at_least, estimated
from redis_dash.core.frames.keys import KeysFrame
from redis_dash.core.reading import Reading
from redis_dash.tui.screens.key_kinds import KeyKindsScreen
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import WIDE, running, shows, tap, until
from tests.tui.test_key_kinds import KINDS, feed_of, opened


async def test_the_details_say_why_and_how_many_were_read() -> None:
    async with running(feed_of(fakes.keys(*KINDS)), WIDE) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "enter")
        await shows(
            app,
            pilot,
            *("12,403, just counted", "23.7 % of all keys", "59.1 % of what all kinds take"),
            *("16.6 MB ± 3 %", "16 keys, mean 1.37 kB; drawn at random, and compared with what"),
            *("16 keys, drawn at random", "string 16", "all that were read; the longest had 23 h 53 min left then"),
            *("Express (connect-redis), certain", 'JSON with "cookie"', "15 of 16 keys that were read"),
            *("A store may keep a copy.", "2 Sessions: 16 of 16 names match"),
        )
        await tap(pilot, "escape", "down", "enter")
        await shows(
            app,
            pilot,
            "4 of the 16 that were read; the longest had 1 min 00 s left then; 12 never",
            "hash 15, string 1",
        )
        await shows(app, pilot, "not shown: the patterns of no pane match")
        await tap(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen))


async def test_the_details_say_of_when_their_figures_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were read at different times; and nothing is larger than what was measured, if all was."""

    def reading(_: FakeFeed) -> Reading[KeysFrame]:
        now = time.time()
        whole = fakes.kind("cart:*", 16, memory=at_least(1600), measured=16, read_at=now - 49, measured_at=now - 12)
        return fakes.keys(whole)

    monkeypatch.setattr(FakeFeed, "keys", reading)
    async with running(FakeFeed(*fakes.everything()), WIDE) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "enter")
        await shows(app, pilot, "16 keys, drawn at random, 49 s ago", "never, of those that were read")
        await shows(app, pilot, "16 keys, mean 100 B, in the last 12 s; all that were known")


@pytest.mark.parametrize(
    ("changes", "word", "why"),
    [
        ({"watched": (("sessions", 16),)}, "by pattern", "no known framework writes them, but the pattern of a pane"),
        ({}, "not recognised", "no known framework writes such keys"),
        ({"expiring_numbers": 16}, "not recognised", "no known framework writes such keys"),
    ],
)
async def test_list_and_details_call_keys_of_no_framework_the_same(
    changes: dict[str, Any], word: str, why: str
) -> None:
    async with running(feed_of(fakes.keys(fakes.kind("cart:*", 40, **changes))), WIDE) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, word)
        await tap(pilot, "enter")
        await shows(app, pilot, f"recognised as  {word}: {why}")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (estimated(1, 1, 1, 0.5), "count          1, seen by the last scan"),
        (estimated(120, 101, 174, 0.5), "count          101–174 by a sample of the names"),
        (
            estimated(12_400, 12_160, 12_640, 0.5),
            "count          12.4 k ± 2 %, from 12,160 to 12,640 by a sample of the names",
        ),
    ],
)
async def test_the_details_say_bounds_once(count: Count, text: str) -> None:
    async with running(feed_of(fakes.keys(fakes.kind("cart:*", count))), WIDE) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "enter")
        await shows(app, pilot, text)
