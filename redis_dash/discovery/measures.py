"""Measures keys of each kind, more of them where it helps, so that the memory of all kinds is known well enough."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from redis_dash.client.change_counters import database_of
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import whole
from redis_dash.core.certainty import Count
from redis_dash.core.errors import MissingRightError
from redis_dash.discovery.memory import (
    Sizes,
    gone_memory,
    has_heavy_tail,
    mean_interval,
    sampled_memory,
    sizes_of,
    whole_memory,
    with_unexplained,
)
from redis_dash.discovery.sizes import Size, read_sizes
from redis_dash.keyspace.key_patterns import NAMES, FoundPattern, KeyPatterns

FIRST, GROWTH = 256, 4
"""Keys of a kind that are measured at first, and how many times more are measured next."""
PRECISE = 0.03
"""If the interval is narrower, as a share of the figure, no more keys are measured."""
MEASURED_AT_ONCE = 2000
"""Keys that are measured in one call: some milliseconds of the server's time."""
AGES_S, AGES_OF_FEW_S, FEW = 300.0, 30.0, 16
"""Sizes are measured again after this time; those of kinds of so few keys sooner."""
PER_KEY, PER_KEY_LATER = 40, 8
"""Bytes of a key that MEMORY USAGE tells and INFO counts as overhead of the hash table: until Valkey 8.0, and later."""


class _Measured(msgspec.Struct):
    """What was measured of one kind."""

    at: float
    """When that began, in Unix epoch seconds."""
    wanted: int = FIRST
    sizes: dict[bytes, Size | None] = {}
    times: dict[bytes, float] = {}
    """When each key was measured, in Unix epoch seconds."""
    summary: Sizes | None = None

    def since(self, names: Sequence[bytes]) -> float:
        """When the first of these keys was measured: all that is told of them is of then or later."""
        return min((self.times[key] for key in names if key in self.times), default=self.at)


class Memory(NamedTuple):
    """The memory of one kind of keys."""

    bytes: Count
    measured: int
    """0 if those that were measured are gone by now."""
    mean_bytes: float
    at: float
    """When they were measured, or the first of those that are still there; Unix epoch seconds."""


