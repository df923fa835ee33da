"""Patterns of keys whose names are made to hurt: bounded memory, and time that does not grow with a name."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from redis_dash.core.patterns import Pattern
from redis_dash.keyspace.key_patterns import LONGEST_NAME, FoundPattern, KeyPatterns
from redis_dash.keyspace.key_shape import shape_of
from tests.unit.test_key_patterns import numbers, passed, word


def hostile(kind: str, number: int) -> Iterator[bytes]:
    rng = random.Random(13)
    for at in range(number):
        if kind == "prefixes":
            yield f"{word(at * 7)}{word(at)}:{word(at * 3)}:{word(at * 11)}:x".encode()
        elif kind == "binary":
            yield rng.randbytes(40)
        elif kind == "long":
            yield b"%d:" % at + b"x" * 600 + rng.randbytes(400)
        elif kind == "separators":
            yield b":".join(word(rng.randrange(26**4)).encode() for _ in range(60))
        else:
            yield ("".join(rng.choices("ab_-.:", k=100))).encode()


@pytest.mark.parametrize(
    ("kind", "number"),
    [("prefixes", 22_000), ("binary", 3_000), ("long", 4_500), ("separators", 2_500), ("letters", 2_500)],
)
def test_memory_and_patterns_are_bounded_whatever_the_names_are(kind: str, number: int) -> None:
    names, patterns = list(hostile(kind, number)), KeyPatterns(rng=random.Random(14))
    patterns.begin()
    tracemalloc.start()
    try:
        for name in names:
            patterns.add([bytes(bytearray(name))], len(names))  # a copy, so that it counts if it is kept
        patterns.end()
        found = patterns.found
        used, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 30_000_000
    assert peak < 40_000_000
    assert len(found) <= 2000
    assert sum(one.count.value for one in found) == pytest.approx(len(names), rel=0.04)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        b"a",
        b":",
        b"1:",
        b"a.",
        b"-_",
        b"aA",
        b"a1",
        b"a@",
        b"a@b.",
        b"2001:",
        b"\0",
        b"\xff",
        b"f" * 8 + b"-",
        b"1.",
        b"*[",
    ],
)
def test_a_key_of_a_megabyte_takes_no_longer_than_a_short_one(piece: bytes) -> None:
    """Two thousand of them: backtracking along each would take hours."""
    long = piece * (1_000_000 // len(piece))
    patterns = KeyPatterns()
    patterns.begin()
    patterns.add([long] * 2_000, 2_000)
    patterns.end()
    [one] = patterns.found
    assert one.count.value == 2_000
    assert one.keys == ()
    assert len(long) > LONGEST_NAME
    assert Pattern(one.glob).variable(long[:5000]) is not None
    assert sys.getsizeof(shape_of(long)) < 400


def test_a_hundred_thousand_separators_are_cut() -> None:
    [one] = passed([b"word:" * 100_000, b"word:" * 100_001]).found
    assert isinstance(one, FoundPattern)
    assert one.glob == "word:" * 51 + "*"


def test_the_empty_key_and_no_key() -> None:
    assert passed([]).found == ()
    assert numbers(passed([b""])) == {"": 1}
