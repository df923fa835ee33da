"""Which names are of one kind: short ids, ids in base64; and kinds that have few keys."""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable

import pytest

from tests.unit.test_key_patterns import keys, numbers, passed, shuffled

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
URL_SAFE = LOWER + UPPER + DIGITS + "-_"


def of(letters: str, length: int) -> Callable[[random.Random], str]:
    """Returns random words of this length."""
    return lambda rng: "".join(rng.choices(letters, k=length))


IDS: dict[str, Callable[[random.Random], str]] = {
    "express": of(URL_SAFE, 32),
    "base64url 24": of(URL_SAFE, 24),
    "base64url 43": of(URL_SAFE, 43),
    "django": of(LOWER + DIGITS, 32),
    "uuid4": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "hex 32": of("0123456789abcdef", 32),
    "hex 40": of("0123456789abcdef", 40),
    "hex 64": of("0123456789abcdef", 64),
    "nanoid": of(URL_SAFE, 21),
    "php": of(LOWER + DIGITS, 26),
    "ulid": lambda rng: "01JQ" + of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 22)(rng),
    "base62 24": of(LOWER + UPPER + DIGITS, 24),
    "lower case 8": of(LOWER, 8),
    "letters 16": of(LOWER + UPPER, 16),
}
WORDS = ("cache:homepage", "config:feature-flags", "lock:nightly-report")


@pytest.mark.parametrize("form", IDS)
def test_no_id_is_a_kind_of_its_own(form: str) -> None:
    """Whatever its letters are; words stay kinds of their own."""
    for seed in range(8):
        rng = random.Random(f"{form} {seed}")
        names = [f"sess:{IDS[form](rng)}" for _ in range(600)]
        assert numbers(passed(shuffled(keys(*names), seed))) == {"sess:*": 600}, seed
        found = numbers(passed(shuffled(keys(*names, *WORDS), seed)))
        assert found == {"sess:*": 600, **dict.fromkeys(WORDS, 1)}, seed


@pytest.mark.parametrize("form", [form for form in IDS if form != "lower case 8"])
@pytest.mark.parametrize("number", [30, 600])
def test_words_beside_ids_are_kinds_of_their_own(form: str, number: int) -> None:
    """Also under the same prefix: they have another length, or letters that no id has."""
    words = ("sess:homepage", "sess:feature-flags", "sess:nightly-report")
    for seed in range(8):
        rng = random.Random(f"{form} {seed}")
        found = numbers(passed(shuffled(keys(*(f"sess:{IDS[form](rng)}" for _ in range(number)), *words), seed)))
        assert found == {"sess:*": number, **dict.fromkeys(words, 1)}, seed


def test_a_word_as_long_as_the_ids_is_a_kind_if_no_id_would_be_made_of_its_letters() -> None:
    rng = random.Random(1)
    hexadecimal = [f"frag:{rng.getrandbits(32):08x}" for _ in range(400)]
    found = numbers(passed(shuffled(keys(*hexadecimal, "frag:homepage"))))
    assert found == {"frag:*": 400, "frag:homepage": 1}
    mixed = [f"page:{IDS['nanoid'](rng)}" for _ in range(400)]
    found = numbers(passed(shuffled(keys(*mixed, "page:returns-and-exchanges"))))
    assert found == {"page:*": 400, "page:returns-and-exchanges": 1}


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
