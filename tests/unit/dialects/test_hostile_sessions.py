"""Hostile values behind paths: each is decoded to facts that are bounded and printable, and none raises."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.dialects.base import LONGEST_PATH, SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.dialects.described_session import DescribedSession
from redis_dash.dialects.paths import MISSING, find
from redis_dash.dialects.registry import dialect_of
from tests.unit.decoders.hostile import hostile_values
from tests.unit.decoders.test_hostile import VALID

COMPANIONS = (Companion("of:{user}:{a.b}", "{id}"), Companion("data:{id}"))
MOST_SHOWN = 40_000


PATHS = (".", "user", "0.0", "a.b.a", "in.a.0.b")


@pytest.mark.parametrize("wanted", ["", "hash", "text"])
def test_no_value_raises_and_what_is_shown_is_bounded(wanted: str) -> None:
    for number, value in enumerate([*hostile_values().values(), *VALID]):
        path, last = PATHS[number % len(PATHS)], PATHS[(number + 2) % len(PATHS)]
        dialect = dialect_of(SessionPattern("s:*", wanted, path, last, path, last, COMPANIONS))
        assert isinstance(dialect, DescribedSession)
        replies = [[b"user", value, b"a", value], [value], [value, value]] if wanted == "hash" else [value, 5, []]
        for reply in replies:
            facts = dialect.decode(reply)
            assert facts is None or len(repr(facts)) < MOST_SHOWN
            assert len(dialect.companions(b"s:1", reply)) == 2


def test_a_path_whose_names_are_ambiguous_everywhere_ends_soon() -> None:
    """Each of the names may hold the dots between: so many ways lead nowhere."""
    names = ["a"] * LONGEST_PATH
    keys = {".".join(names[:length]) for length in range(1, LONGEST_PATH)}
    value: object = "x" * 100_000
    for _ in names:
        value = dict.fromkeys(keys, value)
    assert find(value, ".".join([*names[1:], "b"])) is MISSING


@pytest.mark.parametrize("text", ["\ud800", "a\x00b"])
def test_texts_that_are_no_utf_8_are_no_trouble(text: str) -> None:
    pattern = SessionPattern("s:*", "json", user="user", companions=COMPANIONS)
    dialect = dialect_of(pattern)
    assert isinstance(dialect, DescribedSession)
    escaped = msgspec.json.encode({"user": "U"}).replace(b"U", b"".join(b"\\u%04x" % ord(one) for one in text))
    facts = dialect.decode(escaped)
    assert facts is not None
    assert len(dialect.companions(b"s:1", escaped)) == 2
    assert find({"user": text}, "user.more") is MISSING
