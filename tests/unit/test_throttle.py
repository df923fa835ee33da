"""The pace of the scan: within the budget, polite to a slow server, quick at first."""

from __future__ import annotations

import pytest

from redis_dash.keyspace.throttle import AIM, LOAN, Pace


def worked(pace: Pace, seconds: float, cost_s: float) -> float:
    """Let the pace run for so long, each slice costing so much of the server's time; returns what was spent."""
    now = spent = 0.0
    while now < seconds:
        spent += cost_s
        now += cost_s + pace.rest_s(spent, now + cost_s)
    return spent


@pytest.mark.parametrize("budget", [0.001, 0.01, 0.2])
@pytest.mark.parametrize("cost_s", [0.0001, 0.0005])
def test_all_in_all_it_keeps_within_the_budget(budget: float, cost_s: float) -> None:
    spent = worked(Pace(budget), 120, cost_s)
    assert spent <= max(120 * budget, LOAN * cost_s + cost_s)
    assert spent >= 120 * budget * AIM * 0.95


def test_what_others_of_us_spend_is_taken_off() -> None:
    pace = Pace(0.01)
    for _ in range(LOAN + 1):
        pace.rest_s(0.0, 0.0)
    assert pace.rest_s(0.0, 1.0) == 0
    assert pace.rest_s(0.1, 1.0) == pytest.approx(0.1 / (0.01 * AIM) - 1, rel=0.01)


def test_the_first_slices_do_not_wait() -> None:
    pace = Pace(0.01)
    assert all(pace.rest_s(number * 0.001, number * 0.001) == 0 for number in range(LOAN))
    assert pace.rest_s(LOAN * 0.001, LOAN * 0.001) > 0.5


def test_a_server_that_answers_slowly_is_asked_less() -> None:
    pace = Pace(0.01)
    shares = []
    for ping_ms, times in ((0.3, 40), (30.0, 5), (0.35, 5)):
        for _ in range(times):
            pace.heard(ping_ms)
        shares.append((pace.share, pace.held_back))
    assert shares == [(1.0, False), (0.1, True), (1.0, False)]


def test_a_ping_that_took_no_time_is_no_reason_to_fail() -> None:
    pace = Pace(0.01)
    for _ in range(20):
        pace.heard(0.0)
    assert (pace.share, pace.held_back) == (1.0, False)


def test_slices_fit_what_the_server_takes_for_them() -> None:
    pace = Pace(0.01)
    assert pace.count(at_ease=False) == 1000
    for _ in range(10):
        pace.took(0.001, at_ease=False)
    assert pace.count(at_ease=False) == 2000
    assert pace.count(at_ease=True) == 1000
    for _ in range(20):
        pace.took(0.005, at_ease=True)
    assert pace.count(at_ease=True) == 50
