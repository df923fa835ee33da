"""When a hit rate has fallen, and until when."""

from __future__ import annotations

import pytest

from redis_dash.core.frames.cache import FALL_IS_NEWS_S
from redis_dash.sources.falling_rate import FallingRate


@pytest.mark.parametrize(
    ("usual", "now", "lookups", "fallen"),
    [
        (0.9, 0.5, 100, True),
        (0.9, 0.5, 10, None),
        (0.9, 0.8, 100, False),
        (0.55, 0.5, 100, False),
        (None, 0.5, 100, None),
        (0.9, None, 100, None),
        (0.75, 35 / 60, 60, False),  # at 60 lookups a second a rate of 75 % is seen as 58 % now and then
        (0.75, 35 / 60, 6000, True),
    ],
)
def test_a_fall_is_no_chance(usual: float | None, now: float | None, lookups: int, fallen: bool | None) -> None:
    assert FallingRate().judge(usual, now, lookups, 0.0) is fallen


def test_it_lasts_until_half_of_it_is_made_up() -> None:
    fall = FallingRate()
    assert fall.judge(0.9, 0.7, 1000, 0.0)
    for usual in (0.8, 0.7, None):  # the usual rate may be the fallen one by now
        assert fall.judge(usual, 0.7, 1000, 0.0)
        assert fall.judge(usual, 0.8, 1000, 0.0), "it does not come and go near its border"
    assert fall.judge(0.7, None, 0, 0.0) is None
    assert fall.judge(0.7, 0.7, 1000, 0.0), "a quiet time does not end it"
    assert fall.judge(0.7, 0.83, 1000, 0.0) is False
    assert fall.judge(0.83, 0.8, 1000, 0.0) is False


def test_a_fall_is_news_for_some_minutes_and_the_usual_rate_then() -> None:
    fall = FallingRate()
    assert fall.judge(0.9, 0.7, 1000, 10.0)
    assert fall.judge(0.9, 0.7, 1000, 9.9 + FALL_IS_NEWS_S)
    assert (fall.lasts, fall.is_usual) == (True, False)
    assert fall.judge(0.9, 0.7, 1000, 10.0 + FALL_IS_NEWS_S) is False
    assert (fall.lasts, fall.is_usual) == (False, True), "what is usual has to be learned from the readings of the fall"
    assert fall.judge(0.7, 0.7, 1000, 11.0 + FALL_IS_NEWS_S) is False
    assert (fall.lasts, fall.is_usual) == (False, False)
    assert fall.judge(0.7, 0.5, 1000, 12.0 + FALL_IS_NEWS_S), "a second fall is news again"
    assert fall.judge(0.7, 0.5, 1000, 13.0 + FALL_IS_NEWS_S)


def test_after_a_short_fall_the_next_one_is_news_from_its_own_beginning() -> None:
    fall = FallingRate()
    assert fall.judge(0.9, 0.5, 1000, 0.0)
    assert fall.judge(0.9, 0.9, 1000, 1.0) is False
    assert fall.judge(0.9, 0.5, 1000, FALL_IS_NEWS_S)
    assert fall.judge(0.9, 0.5, 1000, 2 * FALL_IS_NEWS_S - 1)
