"""Patterns of keys: how frameworks write them, counts and intervals, and the floor."""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Sequence

import pytest

from redis_dash.core.patterns import Pattern
from redis_dash.keyspace.key_patterns import MOST, KeyPatterns
from tests.unit.key_layouts import LAYOUTS, SINGLE, keyspace, person, uuid4

SLICE = 1000


def shuffled(keys: Sequence[bytes], seed: int = 1) -> list[bytes]:
    """The keys in hash order: at random."""
    return random.Random(seed).sample(list(keys), len(keys))


def passed(keys: Sequence[bytes], *, end: bool = True, **settings: float | int) -> KeyPatterns:
    """The patterns after a pass over these keys in this order."""
    patterns = KeyPatterns(rng=random.Random(7), **settings)  # type: ignore[arg-type]
    patterns.begin()
    for at in range(0, len(keys), SLICE):
        patterns.add(keys[at : at + SLICE], len(keys))
    if end:
        patterns.end()
    return patterns


def numbers(patterns: KeyPatterns) -> dict[str, int]:
    return {one.glob: one.count.value for one in patterns.found}


def keys(*names: str) -> list[bytes]:
    return [name.encode() for name in names]


# -- patterns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_layouts_of_frameworks_that_share_a_database(seed: int) -> None:
    rng = random.Random(seed)
    truth = keyspace(rng, lambda rng: rng.choice((30, 100, 500)))
    noise = {uuid4(rng).encode() for _ in range(100)}
    of = {key: glob for glob, names in (truth | {"*": noise}).items() for key in names}
    assert len(LAYOUTS) >= 30
    assert len(of) <= MOST
    found = {one.glob: one for one in passed(shuffled(list(of), seed)).found}
    right = sum(min(found[glob].count.value, len(names)) for glob, names in truth.items() if glob in found)
    assert right >= 0.99 * sum(map(len, truth.values()))
    assert found["*"].count.value == len(noise)
    assert {name for name in SINGLE if name not in found} == set()
    drawn = [(key, one.glob) for one in found.values() for key in one.keys]
    assert sum(of[key] == glob for key, glob in drawn) >= 0.99 * len(drawn)


@pytest.mark.parametrize("seed", range(3))
def test_layouts_in_a_database_of_which_a_sample_is_looked_at(seed: int) -> None:
    rng = random.Random(seed)
    truth = keyspace(rng, lambda rng: rng.choice((500, 3000, 6000)))
    patterns = passed(shuffled([key for names in truth.values() for key in names], seed))
    size = sum(map(len, truth.values()))
    assert patterns.looked_at <= MOST < size / 3
    found = {one.glob: one.count for one in patterns.found}
    assert LAYOUTS.keys() - found.keys() == set()
    right = sum(found[glob].value for glob in LAYOUTS)
    assert 0.99 * size <= right <= 1.01 * size
    assert sum(found[glob].holds(len(truth[glob])) for glob in LAYOUTS) >= 0.85 * len(LAYOUTS)


@pytest.mark.parametrize(("glob", "name"), LAYOUTS.items())
def test_each_layout_alone(glob: str, name: object) -> None:
    rng = random.Random(3)
    names = sorted({LAYOUTS[glob](rng).encode() for _ in range(400)})
    found = passed(shuffled(names)).found
    assert found[0].glob == glob
    assert found[0].count.value >= 0.99 * len(names)


def test_few_words_at_one_place_are_fixed_and_many_are_not() -> None:
    rng = random.Random(4)
    people = sorted({person(rng) for _ in range(300)})
    names = [f"user:{who}:{what}" for who in people for what in ("cart", "profile")]
    names += [f"queue:{name}:{number}" for name in ("mail", "images", "pdf") for number in range(200)]
    assert numbers(passed(shuffled(keys(*names)))) == {
        "user:*:cart": len(people),
        "user:*:profile": len(people),
        "queue:mail:*": 200,
        "queue:images:*": 200,
        "queue:pdf:*": 200,
    }


