"""The truth by itself: what it forgets with time."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from demo_server.truth.counts import Truth


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes when the test says so: monotonic seconds."""
    now = [1000.0]
    monkeypatch.setattr("demo_server.truth.counts.time.monotonic", lambda: now[0])
    return now


def test_sessions_end_by_themselves_unless_they_are_used(clock: list[float]) -> None:
    truth = Truth(60)
    truth.session_lives("used", 100)
    truth.session_lives("left", 100)
    clock[0] += 60
    truth.session_lives("used", 100)
    assert truth.snapshot()["sessions"] == 2
    clock[0] += 41
    assert truth.snapshot()["sessions"] == 1
    truth.session_gone("used")
    assert truth.snapshot()["sessions"] == 0


def test_used_is_what_the_servers_clock_has_in_the_window(clock: list[float]) -> None:
    truth = Truth(60)
    server_time = 5000.0  # far from our own clock
    truth.accepted("198.51.100.1", server_time)
    clock[0] += 30
    truth.accepted("198.51.100.1", server_time + 30)
    truth.refused("198.51.100.2")
    assert truth.snapshot()["rate_limits"] == {
        "198.51.100.1": {"used": 2, "accepted": 2, "refused": 0},
        "198.51.100.2": {"used": 0, "accepted": 0, "refused": 1},
    }
    clock[0] += 30  # exactly a window after the first one
    assert truth.snapshot()["rate_limits"]["198.51.100.1"]["used"] == 1
    clock[0] += 30
    assert truth.snapshot()["rate_limits"] == {"198.51.100.2": {"used": 0, "accepted": 0, "refused": 1}}


def test_what_it_remembers_of_clients_ends_with_their_window(clock: list[float]) -> None:
    truth = Truth(1)
    for number in range(30_000):
        clock[0] += 1 / 1024  # without rounding
        truth.accepted(f"198.51.100.{number}", clock[0])
    assert len(truth.snapshot()["rate_limits"]) == 1024
    clock[0] += 1
    assert truth.snapshot()["rate_limits"] == {}


def test_refusals_are_remembered_of_the_clients_refused_last(clock: list[float]) -> None:
    truth = Truth(60)
    truth.refused("first")
    truth.refused("often")
    for number in range(9_999):
        truth.refused(str(number))
        truth.refused("often")
    refused = truth.snapshot()["rate_limits"]
    assert len(refused) == 10_000
    assert "first" not in refused
    assert refused["often"] == {"used": 0, "accepted": 0, "refused": 10_000}


def test_sessions_that_nobody_asks_for_are_forgotten(clock: list[float]) -> None:
    truth = Truth(60)
    for number in range(1000):
        clock[0] += 1
        truth.session_lives(str(number), 100)
    assert len(truth._session_ends) == 100


@pytest.mark.parametrize("known", [10, 20_000])
def test_counting_costs_the_same_whatever_is_known(clock: list[float], known: int) -> None:
    truth = Truth(60)
    for number in range(known):
        truth.accepted(f"client {number}", 5000.0 + number / 1e6)
        truth.refused(f"client {number % 10_000}")
        truth.session_lives(f"session {number}", 100)

    def count() -> None:
        truth.accepted("another", 5001.0)
        truth.refused("another")
        truth.session_lives("another", 100)

    assert lines_run(count) < 50


def lines_run(function: Callable[[], None]) -> int:
    """How many lines of Python a call runs; a loop counts each of its rounds."""
    lines = 0

    def trace(_: FrameType, event: str, __: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return lines


def test_an_answer_that_was_late_does_not_set_the_servers_clock_back(clock: list[float]) -> None:
    truth = Truth(60)
    truth.accepted("198.51.100.1", 5000.0)
    clock[0] += 30
    truth.accepted("198.51.100.1", 5028.0)  # the answer took two seconds
    clock[0] += 30
    assert truth.snapshot()["rate_limits"]["198.51.100.1"]["used"] == 1
    clock[0] += 40
    truth.accepted("198.51.100.1", 5090.0)  # after a minute it is believed: the server's clock was set back
    clock[0] += 55
    assert truth.snapshot()["rate_limits"]["198.51.100.1"]["used"] == 1
