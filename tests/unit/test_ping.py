"""The PING time that is shown: measured in trips during which this process only waited."""

from __future__ import annotations

import pytest

from redis_dash.client import ping
from redis_dash.client.connection import RoundTrip
from redis_dash.client.ping import LONG_S, TRIPS, PingTimer


def shown(timer: PingTimer, *trips: RoundTrip | None) -> float | None:
    """The value shown after as many of these trips as the timer wants."""
    timer.begin()
    for round_trip in trips:
        if timer.wants_more:
            timer.add(round_trip)
    return timer.shown_ms()


def idle(took_ms: float) -> RoundTrip:
    return RoundTrip(took_ms / 1000, 0.0001)


def busy(took_ms: float) -> RoundTrip:
    return RoundTrip(took_ms / 1000, took_ms / 1000)


def test_the_median_of_single_trips_with_nothing_taken_off() -> None:
    assert shown(PingTimer(), idle(0.3), idle(0.08), idle(0.1)) == pytest.approx(0.1)


def test_trips_during_which_we_worked_do_not_count() -> None:
    assert shown(PingTimer(), busy(9), idle(0.08), busy(7), idle(0.1), idle(0.09)) == pytest.approx(0.09)
    assert shown(PingTimer(), None, idle(0.08)) == pytest.approx(0.08)


def test_a_slow_link_is_seen_at_once_and_not_asked_again() -> None:
    timer = PingTimer()
    shown(timer, *[idle(0.2)] * TRIPS)
    assert shown(timer, RoundTrip(0.3, 0.01)) == pytest.approx(300)
    assert not timer.wants_more
    assert LONG_S < 0.3


def test_while_we_are_busy_the_last_one_stays_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    timer = PingTimer()
    assert shown(timer, *[busy(5)] * 6) == pytest.approx(5)  # the true round trip is not longer
    assert shown(timer, idle(0.2)) == pytest.approx(0.2)
    assert shown(timer, busy(5), busy(4), busy(6)) == pytest.approx(0.2)
    monkeypatch.setattr(ping, "KEPT_S", 0.0)
    assert shown(timer, busy(5), busy(4), busy(6)) == pytest.approx(4)


def test_without_a_trip_nothing_is_shown() -> None:
    assert shown(PingTimer(), None, None) is None


def test_another_connection_is_measured_anew() -> None:
    timer = PingTimer()
    shown(timer, idle(0.2))
    timer.connected()
    assert shown(timer, None) is None
