"""What the dialects of frameworks' limiters make of values and of a limit that the user gives."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest

from redis_dash.dialects.base import LimitDialect, Rule, Usage
from redis_dash.dialects.java_limits import bandwidths
from redis_dash.dialects.limit_values import clock_period
from redis_dash.dialects.registry import limit_dialect

NOW = 1_800_000_000.0
RULE = Rule(10, 60.0)
EXAMPLE = bytes.fromhex(  # as the source of Bucket4j 8.19 writes it: 7 of 10 tokens are left, 10 come back in 60 s
    "000000010000000100000001"
    "00000001000000000000000a000000000000000a0000000df8475800000000000000000a0080000000000000000000"
    "00000003000000010000000318867251edfa000000000000000000070000000000000000"
    "000000010000000000000003"
)


def about(value: float) -> Any:
    """A figure that floats may miss by a little."""
    return pytest.approx(value)


def dialect(name: str) -> LimitDialect:
    found = limit_dialect(name)
    assert found is not None
    return found


def bucket(*limits: tuple[int, int, int, bool, int, float], name: bytes = b"") -> bytes:
    """A bucket: capacity, seconds, refill, at intervals or not, tokens and when they were counted, of each limit."""
    made = struct.pack(">iii", 1, 1, len(limits))
    for capacity, period, refill, intervals, _, _ in limits:
        made += struct.pack(">iqqqqbqbb", 1, capacity, 0, period * 10**9, refill, intervals, 0, 0, bool(name))
        made += struct.pack(">H", len(name)) + name if name else b""
    made += struct.pack(">iii", 3, 1, 3 * len(limits))
    for *_, tokens, at in limits:
        made += struct.pack(">qqq", int(at * 1e9), tokens, 0)
    return made + struct.pack(">iq", 1, 0)


def read_bucket(value: bytes, now: float = NOW) -> Usage:
    usage = dialect("Bucket4j").decode(b"b", [value], now, None)
    assert usage is not None
    return usage


def test_a_bucket_as_the_source_describes_it() -> None:
    (limit,) = bandwidths(EXAMPLE)
    assert (limit.capacity, limit.period_s, limit.refill, limit.tokens) == (10, 60.0, 10, 7)
    usage = read_bucket(EXAMPLE, limit.refilled_at)
    assert (usage.used, usage.limit, usage.window_s, usage.reset_s) == (3, 10, 60.0, about(6))
    for end in range(len(EXAMPLE)):
        with pytest.raises(ValueError, match=r"^$"):
            bandwidths(EXAMPLE[:end])
    with pytest.raises(ValueError, match=r"^$"):
        bandwidths(EXAMPLE + b"\0")


def test_tokens_come_back_one_by_one_or_at_intervals() -> None:
    usage = read_bucket(bucket((10, 60, 10, False, 2, NOW - 31)))
    assert (usage.used, usage.reset_s) == (3, about(5))
    usage = read_bucket(bucket((10, 60, 10, True, 2, NOW - 31)))
    assert (usage.used, usage.reset_s) == (8, about(29))
    assert read_bucket(bucket((10, 60, 10, True, 2, NOW - 61))).used == 0
    assert read_bucket(bucket((10, 60, 1, False, 0, NOW), name=b"id")).window_s == 600


def test_of_several_limits_the_fullest_is_shown() -> None:
    usage = read_bucket(bucket((100, 60, 100, False, 90, NOW), (10, 1, 10, False, 1, NOW)))
    assert (usage.used, usage.limit) == (9, 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redis_rate", f"{NOW - 1_483_228_800 + 30:.1f}".encode()),
        ("redis-cell", b"%d" % int((NOW + 30) * 1e9)),
        ("throttled-py (gcra)", f"{NOW - 1_735_660_800 + 30:.1f}".encode()),
    ],
)
def test_a_limit_that_is_given_tells_what_a_point_in_time_means(name: str, value: bytes) -> None:
    usage = dialect(name).decode(b"k", [value], NOW, RULE)
    assert usage is not None
    assert (usage.used, usage.clear_s, usage.reset_s) == (5, None, about(6))
    usage = dialect(name).decode(b"k", [value], NOW - 30, RULE)  # 60 s before nothing is used
    assert usage is not None
    assert (usage.used, usage.reset_s) == (10, about(6))
    assert dialect(name).decode(b"k", [value], NOW + 30, RULE) == Usage(0, None)
    free = dialect(name).decode(b"k", [value], NOW, None)
    assert free == Usage(0, None, clear_s=about(30))


@pytest.mark.parametrize(
    ("name", "replies"),
    [
        ("Traefik", [[b"tokens", b"2.5", b"last", b"%d" % int((NOW - 3) * 1e6)]]),
        ("Spring Cloud Gateway", [b"2.5", b"%d" % int(NOW - 3)]),
        ("throttled-py (token bucket)", [[b"tokens", b"2.5", b"last_refreshed", b"%d" % int(NOW - 3)]]),
        ("throttled-py (leaking bucket)", [[b"tokens", b"7.5", b"last_refreshed", b"%d" % int(NOW - 3)]]),
    ],
)
def test_a_limit_that_is_given_tells_what_a_bucket_has_used(name: str, replies: list[object]) -> None:
    usage = dialect(name).decode(b"k", replies, NOW, RULE)  # a token in 6 s: 3 are left by now
    assert usage is not None
    assert (usage.used, usage.left, usage.reset_s) == (7, None, about(6))


def test_waiting_requests_of_a_bucket_are_no_negative_rest() -> None:
    replies = [[b"tokens", b"-2.0", b"last", b"%d" % int(NOW * 1e6)]]
    assert dialect("Traefik").decode(b"k", replies, NOW, None) == Usage(0, None, left=0)
    assert dialect("Traefik").decode(b"k", replies, NOW, RULE) == Usage(10, about(18), near_s=about(30))


@pytest.mark.parametrize(("month", "end"), [((2028, 2, 1), (2028, 3, 1)), ((2026, 12, 1), (2027, 1, 1))])
def test_kong_counts_months_by_the_calendar(month: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    begin, over = (datetime(*day, tzinfo=UTC).timestamp() for day in (month, end))
    key = b"ratelimit:a:b:c:%d000:month" % begin
    assert dialect("Kong").decode(key, [b"7"], begin + 5, None) == Usage(
        7, over - begin - 5, window_s=over - begin, resets=True
    )
    assert dialect("Kong").decode(key, [b"7"], over, None) is None


def test_a_window_of_envoy_is_judged_only_by_a_limit_that_is_given() -> None:
    key = b"d_remote_address_a_%d" % int(NOW - 30)
    assert dialect("Envoy").decode(key, [b"7"], NOW, None) == Usage(7, None, may_be_over=True, resets=True)
    assert dialect("Envoy").decode(key, [b"7"], NOW, RULE) == Usage(7, 30, resets=True)
    assert dialect("Envoy").decode(key, [b"7"], NOW + 30, RULE) is None


def test_a_counter_of_django_ratelimit_may_be_of_a_window_that_is_over_whatever_the_limit_is() -> None:
    key = b":1:rl:" + b"0" * 64
    for rule in (None, RULE):
        assert dialect("django-ratelimit").decode(key, [b"12"], NOW, rule) == Usage(
            12, None, may_be_over=True, resets=True
        )
        assert dialect("django-ratelimit").decode(key, [None], NOW, rule) is None


@pytest.mark.parametrize("period", [1, 10, 60, 90, 300, 3600, 43_200, 86_400, 7 * 86_400])
def test_the_length_of_a_window_follows_from_its_number(period: int) -> None:
    for part in (0.0, 0.3, 0.5, 0.99):
        for begin in (NOW // period * period, 1_764_547_200 // period * period):
            assert clock_period(int(begin // period), begin + part * period) == period
            assert clock_period(int(begin // period) - 1, begin + part * period) != period


def test_a_long_window_of_any_length_is_shown_while_its_key_lives() -> None:
    key = b"rack::attack:%d:logins:ann" % int(NOW // 5000)
    assert dialect("Rack::Attack").decode(key, [b"7", 2500], NOW, None) == Usage(7, 1.5, resets=True)
    assert dialect("Rack::Attack").decode(key, [b"7", 900], NOW, None) is None
