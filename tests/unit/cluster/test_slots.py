"""The slot of a key, as redis-py and the specification compute it."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from redis_dash.client.cluster.slots import SLOTS, hash_tag, name_in, slot_of


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"foo",
        b"session:1",
        b"{user}:1",
        b"{}a",
        b"{}{b}",
        b"a{b}c{d}",
        b"{",
        b"a}b{c",
        b"{a",
        b"{{b}}c",
        b"\xff{\x00}",
    ],
)
def test_the_slot_is_that_of_the_driver(key: bytes) -> None:
    assert slot_of(key) == key_slot(key)


def test_slots_of_many_keys_are_those_of_the_driver() -> None:
    for number in range(2000):
        key = b"key:%d:{%d}" % (number, number % 7) if number % 3 else b"key:%d" % number
        assert slot_of(key) == key_slot(key)


def test_the_hash_tag_is_between_the_first_braces() -> None:
    assert [hash_tag(key) for key in (b"a{b}c", b"a{}{b}", b"a{b", b"a")] == [b"b", b"", b"", b""]


def test_a_name_is_found_for_every_slot() -> None:
    for slot in range(0, SLOTS, 1500):
        assert slot_of(name_in(lambda one, slot=slot: one == slot)) == slot  # type: ignore[misc]
    assert name_in(lambda _: False) == b""
