"""Reads how much memory keys take.

MEMORY USAGE reads only some elements of a collection and extrapolates. A bounded number of them is read: collections
that cannot have more are measured exactly, of larger ones the spread between several parts is the uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.client.deployment import Deployment
from redis_dash.core.resp import Command, ReplyError

ELEMENTS = 1000
"""Elements that are measured of each collection: some 20 microseconds."""
PART, PARTS = 5000, 4
"""Of a large collection so many parts of so many elements are measured: some 2 ms."""
LARGE_AT_ONCE = 16
"""Large collections that are measured in one call; the keys after them are left for the next one."""
LEAST_ELEMENT = 16
"""Bytes that an element, or a node of a list, takes at least, if elements are allocated one by one."""
T_OF_PARTS = 3.18
"""The 97.5 % quantile of Student's t for the mean of four parts."""
AT_ONCE = 100
"""Keys that are measured at once: other callers wait meanwhile."""


class Size(NamedTuple):
    """The memory of one key in bytes, with its 95 % interval; all three are equal if all elements were measured."""

    value: float
    low: float
    high: float


UNREADABLE = Size(0, 0, math.inf)
"""The size of a key that our user may not read."""


async def read_sizes(deployment: Deployment, keys: Sequence[bytes]) -> dict[bytes, Size | None]:
    """The memory of the first of these keys; None for those that are gone.

    The others are left for another call, because there are many large collections among the first.

    Raises:
        SourceError: the server could not be reached.
    """
    sizes: dict[bytes, Size | None] = {}
    large = 0
    for begin in range(0, len(keys), AT_ONCE):
        part = keys[begin : begin + AT_ONCE]
        replies = await deployment.pipeline([usage(key, ELEMENTS) for key in part])
        told = dict(zip(part, replies, strict=True))
        unsure = [key for key, size in told.items() if isinstance(size, int) and not is_whole(size, ELEMENTS)]
        types = await deployment.pipeline([(b"TYPE", key) for key in unsure]) if unsure else []
        collections = {key for key, kind in zip(unsure, types, strict=True) if kind != b"string"}
        for key, size in told.items():
            if key not in collections:
                sizes[key] = _size(size)
            elif large < LARGE_AT_ONCE:
                large += 1
                sizes[key] = await _read_large(deployment, key)
            else:
                return sizes
    return sizes


def _size(reply: object) -> Size | None:
    if isinstance(reply, int):
        return Size(reply, reply, reply)
    return UNREADABLE if isinstance(reply, ReplyError) else None


def usage(key: bytes, elements: int) -> Command:
    """The command that measures a key by so many of its elements."""
    return b"MEMORY", b"USAGE", key, b"SAMPLES", b"%d" % elements


def is_whole(size: int, elements: int) -> bool:
    """Whether a collection of this size cannot have more elements than were measured."""
    return size <= elements * LEAST_ELEMENT


async def _read_large(deployment: Deployment, key: bytes) -> Size | None:
    """Measure the first 5,000, 10,000, ... elements; most collections are in the order of hashes, which is random."""
    ends = [PART * (number + 1) for number in range(PARTS)]
    told = await deployment.pipeline([usage(key, end) for end in ends])
    sizes = [size for size in told if isinstance(size, int)]
    return size_of_parts(sizes, ends) if len(sizes) == PARTS else None  # None: it is gone


def size_of_parts(told: Sequence[int], ends: Sequence[int]) -> Size:
    """The size of a collection of which MEMORY USAGE told these sizes, after so many elements each.

    Each reply is the mean of the elements that were measured, times their number: the difference of two is what the
    elements between them tell.
    """
    size = told[-1]
    if is_whole(size, ends[-1]) or told[-2] == size:
        return Size(size, size, size)
    before = zip((0, *told), (0, *ends), strict=False)
    parts = [
        (now * end - was * begin) / (end - begin) for (was, begin), now, end in zip(before, told, ends, strict=False)
    ]
    mean = sum(parts) / len(parts)
    half = T_OF_PARTS * math.sqrt(sum((part - mean) ** 2 for part in parts) / (len(parts) - 1) / len(parts))
    return Size(size, max(ends[-1] * LEAST_ELEMENT, size - half), size + half)
