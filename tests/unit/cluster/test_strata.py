"""Estimates over several nodes hold as often as they say, wherever the keys of a family are."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from redis_dash.client.cluster.slots import SLOTS, slot_of
from redis_dash.core.certainty import Count
from redis_dash.keyspace.strata import Portion, StratifiedSample, has_one_slot

CASES = 200
NODES = 3
OTHER = b"other:%d"


@cache
def slot(key: bytes) -> int:
    return slot_of(key)


def node_of(key: bytes) -> int:
    return slot(key) * NODES // SLOTS


def in_any_order(keys: list[bytes]) -> list[bytes]:
    """As a server with one hash table scans them."""
    random.shuffle(keys)
    return keys


def slot_by_slot(keys: list[bytes]) -> list[bytes]:
    """As a server with a hash table for each slot scans them."""
    random.shuffle(keys)
    return sorted(keys, key=slot)


def scanned(
    keys: Sequence[bytes],
    is_ours: Callable[[bytes], bool],
    shares: Sequence[float],
    order: Callable[[list[bytes]], list[bytes]],
) -> Count:
    """The estimate after each node has been scanned up to its share."""
    sample, now = StratifiedSample(), 1.0
    nodes = [order([key for key in keys if node_of(key) == node]) for node in range(NODES)]
    steps = 5
    for step in range(steps):
        portions = list[Portion]()
        for node, (own, share) in enumerate(zip(nodes, shares, strict=True)):
            begin, end = (int(len(own) * share * part / steps) for part in (step, step + 1))
            part = own[begin:end]
            portions.append(Portion(node, [key for key in part if is_ours(key)], len(part), len(own), end / len(own)))
        seen = sum(portion.scanned for portion in portions)
        found = sum(len(portion.keys) for portion in portions)
        done = sample.scanned + seen
        sample.add(found, seen, len(keys), done / len(keys), now)
        sample.add_portions(portions, now)
    return sample.estimate()


def held(
    make: Callable[[], tuple[list[bytes], Callable[[bytes], bool]]],
    shares: Sequence[float],
    order: Callable[[list[bytes]], list[bytes]],
) -> int:
    """In how many of the cases the truth is within the interval."""
    right = 0
    for seed in range(CASES):
        random.seed(seed)
        keys, is_ours = make()
        right += scanned(keys, is_ours, shares, order).holds(sum(map(is_ours, keys)))
    return right


OTHERS = [OTHER % number for number in range(3000)]
TAGS = [tag for tag in (b"%d" % number for number in range(2000)) if node_of(b"{%b}" % tag) == 0]


def of_one_node() -> tuple[list[bytes], Callable[[bytes], bool]]:
    """A family whose names have no tags, all on the first node."""
    numbers = random.sample(range(20_000), 1500)
    ours = [key for key in (b"family:%d" % number for number in numbers) if node_of(key) == 0]
    return [*OTHERS, *ours], lambda key: key.startswith(b"family:")


def of_tags_of_one_node() -> tuple[list[bytes], Callable[[bytes], bool]]:
    """A family of 200 tags, each with some keys, all on the first node."""
    tags = random.sample(TAGS, 200)
    ours = [b"family:{%b}:%d" % (tag, number) for tag in tags for number in range(random.randint(1, 9))]
    return [*OTHERS, *ours], lambda key: key.startswith(b"family:")


@pytest.mark.parametrize("order", [in_any_order, slot_by_slot])
@pytest.mark.parametrize("shares", [(0.3, 0.3, 0.3), (0.1, 0.6, 0.3)])
def test_keys_that_are_all_on_one_node(shares: Sequence[float], order: Callable[[list[bytes]], list[bytes]]) -> None:
    assert 0.93 * CASES <= held(of_one_node, shares, order) <= 0.99 * CASES


@pytest.mark.parametrize("shares", [(0.3, 0.3, 0.3), (0.1, 0.6, 0.3)])
def test_keys_of_many_tags_that_are_seen_together(shares: Sequence[float]) -> None:
    assert 0.93 * CASES <= held(of_tags_of_one_node, shares, slot_by_slot) <= CASES


def of_one_tag() -> tuple[list[bytes], Callable[[bytes], bool]]:
    """A family of a single tag."""
    tag = random.choice(TAGS)
    return [*OTHERS, *(b"family:{%b}:%d" % (tag, number) for number in range(900))], lambda key: b"family:" in key


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("order", [in_any_order, slot_by_slot])
def test_keys_of_one_tag_are_never_extrapolated_wrongly(
    share: float, order: Callable[[list[bytes]], list[bytes]]
) -> None:
    """All of them may be still to be seen, however few were seen so far."""
    assert held(of_one_tag, (share,) * 3, order) == CASES


def test_a_node_that_was_not_scanned_is_unknown() -> None:
    sample = StratifiedSample()
    sample.add(100, 1000, 30_000, 1 / 30, 1.0)
    keys = [b"a:%d" % number for number in range(100)]
    sample.add_portions([Portion("one", keys, 1000, 10_000, 0.1), Portion("two", (), 0, 20_000, 0.0)], 1.0)
    count = sample.estimate()
    assert count.high is not None
    assert count.value == pytest.approx(1000, rel=0.01)  # of the scanned node alone
    assert count.low < 1000
    assert count.high > 20_000


def test_when_all_are_scanned_the_number_is_known() -> None:
    random.seed(1)
    keys, is_ours = of_tags_of_one_node()
    truth = sum(map(is_ours, keys))
    count = scanned(keys, is_ours, (1.0, 1.0, 1.0), slot_by_slot)
    assert (count.low, count.value, count.high) == (truth, truth, truth)


def test_a_tag_in_the_pattern_is_one_slot() -> None:
    assert has_one_slot(["{bull}:*"])
    assert not any(map(has_one_slot, (["{*}:a"], ["a:*"], ["{}a"], [])))
