"""How many keys of a kind there are: estimated from a pass under way, counted in a complete one."""

from __future__ import annotations

import random

import pytest

from redis_dash.family import Family, interval


def names(count: int, start: int = 0) -> list[bytes]:
    return [b"key:%d" % number for number in range(start, start + count)]


def complete(family: Family, keys: list[bytes], *, still: bool = True, took_s: float = 0.1) -> None:
    family.begin(len(keys))
    family.add(keys, len(keys))
    family.end(still=still, took_s=took_s)


def test_interval_holds_the_truth_about_19_times_in_20() -> None:
    rng = random.Random(1)
    size, held, tries = 5000, 0, 400
    for _ in range(tries):
        members = rng.randint(0, size)
        scanned = rng.choice([100, 500, 2000])
        population = [1] * members + [0] * (size - members)
        found = sum(rng.sample(population, scanned))
        low, high = interval(found, scanned, size)
        held += low <= members <= high
    assert 0.93 <= held / tries <= 0.99


def test_interval_closes_at_the_end() -> None:
    assert interval(37, 1000, 1000) == (37, 37)
    low, high = interval(0, 10, 1000)
    assert low == 0
    assert high > 0


def test_a_pass_under_way_is_an_estimate_and_never_says_that_it_is_complete() -> None:
    family = Family()
    family.begin(4)
    family.add([b"a", b"b"], 2)
    partial = family.estimate()
    assert (partial.coverage, partial.counted_at) == (0.5, 0.0)
    assert partial.low <= 4 <= partial.high
    family.add([b"b", b"c"], 2)
    assert family.estimate().coverage < 1


def test_of_few_keys_each_counts_once_however_often_the_server_hands_it_out() -> None:
    family = Family()
    complete(family, [b"a", b"b", b"b", b"c"], still=False)
    size = family.estimate()
    assert (size.keys, size.low, size.high, size.coverage, size.may_repeat) == (3, 3, 3, 1.0, False)
    assert size.counted_at > 0


def test_a_long_pass_over_a_changing_database_is_not_called_exact() -> None:
    family = Family()
    complete(family, names(10), still=False, took_s=600)
    assert family.estimate().may_repeat


@pytest.mark.parametrize("still", [True, False])
def test_many_keys_are_not_held_and_may_repeat_unless_the_database_stood_still(
    monkeypatch: pytest.MonkeyPatch, still: bool
) -> None:
    monkeypatch.setattr("redis_dash.family.HELD", 100)
    family = Family()
    family.begin(1000)
    for start in range(0, 1000, 50):
        family.add(names(50, start), 50)
    family.end(still=still, took_s=0.1)
    assert (family.estimate().keys, family.estimate().may_repeat) == (1000, not still)
    assert len(family.keys) == 100


def test_a_running_pass_adds_names_and_the_next_drops_what_is_gone() -> None:
    family = Family()
    complete(family, [b"a", b"b"])
    family.begin(2)
    family.add([b"c"], 1)
    assert sorted(family.keys) == [b"a", b"b", b"c"]
    assert family.estimate().keys == 2
    family.discard(b"a")
    assert family.estimate().keys == 1
    family.add([b"b"], 1)
    family.end(still=True, took_s=0.1)
    assert sorted(family.keys) == [b"b", b"c"]


def test_what_was_never_counted_is_not_taken_off() -> None:
    family = Family()
    complete(family, [b"a"])
    family.discard(b"z")
    assert family.estimate().keys == 1


def test_the_count_stands_until_the_running_pass_contradicts_it() -> None:
    family = Family()
    complete(family, names(5000))
    family.begin(10_000)
    family.add(names(1000), 2000)
    assert family.estimate().coverage == 1.0
    family.begin(10_000)
    family.add([], 5000)
    size = family.estimate()
    assert size.keys == 0
    assert size.coverage == 0.5
    assert size.high < 100
