"""The estimate that a pass in progress gives."""

from __future__ import annotations

import random

from redis_dash.keyspace import Family, interval


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


def test_a_complete_pass_is_exact_and_duplicates_count_once() -> None:
    family = Family()
    family.begin(4)
    family.add([b"a", b"b"], 2)
    partial = family.estimate()
    assert partial.coverage == 0.5
    assert partial.low <= 4 <= partial.high
    family.add([b"b", b"c"], 2)
    family.end()
    assert family.estimate() == (3, 3, 3, 1.0)


def test_a_running_pass_adds_what_is_new_and_the_next_drops_what_is_gone() -> None:
    family = Family()
    family.begin(2)
    family.add([b"a", b"b"], 2)
    family.end()
    family.begin(2)
    family.add([b"c"], 1)
    assert sorted(family.keys) == [b"a", b"b", b"c"]
    family.discard(b"a")
    family.add([b"b"], 1)
    family.end()
    assert sorted(family.keys) == [b"b", b"c"]
