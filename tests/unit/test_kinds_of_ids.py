"""Which names are of one kind: short ids, ids in base64; and kinds that have few keys."""

from __future__ import annotations

import random
import string

import pytest

from tests.unit.test_key_patterns import keys, numbers, passed, shuffled


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("number", [2000, 30_000])
def test_ids_in_base64_for_urls_are_one_kind(number: int, seed: int) -> None:
    """Whatever they begin with, and also if their last letter looks like a separator."""
    rng = random.Random(seed)
    letters = string.ascii_letters + string.digits + "-_"
    names = ["sess:" + "".join(rng.choices(letters, k=32)) for _ in range(number)]
    names += [f"product:{rng.randrange(10**9)}:page" for _ in range(number)]
    found = passed(shuffled(keys(*names), seed))
    assert numbers(found).keys() == {"sess:*", "product:*:page"}


@pytest.mark.parametrize("seed", range(6))
def test_short_hexadecimal_ids_are_one_kind(seed: int) -> None:
    """Some of them have one run of letters and one of digits, as words with a number have."""
    rng = random.Random(seed)
    names = [f"frag:{rng.getrandbits(32):08x}" for _ in range(300)] + ["frag:cfcd2084", "frag:fbd7939d"]
    names += [f"product:{number}" for number in range(2000)] + ["frag:index", "frag:stats"]
    found = passed(shuffled(keys(*names), seed))
    assert numbers(found).keys() == {"product:*", "frag:*", "frag:index", "frag:stats"}


@pytest.mark.parametrize("seed", range(6))
def test_kinds_of_few_keys_are_found_also_where_only_a_sample_is_looked_at(seed: int) -> None:
    """Each name is compared with the beginnings of the others; those that the sample misses are there all the same."""
    rng = random.Random(seed)
    names = [f"product:{number}".encode() for number in range(100_000)]
    few = [b"audit", b"queue:mails", b"config:flags", *(b"export:%d:state" % number for number in range(5))]
    for key in few:
        names.insert(rng.randrange(len(names)), key)
    found = {one.glob: one for one in passed(names).found}
    assert set(found) == {"product:*", "audit", "queue:mails", "config:flags", "export:*:state"}
    for glob, number in (("audit", 1), ("queue:mails", 1), ("config:flags", 1), ("export:*:state", 5)):
        count = found[glob].count
        assert 1 <= count.low <= count.value
        assert count.holds(number)
        assert set(found[glob].keys) <= set(few)
        assert found[glob].keys
    truth = found["product:*"].count
    assert truth.holds(100_000)
