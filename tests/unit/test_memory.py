"""The memory of a kind, from the sizes of a sample: how often its interval holds the truth."""

from __future__ import annotations

import math
import random

import pytest

from redis_dash.core.certainty import Count, exact
from redis_dash.discovery.memory import Sizes, sampled_memory, sizes_of, whole_memory, with_unexplained
from redis_dash.discovery.sizes import PART, UNREADABLE, Size, size_of_parts
from tests.live.memory_keyspaces import SHAPES


def sizes(values: list[int]) -> list[Size]:
    return [Size(value, value, value) for value in values]


def summary_of(values: list[int]) -> Sizes:
    summary = sizes_of(sizes(values))
    assert summary is not None
    return summary


def told(rng: random.Random, values: list[int], sampled: int, spare: float = 1.05) -> Count:
    """What is told of a kind of which some keys were measured, if the server's data takes a little more."""
    summary = summary_of(rng.sample(values, sampled))
    alone = sampled_memory(exact(len(values)), summary)
    return with_unexplained({"kind": alone}, sum(values) * spare)["kind"]


def test_the_interval_holds_the_truth_in_93_to_99_of_100_keyspaces() -> None:
    rng, held, intervals, bounds = random.Random(1), 0, 0, 0
    for _ in range(600):
        shape = rng.choice(["uniform", "log-normal", "two modes"])
        values = SHAPES[shape](rng, int(10 ** rng.uniform(3.2, 4.5)))
        memory = told(rng, values, rng.choice([256, 1024]), spare=1.0)
        if memory.certainty == "at_least":
            bounds += memory.holds(sum(values))
            continue
        intervals, held = intervals + 1, held + memory.holds(sum(values))
    assert intervals >= 300
    assert 0.93 <= held / intervals <= 0.99
    assert bounds >= 0.97 * (600 - intervals)


@pytest.mark.parametrize("seed", range(20))
def test_a_huge_key_that_was_not_sampled_is_not_denied(seed: int) -> None:
    """The sample is as if all keys were of one size; only the server's own figure tells of the huge key."""
    rng = random.Random(seed)
    values = [100] * 20_000
    values[7] = int(sum(values) * 10 ** rng.uniform(-1, 1))
    memory = told(rng, values, 256)
    assert memory.holds(sum(values))
    unknown = with_unexplained({"kind": sampled_memory(exact(20_000), summary_of([100] * 256))}, None)
    assert unknown["kind"].certainty == "at_least"
    assert 1_970_000 < unknown["kind"].value <= 2_000_000


def test_what_one_kind_does_not_explain_may_be_in_another() -> None:
    known = {name: sampled_memory(exact(10_000), summary_of([100] * 256)) for name in "ab"}
    close = with_unexplained(known, 2_100_000)
    assert {one.value for one in close.values()} == {1_000_000}
    assert all(980_000 < one.low < 1_000_000 for one in close.values())
    assert all(one.high is not None and 1_100_000 < one.high < 1_120_000 for one in close.values())
    apart = with_unexplained(known, 4_000_000)
    assert {one.certainty for one in apart.values()} == {"at_least"}
    whole = with_unexplained({"a": whole_memory(exact(2), summary_of([5, 6]), 7.0)}, 4_000_000)["a"]
    assert (whole.bounds, whole.certainty, whole.at) == ((11, 11, 11), "counted", 7.0)


def test_a_heavy_tail_gives_a_lower_bound() -> None:
    values = [100] * 250 + [1_000_000] * 6
    summary = summary_of(values)
    memory = sampled_memory(exact(10_000), summary)
    assert (memory.certainty, memory.high) == ("at_least", None)
    assert sum(values) <= memory.low < summary.mean * 10_000


def test_few_keys_of_another_size_make_the_interval_wider_and_no_lower_bound() -> None:
    """They are too few for an interval, and take too little to matter."""
    for other in (80, 120):
        memory = sampled_memory(exact(10_000), summary_of([100] * 255 + [other]))
        assert memory.certainty == "estimated"
        assert memory.holds(10_000 * 100 + 200 * (other - 100)), other  # 2 of 100 instead of 1 of 256
        assert memory.high is not None
        assert memory.high - memory.low < 0.03 * memory.value


def test_an_uncertain_number_of_keys_widens_the_interval() -> None:
    summary = summary_of([100] * 256)
    count = Count(10_000, 9_000, 12_000, "estimated", coverage=0.2)
    memory = sampled_memory(count, summary)
    assert (memory.value, memory.high) == (1_000_000, 1_200_000)
    assert 890_000 < memory.low < 900_000
    endless = sampled_memory(Count(10_000, 9_000, None, "at_least"), summary)
    assert (endless.certainty, endless.low) == ("at_least", 25_600)


def test_keys_that_may_not_be_read_or_were_not_drawn_at_random_leave_a_lower_bound() -> None:
    summary = sizes_of([*sizes([100] * 50), UNREADABLE])
    assert summary is not None
    assert (summary.number, summary.mean) == (50, 100)
    for memory in (
        whole_memory(exact(51), summary, 0.0),
        sampled_memory(exact(500), summary),
        sampled_memory(exact(500), summary_of([100] * 50), is_random=False),
    ):
        assert (memory.certainty, memory.value) == ("at_least", 5000)


def _bytes_of(rng: random.Random, elements: int) -> float:
    """The bytes of so many elements of 30 and an exponentially distributed number of bytes, drawn as their sum."""
    return rng.gammavariate(elements, 100) + 30 * elements


def test_a_large_collection_is_as_uncertain_as_its_parts_differ() -> None:
    rng, held = random.Random(2), 0
    ends, elements = [PART * (number + 1) for number in range(4)], 60_000
    for _ in range(200):
        parts = [_bytes_of(rng, number) for number in (*[PART] * len(ends), elements - ends[-1])]
        replies = [int(sum(parts[: place + 1]) / end * elements) + 5000 for place, end in enumerate(ends)]
        size = size_of_parts(replies, ends)
        held += size.low <= sum(parts) + 5000 <= size.high
        assert size.high - size.low < 0.1 * size.value
    assert 0.90 <= held / 200 <= 0.99


@pytest.mark.parametrize("reply", [[900_000] * 4, [910_000, 905_000, 900_000, 900_000], [9, 8, 7, 6]])
def test_a_collection_of_which_all_elements_were_measured_is_exact(reply: list[int]) -> None:
    """More elements than it has change nothing; and one of few bytes cannot have more."""
    size = size_of_parts(reply, [PART * (number + 1) for number in range(4)])
    assert size.low == size.high == size.value == reply[-1]


def test_no_key_is_no_memory() -> None:
    assert sizes_of([]) is None
    assert whole_memory(exact(0), None, 3.0).bounds == (0, 0, 0)
    assert math.isinf(UNREADABLE.high)
