"""Estimates of a first pass, while keys come and go that the server names: over many passes they hold as they claim."""

from __future__ import annotations

import random
from collections.abc import Iterator

from redis_dash.core.certainty import Count
from redis_dash.keyspace.changes import Asked, Expiry, Moved, Since
from redis_dash.keyspace.key_group import KeyGroup

OTHERS, KEYS, STEPS, REPLACED = 20_000, 400, 10, 30


def first_pass(rng: random.Random) -> Iterator[Count]:
    """The counts after each slice; the oldest keys are replaced by new ones meanwhile, anywhere in the keyspace."""
    places = {b"%d" % number: rng.random() for number in range(KEYS)}
    key_group, written, scanned = KeyGroup(), dict[bytes, None](), 0
    key_group.begin(0.0)
    for step in range(STEPS - 1):
        found = [key for key, place in places.items() if step <= place * STEPS < step + 1]
        scanned += OTHERS // STEPS + len(found)
        size = OTHERS + KEYS
        key_group.add(found, OTHERS // STEPS + len(found), size, scanned / size, float(step))
        for key in list(places)[:REPLACED]:
            del places[key]
            new = b"%d-%s" % (step, key)
            places[new] = rng.random()
            written |= {key: None, new: None}
        checked = {key: key in places for key in key_group.some(200, written)}
        asked = Asked(1, 1, key_group.existing(checked, written), key_group.basis)
        moved = Moved(len(written), len(written))
        yield key_group.count(float(step), Since(moved, moved, Expiry(0, 0.0), asked, len(written), named=len(written)))


def test_the_intervals_hold_and_the_values_are_not_biased() -> None:
    random.seed(1)  # of the sample of names
    rng = random.Random(1)
    counts = [count for _ in range(100) for count in first_pass(rng)]
    assert sum(count.holds(KEYS) for count in counts) >= 0.94 * len(counts)
    errors = [count.value / KEYS - 1 for count in counts]
    assert abs(sum(errors) / len(errors)) < 0.01
    assert all((count.high or 0) - count.low < KEYS for count in counts[STEPS // 2 :: STEPS - 1])


def test_keys_that_were_known_before_the_pass_are_not_counted_twice() -> None:
    """They are among those that the pass is expected to find."""
    key_group = KeyGroup()
    key_group.begin(0.0)
    found = [b"found %d" % number for number in range(100)]
    key_group.add(found, 5000, 10_000, 0.5, 1.0)
    known = dict.fromkeys([*found, *(b"known before %d" % number for number in range(80)), b"new"])
    asked = key_group.all_checked(known, {b"new": None, b"gone": None})
    moved = Moved(2, 2)
    count = key_group.count(1.0, Since(moved, moved, Expiry(0, 0.0), asked, 2, named=2))
    assert count.value == 201
    assert count.low < 200 < (count.high or 0) < 270
