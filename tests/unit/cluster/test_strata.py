"""Estimates over several nodes hold as often as they say, wherever the keys of a family are."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
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


def by_node(keys: Iterable[bytes]) -> list[list[bytes]]:
    """The keys that each node has."""
    nodes: list[list[bytes]] = [[] for _ in range(NODES)]
    for key in keys:
        nodes[node_of(key)].append(key)
    return nodes


def in_any_order(_: bytes) -> float:
    """As a server with one hash table scans them."""
    return random.random()


def slot_by_slot(key: bytes) -> float:
    """As a server with a hash table for each slot scans them."""
    return slot(key) + random.random()


OTHERS = [OTHER % number for number in range(3000)]
OTHERS_OF = by_node(OTHERS)


def scanned(ours: Sequence[bytes], shares: Sequence[float], order: Callable[[bytes], float]) -> Count:
    """The estimate of our keys among others after each node has been scanned up to its share."""
    sample, now = StratifiedSample(), 1.0
    nodes = [sorted([*others, *own], key=order) for others, own in zip(OTHERS_OF, by_node(ours), strict=True)]
    is_ours, size = set(ours).__contains__, len(OTHERS) + len(ours)
    steps = 5
    for step in range(steps):
        portions = list[Portion]()
        for node, (own, share) in enumerate(zip(nodes, shares, strict=True)):
            begin, end = (int(len(own) * share * part / steps) for part in (step, step + 1))
            part = own[begin:end]
            portions.append(Portion(node, list(filter(is_ours, part)), len(part), len(own), end / len(own)))
        seen = sum(portion.scanned for portion in portions)
        found = sum(len(portion.keys) for portion in portions)
        done = sample.scanned + seen
        sample.add(found, seen, size, done / size, now)
        sample.add_portions(portions, now)
    return sample.estimate()


def held(make: Callable[[], list[bytes]], shares: Sequence[float], order: Callable[[bytes], float]) -> int:
    """In how many of the cases the truth is within the interval."""
    right = 0
    for seed in range(CASES):
        random.seed(f"case {seed}")
        ours = make()
        right += scanned(ours, shares, order).holds(len(ours))
    return right


FAMILY = [b"family:%d" % number for number in range(20_000)]
TAGS = [tag for tag in (b"%d" % number for number in range(2000)) if node_of(b"{%b}" % tag) == 0]


def of_one_node() -> list[bytes]:
    """A family whose names have no tags, all on the first node."""
    return [key for key in random.sample(FAMILY, 1500) if node_of(key) == 0]


def of_tags_of_one_node() -> list[bytes]:
    """A family of 200 tags, each with some keys, all on the first node."""
    tags = random.sample(TAGS, 200)
    return [b"family:{%b}:%d" % (tag, number) for tag in tags for number in range(random.randint(1, 9))]


@pytest.mark.parametrize("order", [in_any_order, slot_by_slot])
@pytest.mark.parametrize("shares", [(0.3, 0.3, 0.3), (0.1, 0.6, 0.3)])
def test_keys_that_are_all_on_one_node(shares: Sequence[float], order: Callable[[bytes], float]) -> None:
    assert 0.93 * CASES <= held(of_one_node, shares, order) <= 0.99 * CASES


@pytest.mark.parametrize("shares", [(0.3, 0.3, 0.3), (0.1, 0.6, 0.3)])
def test_keys_of_many_tags_that_are_seen_together(shares: Sequence[float]) -> None:
    assert 0.93 * CASES <= held(of_tags_of_one_node, shares, slot_by_slot) <= CASES


def of_one_tag() -> list[bytes]:
    """A family of a single tag."""
    tag = random.choice(TAGS[:40])
    return [b"family:{%b}:%d" % (tag, number) for number in range(900)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("order", [in_any_order, slot_by_slot])
def test_keys_of_one_tag_are_never_extrapolated_wrongly(share: float, order: Callable[[bytes], float]) -> None:
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
    ours = of_tags_of_one_node()
    truth = len(ours)
    count = scanned(ours, (1.0, 1.0, 1.0), slot_by_slot)
    assert (count.low, count.value, count.high) == (truth, truth, truth)


def test_a_tag_in_the_pattern_is_one_slot() -> None:
    assert has_one_slot(["{bull}:*"])
    assert not any(map(has_one_slot, (["{*}:a"], ["a:*"], ["{}a"], [])))