def test_numbers_that_end_a_hash_tag_are_variable_however_few_there_are() -> None:
    tenants = [f"{{tenant:{tenant}}}:cache:report:{number}" for tenant in (1, 2, 3, 4) for number in range(50)]
    parts = [f"{{events}}:part{part}:{number}" for part in (1, 2) for number in range(50)]
    found = numbers(passed(shuffled(keys(*tenants, *parts))))
    assert found == {"{tenant:*}:cache:report:*": 200, "{events}:part1:*": 50, "{events}:part2:*": 50}


def test_jobs_beside_what_a_queue_keeps_of_itself() -> None:
    rng = random.Random(5)
    queues = sorted({"".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(60)})
    names = [f"bull:{queue}:{number}" for queue in queues for number in range(1, 20)]
    names += [f"bull:{queue}:{what}" for queue in queues for what in ("meta", "wait")]
    found = numbers(passed(shuffled(keys(*names))))
    assert found == {"bull:*:*": 60 * 19, "bull:*:meta": 60, "bull:*:wait": 60}


def test_single_keys_are_literal_and_those_beyond_the_bound_are_the_others() -> None:
    assert numbers(passed(keys("config", "stats:today"))) == {"config": 1, "stats:today": 1}
    names = keys(
        *(f"{kind}:{word}" for kind in ("a", "b", "c", "d") for word in ("x", "y", "z")), "rl:1", "rl:2", "rl:3"
    )
    found = passed(names, most=5).found
    assert [one.glob for one in found] == ["*", "rl:*", "a:x", "a:y", "a:z"]
    assert [one.count.value for one in found] == [9, 3, 1, 1, 1]


def test_special_characters_of_names_are_escaped() -> None:
    names = [rb"we?rd[x]\*:" + str(number).encode() for number in range(50)] + [
        "größe:".encode() + b"%d" % n for n in range(30)
    ]
    for one in passed(names).found:
        assert one.keys
        for key in one.keys:
            assert Pattern(one.glob).variable(key) is not None
        assert Pattern(one.glob).variable(b"we!rdx:1") is None
    assert numbers(passed(names)) == {r"we\?rd\[x\]\\\*:*": 50, "größe:*": 30}


def test_every_key_is_matched_by_the_glob_of_its_pattern() -> None:
    truth = keyspace(random.Random(6), lambda _: 50)
    for one in passed(shuffled([key for names in truth.values() for key in names])).found:
        pattern = Pattern(one.glob)
        assert [key for key in one.keys if pattern.variable(key) is None] == []


# -- counts ------------------------------------------------------------------------------------------------------------


def test_a_whole_pass_is_counted_and_the_counts_add_up() -> None:
    names = shuffled([key for some in keyspace(random.Random(8), lambda _: 100).values() for key in some])
    patterns = passed(names)
    assert patterns.looked_at == patterns.seen == len(names)
    assert {one.count.certainty for one in patterns.found} == {"counted"}
    assert all(one.count.low == one.count.value == one.count.high for one in patterns.found)
    assert sum(one.count.value for one in patterns.found) == len(names)
    assert [one.count.value for one in patterns.found] == sorted(
        (one.count.value for one in patterns.found), reverse=True
    )


def test_a_pass_that_was_sampled_stays_an_estimate() -> None:
    names = shuffled([b"session:%032x" % number for number in range(70_000)] + [b"cart:%d" % n for n in range(30_000)])
    patterns = passed(names)
    assert patterns.looked_at == MOST
    for one, truth in zip(patterns.found, (70_000, 30_000), strict=True):
        assert one.count.certainty == "estimated"
        assert one.count.holds(truth)
        assert one.count.low < truth < (one.count.high or 0)
        assert one.count.coverage == pytest.approx(MOST / 100_000)


