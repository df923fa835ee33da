"""Layouts: which keys they claim, and which they must not."""

from __future__ import annotations

import pytest

from redis_dash.core.globs import escaped
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.base import Rule
from redis_dash.dialects.layout import Claim, KeySample, Layout, named, recognise

ID = b"q7Hc2-kPzL0_vT9xWm4RbYsE"


def is_json(value: object) -> bool:
    return isinstance(value, bytes) and value.startswith(b"{")


SESSIONS = Layout(
    name="Express",
    topic="sessions",
    keys=named(rb"sess:(?P<id>[\w-]{20,})"),
    type="string",
    value=is_json,
    evidence="sess:<id>, JSON",
    dialect="json",
)
ANY = Layout(
    name="anything",
    topic="other",
    keys=named(rb"sess:(?P<id>.+)"),
    type="string",
    value=is_json,
    evidence="sess:*",
    confidence="likely",
)


def sample(key: bytes, value: object = b'{"a": 1}', kind: str = "string") -> KeySample:
    return KeySample(key, kind, 60.0, value)


def test_the_variable_part_becomes_a_star_and_a_prefix_of_the_client_is_kept() -> None:
    for prefix in (b"", b"shop:", b"prod_", b"a*b[:"):
        name = SESSIONS.read_name(prefix + b"sess:" + ID)
        assert name is not None
        assert name.identity == ID
        assert name.glob == f"{escaped(prefix.decode())}sess:*"
        assert Pattern(name.glob).variable(prefix + b"sess:" + ID) == ID


@pytest.mark.parametrize("key", [b"sess:count", b"mysess:" + ID, b"session:" + ID, b"sess:" + ID + b":flash", b""])
def test_neighbours_are_not_claimed(key: bytes) -> None:
    assert SESSIONS.read_name(key) is None
    assert recognise([sample(key)], [SESSIONS]) == []


def test_the_name_alone_is_no_proof() -> None:
    assert recognise([sample(b"sess:" + ID, b"17")], [SESSIONS]) == []
    assert recognise([sample(b"sess:" + ID, None)], [SESSIONS]) == []
    assert recognise([sample(b"sess:" + ID, {b"a": b"1"}, "hash")], [SESSIONS]) == []


def test_most_of_the_keys_must_fit() -> None:
    good = [sample(b"sess:%b%03d" % (ID, number)) for number in range(19)]
    odd = [sample(b"sess:%b%03d" % (ID, number), b"17") for number in range(20, 23)]
    assert recognise([*good, *odd[:1]], [SESSIONS]) == [Claim(SESSIONS, "sess:*", 19, 20)]
    assert recognise([*good, *odd], [SESSIONS]) == []


def test_keys_with_other_prefixes_are_claimed_apart() -> None:
    claims = recognise([sample(b"a:sess:" + ID), sample(b"b:sess:" + ID, b"17")], [SESSIONS])
    assert [claim.glob for claim in claims] == ["a:sess:*"]


def test_what_is_certain_wins() -> None:
    for layouts in ([ANY, SESSIONS], [SESSIONS, ANY]):
        assert [claim.layout.name for claim in recognise([sample(b"sess:" + ID)], layouts)] == ["Express"]


def test_a_name_may_hold_the_limit() -> None:
    layout = Layout(
        name="limits",
        topic="rate_limits",
        keys=named(rb"LIMITER/(?P<id>[^/]+)/(?P<limit>\d+)/(?P<each>\d+)/minute"),
        type="string",
        value=lambda value: True,
        evidence="LIMITER/…",
        rule=lambda match: Rule(int(match["limit"]), 60.0 * int(match["each"])),
    )
    name = layout.read_name(b"LIMITER/203.0.113.9/5/1/minute")
    assert name is not None
    assert (name.glob, name.identity, name.rule) == ("LIMITER/*/5/1/minute", b"203.0.113.9", Rule(5, 60.0))
