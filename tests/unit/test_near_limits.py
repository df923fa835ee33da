"""How long a client stays near its limit by itself: as long as its key says, and no longer."""

from __future__ import annotations

import pytest

from redis_dash.core.frames.rate_limits import near_from
from redis_dash.dialects.base import Rule, Usage
from tests.unit.test_limit_dialects import NOW, bucket, dialect

RULE = Rule(20, 60.0)
_AGES = (59.0, 58.0, *(30.0, 30.0), *range(16))
TIMES = sorted((NOW - age for age in _AGES), reverse=True)


def tokens(left: float) -> list[object]:
    return [[b"tokens", str(left).encode(), b"last_refreshed", b"%d" % int(NOW)]]


def usage(name: str, key: bytes, replies: list[object], now: float, rule: Rule | None) -> Usage:
    found = dialect(name).decode(key, replies, now, rule)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "key", "replies", "rule"),
    [
        ("redis-cell", b"k", [b"%d" % int((NOW + 58) * 1e9)], RULE),
        ("throttled-py (token bucket)", b"k", tokens(1.5), RULE),
        ("throttled-py (leaking bucket)", b"k", tokens(22.0), RULE),
        ("Bucket4j", b"k", [bucket((20, 60, 20, False, 1, NOW))], None),
        ("Bucket4j", b"k", [bucket((20, 5, 2, True, 0, NOW))], None),
        ("limits (moving window)", b"k", [[str(time).encode() for time in TIMES]], RULE),
        ("cashews (sliding rate limit)", b"k", [20, [x for time in TIMES for x in (b"m", time)], 60_000], RULE),
        ("throttled-py (sliding window)", b"k:period:%d" % (NOW // 60), [b"18", b"1", None], RULE),
        ("throttled-py (sliding window)", b"k:period:%d" % (NOW // 60), [b"3", b"17", None], RULE),
    ],
)
def test_a_client_is_near_until_then_and_not_longer(
    name: str, key: bytes, replies: list[object], rule: Rule | None
) -> None:
    read = usage(name, key, replies, NOW, rule)
    assert read.used >= near_from(20)
    assert read.near_s is not None
    assert usage(name, key, replies, NOW + read.near_s - 1e-3, rule).used >= near_from(20)
    if replies != [b"3", b"17", None]:  # of those that count in full until the window ends, and less and less then
        assert usage(name, key, replies, NOW + read.near_s + 1e-3, rule).used < near_from(20)


def test_a_client_that_is_not_near_stays_so_by_itself() -> None:
    few = [str(time).encode() for time in TIMES[:15]]
    assert usage("limits (moving window)", b"k", [few], NOW, RULE).near_s is None
    assert usage("throttled-py (token bucket)", b"k", tokens(9.5), NOW, RULE).near_s is None


@pytest.mark.parametrize(("limit", "least"), [(20, 16), (10, 8), (5, 4), (3, 3), (1, 1), (35, 28)])
def test_near_begins_at_four_fifths(limit: int, least: int) -> None:
    assert near_from(limit) == least
