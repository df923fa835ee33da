"""Two rows with different names do not look the same where the names are cut, and keep their look."""

from __future__ import annotations

import pytest

from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.reading import AnyReading
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, tap

HEAD, TAIL = "a-very-long-beginning-of-a-name-", "-and-a-very-long-end@customers.example.com"


def of(numbers: range) -> AnyReading:
    rows: list[LimitRow] = [fakes.limit(f"{HEAD}{number}{TAIL}", 90 - number) for number in numbers]
    return fakes.ok("rate_limits", fakes.rate_limits(*rows), coverage=1.0)


def names(text: str) -> list[str]:
    return [line.split("a-very")[1].split("  ")[0] for line in text.splitlines() if "a-very" in line]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_clients_that_differ_in_the_middle_differ_on_the_screen(size: tuple[int, int]) -> None:
    feed = FakeFeed(of(range(1, 4)))
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "a-very", "89/100")
        before = names(screen_text(app))
        assert len(set(before)) == 3, before
        feed.put(of(range(6)))
        await shows(app, pilot, "90/100")
        after = names(screen_text(app))
        assert len(set(after)) == 6, after
        assert set(before) <= set(after)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_users_that_differ_at_the_end_differ_on_the_screen(size: tuple[int, int]) -> None:
    rows = [fakes.session(number, f"{HEAD * 2}{number}") for number in (1, 2)]
    async with running(FakeFeed(fakes.ok("sessions", fakes.sessions(*rows)))) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "a-very")
        assert len(set(names(screen_text(app)))) == 2