def test_intervals_hold_the_truth_about_19_times_in_20() -> None:
    """200 keyspaces: some while their pass runs, and all keys or a sample of them were looked at."""
    rng = random.Random(9)
    held = tries = 0
    for _ in range(200):
        sizes = {kind: int(10 ** rng.uniform(2, 3.5)) for kind in ("session", "cart", "rl", "lock")}
        names = [f"{kind}:{rng.getrandbits(64):016x}".encode() for kind, size in sizes.items() for _ in range(size)]
        rng.shuffle(names)
        patterns = KeyPatterns(rng=rng)
        patterns.begin()
        part = rng.uniform(0.05, 0.95)
        for at in range(0, int(part * len(names)), SLICE):
            patterns.add(names[at : at + SLICE], len(names))
        found = {one.glob: one.count for one in patterns.found}
        for kind, size in sizes.items():
            if patterns.looked_at * size > 10 * len(names):  # enough of it for a figure at all
                tries += 1
                held += found[f"{kind}:*"].holds(size)
    assert tries > 600
    assert 0.93 <= held / tries <= 0.99


def test_an_estimate_of_a_database_that_grows_is_of_now() -> None:
    """Only sessions come."""
    rng = random.Random(10)
    held = tries = 0
    for _ in range(30):
        names = [b"cart:%032x" % rng.getrandbits(128) for _ in range(5000)]
        names += [b"session:%032x" % rng.getrandbits(128) for _ in range(5000)]
        rng.shuffle(names)
        patterns = KeyPatterns(rng=rng)
        patterns.begin()
        for at in range(0, 6000, 200):
            patterns.add(names[at : at + 200], len(names))
            names.insert(rng.randrange(at + 200, len(names)), b"session:%032x" % rng.getrandbits(128))
            names.append(b"session:%032x" % rng.getrandbits(128))
            found = {one.glob: one.count for one in patterns.found}
            tries += 2
            held += found["cart:*"].holds(5000) + found["session:*"].holds(len(names) - 5000)
    assert held / tries >= 0.93


def test_a_counted_pattern_says_what_may_have_come_or_gone_meanwhile() -> None:
    patterns = KeyPatterns()
    patterns.begin()
    patterns.add([b"a:%d" % number for number in range(100)], 200)
    patterns.add([b"a:%d" % number for number in range(100, 190)], 205)
    patterns.end()
    count = patterns.found[0].count
    assert (count.value, count.low, count.high, count.certainty) == (190, 190, 205, "counted")


def test_without_the_databases_size_a_count_is_a_lower_bound() -> None:
    patterns = KeyPatterns()
    patterns.begin()
    patterns.add([b"a:%d" % number for number in range(100)], 0)
    count = patterns.found[0].count
    assert (count.certainty, count.high) == ("at_least", None)
    assert 0 < count.low <= 100


def test_a_new_pass_counts_from_zero_and_keeps_what_was_learned() -> None:
    rng = random.Random(11)
    people = sorted({person(rng) for _ in range(400)})
    names = shuffled(keys(*(f"user:{who}:cart" for who in people), *(f"order:{number}" for number in range(200))))
    patterns = passed(names)
    before = numbers(patterns)
    patterns.begin()
    assert {one.glob for one in patterns.found} == before.keys()
    assert {one.count.certainty for one in patterns.found} == {"unknown"}
    patterns.add([b"user:newcomer:cart"], len(names))
    counts = {one.glob: one.count for one in patterns.found}
    assert counts.keys() == before.keys()
    assert counts["user:*:cart"].certainty == counts["order:*"].certainty == "estimated"
    patterns.add([b"order:1"], len(names))
    patterns.end()
    assert numbers(patterns) == {"user:*:cart": 1, "order:*": 1}


