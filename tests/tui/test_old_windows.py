"""A key that outlives its window, and does not say when that ends, may hold what does not count any more."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.core.certainty import at_least
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.tui.app import DashApp
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until

SIZES = (NARROW, MEDIUM, WIDE)


def row(used: int, limit: int | None) -> LimitRow:
    made = fakes.limit("2f9c41d07ab3e651", used, of=limit, reset=None)
    window_s = None if limit is None else 60.0
    return msgspec.structs.replace(made, blocked=False, window_s=window_s, may_be_over=True, resets=True)


def words(app: DashApp) -> str:
    """The words of the details, in whatever lines they stand."""
    return " ".join(screen_text(app).replace("│", " ").split())


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_limit(size: tuple[int, int]) -> None:
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(row(12, None)))), size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, " 12  window may be over")
        assert "held" not in screen_text(app)
        await tap(pilot, "enter")
        await until(pilot, lambda: "counted 12, in a window that may be over" in words(app))
        assert "usage resets in not known" in words(app)
        assert "window not in the key" in words(app)
        assert "falls in" not in screen_text(app)
        assert "unknown" not in screen_text(app)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("used", "word", "state"),
    [
        (12, "blocked, or window over", "blocked: 12 of 10 requests used in 1 min 00 s, or its window is over"),
        (9, "window may be over", "not blocked: 9 of 10 requests used in 1 min 00 s, or its window is over"),
    ],
)
async def test_with_a_limit(used: int, word: str, state: str, size: tuple[int, int]) -> None:
    frame = msgspec.structs.replace(fakes.rate_limits(row(used, 10)), blocked=at_least(0), near=at_least(0))
    async with running(FakeFeed(fakes.ok("rate_limits", frame)), size) as (app, pilot):
        await tap(pilot, "3")
        word = word.replace(", or window", " or") if size == MEDIUM else word  # its short form fits
        await shows(app, pilot, f"{used}/10  {word} ", "0+ blocked · 0+ near")
        assert "near," not in screen_text(app)
        await tap(pilot, "enter")
        await until(pilot, lambda: state in words(app))
        assert "usage resets in not known" in words(app)


async def test_every_word_is_in_the_help() -> None:
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(row(12, None)))), (120, 200)) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "window may be over", "blocked, or window over")
        assert "also written: may be over" in words(app)
        assert "may be over may be over" not in words(app), "a word beside its own short form"
