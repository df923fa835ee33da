"""Title, edge and tab of the rate limits do not contradict each other."""

from __future__ import annotations

import time

import msgspec
import pytest

from redis_dash.core.certainty import at_least, counted
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, tap

_WHOLE = fakes.rate_limits(*(fakes.limit(f"203.0.113.{number}", 100) for number in range(9)))


@pytest.mark.parametrize(
    "changes",
    [{"unjudged": 3}, {"blocked": at_least(9), "near": at_least(0)}],
)
async def test_what_is_exact_is_named_where_the_blocked_ones_are_not(changes: dict[str, object]) -> None:
    frame: RateLimitsFrame = msgspec.structs.replace(_WHOLE, **changes)
    feed = FakeFeed(*fakes.everything())
    feed.put(fakes.ok("rate_limits", frame, coverage=1.0))
    async with running(feed, (80, 24)) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "9+ blocked", "clients exact", "!9+")


_UNLIMITED = fakes.rate_limits(fakes.limit("203.0.113.1", 90, None))


@pytest.mark.parametrize(
    ("frame", "title"),
    [(_WHOLE, "9 blocked"), (msgspec.structs.replace(_UNLIMITED, unjudged=1), "limit not known")],
)
async def test_where_nothing_in_the_title_is_vague_no_thing_is_named(frame: RateLimitsFrame, title: str) -> None:
    feed = FakeFeed(*fakes.everything())
    feed.put(fakes.ok("rate_limits", frame, coverage=1.0))
    async with running(feed, (80, 24)) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, title, "─ exact ─")
        assert "clients exact" not in screen_text(app)


async def test_blocked_clients_beside_many_that_may_have_come_are_a_lower_bound() -> None:
    """Each of those that may have come may be blocked: ``9–491`` would read like an estimate."""
    now = time.time()
    some = counted(9, 9, 491, now - 40)
    feed = FakeFeed(*fakes.everything())
    feed.put(fakes.ok("rate_limits", msgspec.structs.replace(_WHOLE, blocked=some, near=some), coverage=1.0))
    async with running(feed, (80, 24)) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "9+ blocked", "9+ near", "!9+")
        assert "491" not in screen_text(app)
