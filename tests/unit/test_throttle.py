"""The rate of the scan: within the budget, lower for a slow server, high at first."""

from __future__ import annotations

import pytest

from redis_dash.keyspace.throttle import AIM, FREE_SLICES, Throttle


def worked(throttle: Throttle, seconds: float, cost_s: float) -> float:
    """Run the throttle for a time with slices of a given cost; return the server's time that was spent."""
    now = spent = 0.0
    while now < seconds:
        spent += cost_s
        now += cost_s + throttle.rest_s(spent, now + cost_s)
    return spent


@pytest.mark.parametrize("budget", [0.001, 0.01, 0.2])
@pytest.mark.parametrize("cost_s", [0.0001, 0.0005])
def test_all_in_all_it_keeps_within_the_budget(budget: float, cost_s: float) -> None:
    spent = worked(Throttle(budget), 120, cost_s)
    assert spent <= max(120 * budget, FREE_SLICES * cost_s + cost_s)
    assert spent >= 120 * budget * AIM * 0.95


def test_what_others_of_us_spend_is_taken_off() -> None:
    throttle = Throttle(0.01)
    for _ in range(FREE_SLICES + 1):
        throttle.rest_s(0.0, 0.0)
    assert throttle.rest_s(0.0, 1.0) == 0
    assert throttle.rest_s(0.1, 1.0) == pytest.approx(0.1 / (0.01 * AIM) - 1, rel=0.01)


def test_the_first_slices_do_not_wait() -> None:
    throttle = Throttle(0.01)
    assert all(throttle.rest_s(number * 0.001, number * 0.001) == 0 for number in range(FREE_SLICES))
    assert throttle.rest_s(FREE_SLICES * 0.001, FREE_SLICES * 0.001) > 0.5


def test_a_server_that_answers_slowly_is_asked_less() -> None:
    throttle = Throttle(0.01)
    shares = []
    for ping_ms, times in ((0.3, 40), (30.0, 5), (0.35, 5)):
        for _ in range(times):
            throttle.observe_ping(ping_ms)
        shares.append((throttle.share, throttle.held_back))
    assert shares == [(1.0, False), (0.1, True), (1.0, False)]


def test_a_ping_that_took_no_time_is_no_reason_to_fail() -> None:
    throttle = Throttle(0.01)
    for _ in range(20):
        throttle.observe_ping(0.0)
    assert (throttle.share, throttle.held_back) == (1.0, False)


def test_slices_fit_what_the_server_takes_for_them() -> None:
    throttle = Throttle(0.01)
    assert throttle.count(in_background=False) == 1000
    for _ in range(10):
        throttle.took(0.001, in_background=False)
    assert throttle.count(in_background=False) == 2000
    assert throttle.count(in_background=True) == 1000
    for _ in range(20):
        throttle.took(0.005, in_background=True)
    assert throttle.count(in_background=True) == 50
