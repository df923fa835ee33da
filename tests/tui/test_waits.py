"""The time until a limit's usage falls: in steady words, and never 0 s."""

from __future__ import annotations

import pytest

from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import WIDE, running, screen_text, shows, tap


@pytest.mark.parametrize(
    ("used", "reset", "words"),
    [
        (5, 0.2, "falling "),
        (5, 4.9, "falling "),
        (5, 5.0, "falls in 5 s "),
        (85, 0.0, "near, falling "),
        (85, 12.0, "near, falls in 12 s "),
        (85, None, "near  "),
        (100, 0.4, "blocked, <1 s "),
        (100, 1.2, "blocked, 1 s "),
        (100, 581.0, "blocked, 9 min 41 s "),
        (100, None, "blocked  "),
    ],
)
async def test_a_wait_in_words(used: int, reset: float | None, words: str) -> None:
    frame = fakes.rate_limits(fakes.limit("10.0.0.1", used, reset=reset))
    async with running(FakeFeed(fakes.ok("rate_limits", frame)), WIDE) as (app, pilot):
        await shows(app, pilot, f"{used}/100  {words}")
        assert "0 s" not in next(line for line in screen_text(app).splitlines() if "10.0.0.1" in line)
        await tap(pilot, "3", "enter")
        await shows(app, pilot, "usage falls in")
        assert " 0 s" not in "\n".join(line for line in screen_text(app).splitlines() if "falls in " in line)