def test_names_are_a_uniform_sample() -> None:
    """Each of 640 keys is drawn about as often as the others, and those of one user no more than those of another."""
    names = [
        f"user:{'abcdefghijklmnopqrstuvwxyz'[number % 26] * 3}{'xyz'[number % 3]}:{number:05}".encode()
        for number in range(640)
    ]
    drawn = dict.fromkeys(names, 0)
    for seed in range(200):
        patterns = KeyPatterns(rng=random.Random(seed))
        patterns.begin()
        patterns.add([*names, *(b"order:%d" % number for number in range(100))], 740)
        [users] = [one for one in patterns.found if one.glob == "user:*:*"]
        assert len(users.keys) == 32
        for key in users.keys:
            drawn[key] += 1
    # Binomial: 200 tries of 1/20, so a mean of 10 and a variance of 9.5.
    assert sum(drawn.values()) == 200 * 32
    assert sum((times - 10) ** 2 for times in drawn.values()) / 640 == pytest.approx(9.5, rel=0.2)


# -- bounds ------------------------------------------------------------------------------------------------------------


def word(number: int) -> str:
    """A word of letters for each number, without digits."""
    letters = string.ascii_lowercase
    return "".join(letters[number // 26**place % 26] for place in range(4)) + "s"


@pytest.mark.parametrize("prefix", ["", "app:", "one.two:"])
def test_no_pattern_above_the_floor_is_lost_among_a_thousand_kinds(prefix: str) -> None:
    rng = random.Random(12)
    sizes = {f"{prefix}{word(31 * number)}:*": int(10 ** rng.uniform(0, 3.2)) for number in range(1000)}
    names = [glob[:-1].encode() + b"%012x" % rng.getrandbits(48) for glob, size in sizes.items() for _ in range(size)]
    found = {one.glob: one.count for one in passed(shuffled(names)).found}
    large = {glob: size for glob, size in sizes.items() if size >= 0.0005 * len(names)}
    assert len(large) > 300
    assert large.keys() - found.keys() == set()
    assert sum(found[glob].holds(size) for glob, size in large.items()) >= 0.93 * len(large)
    assert len(names) > 5 * MOST


def test_the_names_that_are_kept_are_a_random_sample_of_all() -> None:
    """Not the first ones: each key is as likely as another, whatever other keys there are."""
    kept = Counter[bytes]()
    for seed in range(400):
        patterns = KeyPatterns(sampled=10, rng=random.Random(seed))
        patterns.add(
            [b"key:%d" % number for number in range(100)] + [b"other:%d" % number for number in range(50)], 150
        )
        patterns.end()
        assert patterns.found[0].glob == "key:*"
        names = patterns.names("key:*")
        assert (len(names.keys), names.is_random) == (10, True)
        kept.update(names.keys)
    assert sum(kept.values()) == 4000
    first = sum(kept[b"key:%d" % number] for number in range(50))
    assert 1840 <= first <= 2160  # five standard deviations
    assert 10 <= min(kept.values()) <= max(kept.values()) <= 75


def test_a_name_that_is_too_long_to_be_kept_is_told() -> None:
    patterns = KeyPatterns()
    patterns.add([b"key:%d" % number for number in range(99)] + [b"key:" + b"9" * 2000], 100)
    patterns.end()
    (found,) = patterns.found
    names = patterns.names(found.glob)
    assert (found.count.value, len(names.keys), names.is_random) == (100, 99, False)


def test_in_a_cluster_all_keys_of_a_kind_may_be_still_to_come() -> None:
    """Keys of one hash tag are seen together, or not at all."""
    counts = []
    for is_cluster in (False, True):
        patterns = KeyPatterns()
        patterns.is_cluster = is_cluster
        patterns.begin()
        patterns.add(
            [*(b"page:%d" % number for number in range(990)), *(b"user:%d" % number for number in range(10))], 5000
        )
        counts.append({one.glob: one.count for one in patterns.found}["user:*"])
    alone, cluster = counts
    assert alone.holds(50)
    assert not alone.holds(4010)
    assert (cluster.low, cluster.value, cluster.high) == (10, 50, 4010)
