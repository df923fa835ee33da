"""Kinds of few keys are found among very many others, whose names are all compared up to some number."""

from __future__ import annotations

import pytest

from redis_dash.keyspace import rare_keys
from redis_dash.keyspace.rare_keys import OF_EACH, RareKeys


def found(rare: RareKeys) -> set[bytes]:
    return {key.partition(b":")[0] for keys in rare.keys.values() for key in keys}


def test_a_single_key_is_found_among_many_and_few_of_the_many_are_kept() -> None:
    rare = RareKeys()
    for begin in range(0, 100_000, 1000):
        rare.add([b"product:%d" % number for number in range(begin, begin + 1000)])
        if begin == 50_000:
            rare.add([b"rl:203.0.113.9"])
    assert found(rare) == {b"product", b"rl"}
    assert sum(map(len, rare.keys.values())) == OF_EACH + 1


def test_of_a_very_large_database_each_sixteenth_slice_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rare_keys, "MOST_NAMES", 1000)
    rare = RareKeys()
    rare.add([b"product:%d" % number for number in range(1000)])
    for number in range(64):
        rare.add([b"kind%s:1" % (b"x" * number)])
    assert found(rare) == {b"product", *(b"kind%s" % (b"x" * number) for number in range(14, 64, 16))}
    rare.begin()
    rare.add([b"sess:1"])
    assert found(rare) == {b"sess"}
