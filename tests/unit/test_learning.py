"""Kinds of keys are learned from few passes, but soon after keys of a new kind have come."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from redis_dash.keyspace import learning, new_kinds
from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.keyspace.learning import LEAST_S, SOON_S, Learning

CARTS = [b"cart:%d" % number for number in range(100)]
ORDERS = [b"order:%d" % number for number in range(100)]


class Passes:
    """Makes passes at chosen times, and tells which of them were learned from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(learning, "REST", 0.0)
        self.patterns = KeyPatterns()
        self.learning = Learning(self.patterns)

    def over(self, keys: Sequence[bytes], after_s: float = 0.1) -> bool:
        self.now += after_s
        passes = self.patterns.passes
        self.learning.begin()
        self.learning.add(keys, len(keys))
        self.learning.end()
        return self.patterns.passes > passes

    @property
    def globs(self) -> set[str]:
        return {pattern.glob for pattern in self.patterns.found}


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    return Passes(monkeypatch)


def test_an_unchanged_database_is_learned_now_and_then(passes: Passes) -> None:
    """To learn from a small database each second would take more than all else."""
    assert [passes.over(CARTS, after_s=1.0) for _ in range(12)] == [n % int(LEAST_S) == 0 for n in range(12)]


def test_kinds_that_are_shown_are_learned_more_often(passes: Passes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their counts would be too old for somebody who looks at them."""
    monkeypatch.setattr(learning, "REST", 1e9)
    monkeypatch.setattr(learning, "REST_SHOWN", 0.0)
    assert passes.over(CARTS)
    assert not any(passes.over(CARTS, after_s=LEAST_S) for _ in range(3))
    passes.learning.shown()
    assert passes.over(CARTS)
    assert not passes.over(CARTS, after_s=LEAST_S), "nobody has looked since then"


def test_more_keys_of_known_kinds_are_no_reason_to_learn(passes: Passes) -> None:
    assert passes.over(CARTS)
    assert not any(passes.over([*CARTS, b"cart:%d" % number], after_s=SOON_S) for number in range(500, 503))


def test_keys_of_a_new_kind_are_learned_from_the_pass_after_that_which_found_them(passes: Passes) -> None:
    assert passes.over(CARTS)
    assert not passes.over([*CARTS, *ORDERS], after_s=SOON_S)
    assert passes.learning.is_due
    assert passes.over([*CARTS, *ORDERS])
    assert passes.globs == {"cart:*", "order:*"}


def test_an_empty_database_that_is_filled(passes: Passes) -> None:
    assert passes.over([])
    assert not passes.over(CARTS, after_s=SOON_S)
    assert passes.over(CARTS)
    assert passes.globs == {"cart:*"}


def test_names_that_are_new_but_of_no_new_kind_are_looked_at_less_and_less_often(passes: Passes) -> None:
    """Titles in names: each is another shape, and all are one kind."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"page:{a}{b}{c}".encode() for a in letters for b in letters for c in letters]
    assert passes.over(names[:2000])
    assert "page:*" in passes.globs
    learned = [passes.over(names[: 2000 + number], after_s=0.1) for number in range(1, 50)]
    assert sum(learned) <= 3


def test_a_pass_that_was_cut_is_learned_from_again(passes: Passes) -> None:
    passes.learning.begin()
    passes.learning.add(CARTS[:50], 100)
    assert passes.over(CARTS)
    assert sum(pattern.count.value for pattern in passes.patterns.found) == 100


def test_the_names_of_a_large_database_are_not_kept(passes: Passes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_kinds, "MOST_KEYS", 150)
    assert passes.over(CARTS)
    assert not passes.over([*CARTS, *ORDERS], after_s=SOON_S)
    assert not passes.learning.is_due
    assert passes.learning.new_names() == []


def test_each_new_kind_is_named_once_whenever_it_comes(passes: Passes) -> None:
    pages = [b"page:%d" % number for number in range(20_000)]
    passes.over(pages)
    passes.over([*pages, b"rl:203.0.113.9", b"rl:203.0.113.8"])
    assert [name.partition(b":")[0] for name in passes.learning.new_names()] == [b"rl"]
    assert passes.learning.new_names() == []
    passes.over([*pages, b"rl:203.0.113.9", b"rl:203.0.113.7", b"sess:one"])
    assert passes.learning.new_names() == [b"sess:one"]


async def test_the_pass_that_finds_a_new_kind_ends_the_wait(passes: Passes) -> None:
    passes.over(CARTS)
    await passes.learning.wait(0.0)
    passes.over([*CARTS, *ORDERS])
    await passes.learning.wait(60.0)
