"""The slot of a key, which decides about the node of a cluster that holds it."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from itertools import count

SLOTS = 16384


def hash_tag(key: bytes) -> bytes:
    """The part of a key between the first ``{`` and the next ``}``; empty if there is none."""
    _, opened, rest = key.partition(b"{")
    tag, closed, _ = rest.partition(b"}")
    return tag if opened and closed else b""


def slot_of(key: bytes) -> int:
    """The slot of a key: only its hash tag counts, if it has one."""
    return crc_hqx(hash_tag(key) or key, 0) % SLOTS


def name_in(holds: Callable[[int], bool]) -> bytes:
    """A name whose slot is held; empty if none is found soon."""
    for number in count():
        if holds(slot_of(name := b"%d" % number)):
            return name
        if number > 20 * SLOTS:
            break
    return b""
