"""The estimate of an incomplete pass: its interval holds the truth, also while the database grows."""

from __future__ import annotations

import random

from redis_dash.keyspace.estimate import RecentSample, interval


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


def test_interval_does_not_close_where_what_was_scanned_may_be_gone() -> None:
    low, high = interval(37, 1000, 1000, whole=False)
    assert low < 37 < high


def test_a_database_that_grows_during_the_pass_is_estimated_as_it_is_now() -> None:
    """5,000 of 55,000 keys are members; while they are scanned 100,000 members and 100,000 others come."""
    rng = random.Random(2)
    held = frames = 0
    for _ in range(40):
        sample, members, others, passed = RecentSample(), 5000, 50_000, 0.0
        while passed < 1:
            size, step = members + others, 0.01
            scanned = round(step * size)
            found = sum(rng.random() < members / size for _ in range(min(scanned, 500)))
            passed += step
            sample.add(found, min(scanned, 500), size, min(passed, 0.999), passed * 20)
            if members < 105_000:
                members, others = members + 2000, others + 2000
            frames += 1
            held += sample.estimate().holds(members)
    assert held / frames > 0.93


def test_without_the_databases_size_the_cursor_tells_the_coverage() -> None:
    sample = RecentSample()
    sample.add(100, 1000, 0, 0.05, 0.0)
    count = sample.estimate()
    assert (count.coverage, count.certainty) == (0.05, "estimated")
    assert count.low < 2000 < (count.high or 0)


def test_a_database_that_is_emptied_within_a_slice() -> None:
    """SCAN returned 200 keys, and DBSIZE, which is sent with it, found 5."""
    sample = RecentSample()
    sample.add(100, 200, 400, 0.5, now=1.0)
    sample.add(100, 200, 5, 0.999, now=1.1)
    count = sample.estimate()
    assert 0 <= count.low <= count.value <= (count.high or 0) <= 5


def test_after_a_jump_of_the_database_only_the_keys_scanned_since_count() -> None:
    """All keys that came at once may be in one group."""
    sample = RecentSample()
    sample.add(400, 32_000, 80_000, 0.4, now=1.0)
    sample.add(90, 2000, 82_600, 0.41, now=1.5)
    assert sample.estimate().holds(3600)


def test_all_keys_by_which_the_database_grows_may_be_in_one_group() -> None:
    """600 of 60,000 keys are sessions; while they are scanned, 1,500 people sign in within three seconds."""
    rng, held = random.Random(3), 0
    for _ in range(100):
        sample, size, sessions = RecentSample(), 60_000, 600
        for number in range(40):
            grown = 50 if 10 <= number < 40 else 0
            size, sessions = size + grown, sessions + grown
            found = sum(rng.random() < sessions / size for _ in range(1000))
            sample.add(found, 1000, size, 0.01 * number, 0.1 * number)
            held += sample.estimate().holds(sessions)
    assert held >= 0.95 * 100 * 40
