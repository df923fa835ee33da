"""The truth by itself: what it forgets with time."""

import pytest

from demo_server.truth import Truth


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes when the test says so: monotonic seconds."""
    now = [1000.0]
    monkeypatch.setattr("demo_server.truth.time.monotonic", lambda: now[0])
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
        "198.51.100.1": {"used": 2, "refused": 0},
        "198.51.100.2": {"used": 0, "refused": 1},
    }
    clock[0] += 30  # exactly a window after the first one
    assert truth.snapshot()["rate_limits"]["198.51.100.1"]["used"] == 1
    clock[0] += 30
    assert truth.snapshot()["rate_limits"] == {"198.51.100.2": {"used": 0, "refused": 1}}


def test_the_addresses_it_remembers_are_bounded(clock: list[float]) -> None:
    truth = Truth(1)
    for number in range(30_000):
        clock[0] += 0.001
        truth.accepted(f"2001:db8::{number:x}", clock[0])
    assert len(truth._clients) < 12_000
