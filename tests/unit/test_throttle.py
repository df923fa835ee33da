"""The rate of the scan: within the budget, lower for a slow server, high at first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from redis_dash.keyspace.throttle import AIM, DEBT_S, FREE_SLICES, LEAST_PART, Throttle


def worked(
    throttle: Throttle, seconds: float, cost_s: float, others: Callable[[float], float] = lambda _: 0.0
) -> float:
    """Run the throttle for a time with slices of a given cost; return the server's time that these took.

    Args:
        others: the server's time that our other commands have taken until a moment.
    """
    now = spent = 0.0
    while now < seconds:
        spent += cost_s
        now += cost_s
        while (rest_s := throttle.rest_s(spent + others(now), spent, now)) > 1e-6 and now < seconds:
            now += min(rest_s, 1.0)
    return spent


@pytest.mark.parametrize("others_share", [0.008, 0.012, 0.05])
def test_other_commands_leave_the_scan_a_part_of_the_budget(others_share: float) -> None:
    budget, cost_s = 0.01, 0.0015
    spent = worked(Throttle(budget), 120, cost_s, lambda now: now * others_share)
    assert spent >= 120 * budget * AIM * LEAST_PART * 0.95
    assert spent <= max(120 * budget * LEAST_PART, 120 * (budget - others_share)) + (FREE_SLICES + 2) * cost_s


def test_an_expensive_start_is_paid_back_in_bounded_time() -> None:
    """Reading the values that the first slices have found may take many times the budget."""
    budget, cost_s = 0.01, 0.0015
    throttle, now, scanned = Throttle(budget), 0.0, 0.0
    for _ in range(FREE_SLICES + 1):
        scanned += cost_s
        throttle.rest_s(scanned, scanned, now)
    values = 0.5
    longest_s = 0.0
    for _ in range(20):
        began = now
        while (rest_s := throttle.rest_s(scanned + values, scanned, now)) > 1e-6:
            now += min(rest_s, 1.0)
        longest_s = max(longest_s, now - began)
        scanned += cost_s
    assert longest_s <= DEBT_S


@pytest.mark.parametrize("budget", [0.001, 0.01, 0.2])
@pytest.mark.parametrize("cost_s", [0.0001, 0.0005])
def test_all_in_all_it_keeps_within_the_budget(budget: float, cost_s: float) -> None:
    spent = worked(Throttle(budget), 120, cost_s)
    assert spent <= max(120 * budget, FREE_SLICES * cost_s + cost_s)
    assert spent >= 120 * budget * AIM * 0.95


def test_what_others_of_us_spend_is_taken_off() -> None:
    throttle, rate = Throttle(0.01), 0.01 * AIM
    for _ in range(FREE_SLICES + 1):
        throttle.rest_s(0.0, 0.0, 0.0)
    assert throttle.rest_s(0.005, 0.005, 0.0) == pytest.approx(0.005 / rate)
    assert throttle.rest_s(0.015, 0.005, 0.0) == pytest.approx(0.015 / rate)
    assert throttle.rest_s(0.040, 0.005, 0.0) == pytest.approx(0.005 / (rate * LEAST_PART)), "SCAN has its part"
    assert throttle.rest_s(0.040, 0.005, 3.0) == 0


def test_the_first_slices_do_not_wait() -> None:
    throttle = Throttle(0.01)
    spent = [number * 0.001 for number in range(FREE_SLICES + 1)]
    assert all(throttle.rest_s(spent_s, spent_s, spent_s) == 0 for spent_s in spent[:-1])
    assert throttle.rest_s(spent[-1], spent[-1], spent[-1]) > 0.5


def test_a_server_that_answers_slowly_is_asked_less() -> None:
    throttle = Throttle(0.01)
    shares = []
    for ping_ms, times in ((0.3, 40), (30.0, 5), (0.35, 5)):
        for _ in range(times):
            throttle.observe_ping(ping_ms)
        shares.append((throttle.share, throttle.held_back, throttle.ping_ms))
    assert shares == [(1.0, False, 0.3), (0.1, True, 30.0), (1.0, False, 0.35)]


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
    assert throttle.count(in_background=False) == 3000
    assert throttle.count(in_background=True) == 1000
    for _ in range(20):
        throttle.took(0.005, in_background=True)
    assert throttle.count(in_background=True) == 50