class Measures:
    """The memory of each kind of keys, as far as it is measured."""

    def __init__(self, deployment: Deployment, patterns: KeyPatterns) -> None:
        self._deployment = deployment
        self._patterns = patterns
        self._measured: dict[str, _Measured] = {}
        self._data: int | None = None
        """Bytes that the server's data takes, as MEMORY USAGE counts them; None if the server does not say."""
        self._told: dict[str, Memory] = {}
        self._told_of: Sequence[FoundPattern] = ()

    async def measure(self, kinds: Sequence[FoundPattern]) -> bool:
        """Measure more keys of these kinds, the first ones first; returns whether there is more to measure.

        Raises:
            SourceError: the server could not be reached.
        """
        now, most, is_more = time.time(), MEASURED_AT_ONCE, False
        for pattern in kinds:
            keys = self._next(pattern, now, may_begin=most > 0)
            is_more = is_more or bool(keys)
            if asked := keys[:most]:
                most -= len(asked)
                one = self._measured[pattern.glob]
                one.times.update(dict.fromkeys(asked, time.time()))
                one.sizes.update(await read_sizes(self._deployment, asked))
                one.summary = sizes_of([size for size in one.sizes.values() if size is not None])
        if len(self._measured) > 2 * len(kinds):
            globs = {pattern.glob for pattern in kinds}
            self._measured = {glob: one for glob, one in self._measured.items() if glob in globs}
        await self._ask_data()
        self._told_of = ()
        return is_more

    def _next(self, pattern: FoundPattern, now: float, *, may_begin: bool) -> list[bytes]:
        """Keys of a kind that are measured next; none if more would not help, or are not known."""
        one = self._measured.get(pattern.glob)
        ages_s = AGES_S if one is not None and len(one.sizes) > FEW else AGES_OF_FEW_S
        if one is None or (may_begin and now - one.at > ages_s):
            one = self._measured[pattern.glob] = _Measured(now)
        if one.summary is not None and one.summary.unreadable:
            return []  # the server logs each refusal
        names = self._patterns.names(pattern.glob).keys
        measured = sum(key in one.sizes for key in names)
        if measured >= one.wanted and not _may_be_whole(pattern, names) and _is_precise(one.summary):
            return []
        while measured >= one.wanted and one.wanted < NAMES:
            one.wanted *= GROWTH
        wanted = NAMES if _may_be_whole(pattern, names) else one.wanted - measured
        return [key for key in names if key not in one.sizes][: max(0, wanted)]

    async def _ask_data(self) -> None:
        """Ask how much memory the data takes."""
        try:
            values = (await self._deployment.info()).values
        except MissingRightError:
            self._data = None
            return
        data, tells_keys = whole(values, "used_memory_dataset"), database_of(values, 0) is not None
        keys = sum(_keys(text) for name, text in values.items() if name.startswith("db") and name[2:].isdecimal())
        self._data = data + _per_key(values) * keys if data and tells_keys else None

    def memory(self, found: Sequence[FoundPattern]) -> Mapping[str, Memory]:
        """The memory of each kind that was measured."""
        if found is not self._told_of:
            self._told, self._told_of = self._tell(found), found
        return self._told

    def _tell(self, found: Sequence[FoundPattern]) -> dict[str, Memory]:
        alone = {one.glob: self._alone(one) for one in found if one.glob in self._measured}
        known = {glob: memory for glob, memory in alone.items() if memory is not None and _says_something(memory)}
        told: dict[str, Memory] = {}
        for glob, memory in with_unexplained(known, self._data).items():
            if not _says_something(memory):
                continue
            one, names = self._measured[glob], self._patterns.names(glob).keys
            number, mean = sum(key in one.sizes for key in names), one.summary.mean if one.summary else 0.0
            told[glob] = Memory(memory, number, mean, one.since(names))
        return told

    def _alone(self, pattern: FoundPattern) -> Count | None:
        """The memory of a kind from its own keys alone; None if it is not known."""
        one = self._measured[pattern.glob]
        names, is_random = self._patterns.names(pattern.glob)
        if is_random and _may_be_whole(pattern, names) and one.sizes.keys() >= set(names):
            there = [size for key in names if (size := one.sizes[key]) is not None]
            # If all were gone when they were measured: those that come again take some memory.
            return whole_memory(pattern.count, sizes_of(there), one.since(names)) if there or not names else None
        # Measured keys may be gone by now; of a kind whose names are few, that would be most of them.
        there = [size for key in names if (size := one.sizes.get(key)) is not None]
        if not there:
            return gone_memory(pattern.count, one.summary) if one.summary else None
        summary = sizes_of(there)
        return sampled_memory(pattern.count, summary, is_random=is_random) if summary else None


def _says_something(memory: Count) -> bool:
    """Whether more is known than that there may be some memory."""
    return memory.value > 0 or memory.certainty != "at_least"


def _may_be_whole(pattern: FoundPattern, names: Sequence[bytes]) -> bool:
    """Whether all keys of a kind are known by name."""
    return pattern.count.low == pattern.count.high == pattern.count.value == len(names)


def _is_precise(sizes: Sizes | None) -> bool:
    """Whether more sizes would not help, or none may be read."""
    if sizes is None:
        return True
    low, high = mean_interval(sizes, 1_000_000_000)
    return not has_heavy_tail(sizes) and high - low <= 2 * PRECISE * sizes.mean


def _keys(text: str) -> int:
    fields: Mapping[str, str] = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    return whole(fields, "keys")


def _per_key(values: Mapping[str, str]) -> int:
    major, minor = (values.get("valkey_version", "0.0") + ".0").split(".")[:2]
    is_later = major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= (8, 1)
    return PER_KEY_LATER if is_later else PER_KEY
