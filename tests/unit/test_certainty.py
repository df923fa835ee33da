"""What each kind of count claims."""

from __future__ import annotations

import pytest

from redis_dash.core.certainty import Count, at_least, counted, estimated, exact, unknown, weakest


@pytest.mark.parametrize(
    ("count", "holds", "fails"),
    [
        (exact(5), [5], [4, 6]),
        (counted(5, 3, 9, 1.0), [3, 5, 9], [2, 10]),
        (counted(5, 3, None, 1.0), [3, 10**9], [2]),
        (estimated(5, 3, 9, 0.1), [3, 9], [2, 10]),
        (at_least(5), [5, 10**9], [4]),
        (unknown(), [0, 10**9], []),
    ],
)
def test_what_a_count_claims(count: Count, holds: list[int], fails: list[int]) -> None:
    assert all(count.holds(truth) for truth in holds)
    assert not any(count.holds(truth) for truth in fails)


def test_what_is_known_to_be_there_raises_an_estimate() -> None:
    count = estimated(0, 0, 3, 0.1).at_lowest(12)
    assert (count.value, count.low, count.high) == (12, 12, 12)


def test_values_that_are_shown_together_are_as_certain_as_the_least_certain() -> None:
    assert weakest([exact(1), counted(2, 1, 3, 9.0), exact(3)]) == counted(2, 1, 3, 9.0)
    assert weakest([counted(2, 1, 3, 9.0), estimated(1, 0, 9, 0.2)]) == estimated(1, 0, 9, 0.2)
    assert weakest([]) is None
