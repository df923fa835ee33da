"""How the dialects decode replies."""

from __future__ import annotations

import json

import pytest

from redis_dash.core.resp import ReplyError
from redis_dash.dialects.base import OtherDialectError, Rule, SessionFacts, Usage, refusal
from redis_dash.dialects.fixed_window import FixedWindow
from redis_dash.dialects.json_session import LARGEST, JsonSession
from redis_dash.dialects.session_values import TEXT_SHOWN
from redis_dash.dialects.sliding_window import SlidingWindow

NOW = 1_800_000_000.0
RULE = Rule(100, 60.0)
KEY = b"rl:203.0.113.9"


def decode(value: object) -> SessionFacts:
    facts = JsonSession().decode(json.dumps(value).encode())
    assert facts is not None
    return facts


def test_a_session_tells_user_role_and_time() -> None:
    facts = decode({"id": 7, "email": "ann@example.com", "role": "admin", "created_at": NOW})
    assert (facts.user, facts.role, facts.created_at) == ("ann@example.com", "admin", NOW)


def test_the_user_may_be_one_level_down_and_times_in_milliseconds() -> None:
    facts = decode({"passport": {"user": "ann"}, "createdAt": NOW * 1000, "roles": ["a", "b"]})
    assert (facts.user, facts.role, facts.created_at) == ("ann", "a, b", NOW)


def test_secrets_in_a_session_are_hidden() -> None:
    facts = decode(
        {
            "csrf_token": "s3cret",
            "password_hash": "s3cret",
            "deep": {"x": "s3cret"},
            "cart": 3,
            "sid": "s3cret",
            "session_id": "s3cret",
            "cookie": "s3cret",
            "jwt": "s3cret",
            "authorization": "s3cret",
            "pin": "s3cret",
        }
    )
    assert "s3cret" not in repr(facts)
    assert ("cart", "3") in facts.fields


@pytest.mark.parametrize(
    "value", [None, 5, b"", b"\xff\x00", b"[1]", b"{", b'"text"', b"[" * 100_000, b'{"a":"' + b"x" * LARGEST + b'"}']
)
def test_what_is_no_json_session(value: object) -> None:
    assert JsonSession().decode(value) is None


@pytest.mark.parametrize(
    "value",
    [
        {"blob": "a" * 250_000 + "="},
        {"blob": "eyJ-" * 60_000},
        {"email": "x" * 250_000},
        {"role": ["a:"] * 50_000},
        {"n" * 250_000: "v"},
        {str(number): {} for number in range(20_000)},
        {"a": {str(number): number for number in range(20_000)}},
        {"spaces": " " * 250_000},
    ],
)
def test_a_value_that_is_meant_to_keep_us_busy_does_not(value: dict[str, object]) -> None:
    """A search that starts again at each character would exceed the time limit of the test."""
    raw = json.dumps(value, separators=(",", ":")).encode()
    assert len(raw) <= LARGEST
    for _ in range(10):
        facts = JsonSession().decode(raw)
        assert facts is not None
        assert all(len(text) <= TEXT_SHOWN + 1 for field in facts.fields for text in field)


@pytest.mark.parametrize("text", ["MASTERDOWN Link with MASTER is down", "BUSY Redis is busy", "NOPERM no", "LOADING"])
def test_an_error_that_says_nothing_of_the_key_is_no_answer(text: str) -> None:
    error = ReplyError(text)
    assert refusal(error) is error


@pytest.mark.parametrize("reply", [None, b"", b"{}", 0, -2, [], ReplyError("WRONGTYPE Operation against a key")])
def test_what_says_something_of_the_key_is_an_answer(reply: object) -> None:
    assert refusal(reply) is None


@pytest.mark.parametrize("per_second", [1, 1000, 1_000_000])
def test_sliding_window_in_each_unit(per_second: int) -> None:
    dialect = SlidingWindow("x", per_second)
    oldest = [b"member", str((NOW - 20) * per_second).encode()]
    assert dialect.decode(KEY, [50, oldest, 37, oldest, [], [], 50], NOW, RULE) == Usage(37, 40.0)
    pivot = [b"member", str((NOW - 5) * per_second).encode()]
    newer = [b"member", str((NOW - 2) * per_second).encode()]
    assert dialect.decode(KEY, [150, pivot, 150, oldest, pivot, newer, 150], NOW, RULE) == Usage(150, 55.0, near_s=58.0)
    assert dialect.decode(KEY, [50, oldest, 50], NOW, None) == Usage(50, None, is_held=True)
    assert dialect.decode(KEY, [5, oldest, 0, [], [], [], 5], NOW, RULE) == Usage(0, None)
    assert dialect.decode(KEY, [0, [], 0, [], [], 0], NOW, RULE) is None
    for unit in (per_second * 1000, per_second / 1000):
        with pytest.raises(OtherDialectError):  # also where its window, in another unit, is empty
            SlidingWindow("other", unit).decode(KEY, [50, oldest, 0, [], [], 50], NOW, RULE)  # type: ignore[arg-type]


def test_fixed_window() -> None:
    assert FixedWindow().decode(KEY, [b"37", 12_500], NOW, RULE) == Usage(37, 12.5, resets=True)
    assert FixedWindow().decode(KEY, [b"37", -1], NOW, None) == Usage(37, None, is_endless=True, resets=True)
    assert FixedWindow().decode(KEY, [b"37", -1], NOW, RULE) == Usage(
        37, None, is_endless=True, fits=False, resets=True
    )
    assert FixedWindow().decode(KEY, [b"37", 300_000], NOW, RULE) == Usage(37, 300.0, fits=False, resets=True)
    assert FixedWindow().decode(KEY, [b"37", 300_000], NOW, None) == Usage(37, 300.0, resets=True)
    assert FixedWindow().decode(KEY, [b"0", 0], NOW, RULE) == Usage(0, 0.0, resets=True)
    assert FixedWindow().decode(KEY, [None, -2], NOW, RULE) is None


@pytest.mark.parametrize("name", [b"limit:ann:30000000", b"limit/ann/1800000000", b"limit-1800000000000"])
def test_a_window_whose_number_or_beginning_is_in_the_name_ends_by_the_clock(name: bytes) -> None:
    """The first request of a minute may come at its end, and sets an expiry of a minute."""
    read = FixedWindow().decode
    assert read(name, [b"37", 59_000], NOW + 25, RULE) == Usage(37, 35.0, resets=True)
    assert read(name, [b"137", 34_000], NOW + 61, RULE) == Usage(0, None)
    assert read(name, [b"37", 34_000], NOW + 25, None) == Usage(37, 34.0, resets=True)


@pytest.mark.parametrize("name", [b"limit:42", b"limit:203.0.113.9", b"limit:ann:29999000", b"limit:ann30000000"])
def test_another_number_in_the_name_is_no_window(name: bytes) -> None:
    assert FixedWindow().decode(name, [b"37", 34_000], NOW + 25, RULE) == Usage(37, 34.0, resets=True)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"abc", "text"),
        (b"", "empty string"),
        (b"-1", "negative number"),
        (b"3.5", "number with decimals"),
        (b"1e9", "number with decimals"),
        (b"9" * 40, "number too large for a count"),
        (str(int(NOW)).encode(), "point in time"),
        (b"1." * 200_000, "text"),
        (5, ""),
    ],
)
def test_what_is_no_counter_is_named(value: object, kind: str) -> None:
    with pytest.raises(OtherDialectError, match=f"^{kind}$"):
        FixedWindow().decode(KEY, [value, 1], NOW, RULE)
