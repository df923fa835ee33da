"""What a scan of several nodes says of each of them, and estimates that do not confuse them.

The nodes of a cluster are no random samples of each other: all keys with the hash tag ``{user}`` are on one of them.
Therefore each node has a sample of its own, and a node that was not scanned yet is unknown. A newer server scans one
slot after the other, so that keys of the same tag are seen together or not at all: many keys of one tag say as much as
one key.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from redis_dash.client.cluster.slots import hash_tag
from redis_dash.core.certainty import Count, estimated, unknown
from redis_dash.core.globs import encoded
from redis_dash.keyspace.estimate import Range, RecentSample, interval, total
from redis_dash.keyspace.sorted_keys import SortedKeys, Unnamed

MOST_TAGS = 10_000
"""Tags that are told apart, of each group and node."""
FEW = 4.0
"""If the keys have in effect fewer tags than this, nobody knows how many are still to be seen."""


class Stratum(NamedTuple):
    """What one slice has returned of one node."""

    node: Hashable
    found: SortedKeys
    size: int
    """Keys of the node; 0 if it does not say."""
    coverage: float
    """Share of the node that has been scanned so far."""


def keys_of(strata: Sequence[Stratum]) -> list[bytes]:
    """The keys of all nodes."""
    return list(chain.from_iterable(one.found.keys for one in strata))


class Portion(NamedTuple):
    """The same of one key group."""

    node: Hashable
    keys: Sequence[bytes]
    scanned: int
    size: int
    coverage: float
    has_tags: bool = True
    """Whether a key may have a hash tag."""


class Slice(NamedTuple):
    """The result of one SCAN, or of one on each node."""

    size: int
    """Keys in the database; 0 if the server does not say."""
    scanned: int
    keys: Mapping[str, Sequence[bytes]]
    """By key group."""
    passed_over: float
    """Share of the server's hash table that has been scanned, 0..1, computed from the cursor."""
    strata: Sequence[Stratum] = ()
    """By node, if there are several."""

    def portions(self, key_group: str) -> list[Portion]:
        """What each node has returned of a key group."""
        found = [(one, one.found) for one in self.strata]
        return [
            Portion(one.node, its.by_group.get(key_group, ()), len(its.keys), one.size, one.coverage, its.has_tags)
            for one, its in found
        ]


def merged(size: int, passed_over: float, strata: Sequence[Stratum]) -> Slice:
    """The slice of all nodes."""
    scanned = sum(len(one.found.keys) for one in strata)
    if len(strata) == 1:
        return Slice(size, scanned, strata[0].found.by_group, passed_over)
    by_group: dict[str, list[Sequence[bytes]]] = {}
    for one in strata:
        for name, of_group in one.found.by_group.items():
            by_group.setdefault(name, []).append(of_group)
    return Slice(size, scanned, {name: _together(parts) for name, parts in by_group.items()}, passed_over, strata)


def _together(parts: Sequence[Sequence[bytes]]) -> Sequence[bytes]:
    """The keys of one group on all nodes."""
    if any(isinstance(part, Unnamed) for part in parts):
        return Unnamed(sum(map(len, parts)))
    return list(chain.from_iterable(parts))


class _Node:
    """The sample of one node."""

    def __init__(self) -> None:
        self.sample = RecentSample()
        self.size = 0
        self._tags: Counter[bytes] = Counter()
        self._tagged = 0

    def add(self, part: Portion, now: float) -> None:
        self.size = part.size
        if part.scanned:
            self.sample.add(len(part.keys), part.scanned, part.size, part.coverage, now)
        if not part.has_tags:
            return
        for key in part.keys:
            if b"{" in key and (tag := hash_tag(key)) and (tag in self._tags or len(self._tags) < MOST_TAGS):
                self._tags[tag] += 1
                self._tagged += 1

    @property
    def is_unseen(self) -> bool:
        return not self.sample.scanned and self.size > 0

    @property
    def left(self) -> int:
        """Keys that are still to be scanned."""
        return 0 if self.sample.coverage >= 0.999 and self.size else max(0, self.size - self.sample.scanned)

    @property
    def has_tags(self) -> bool:
        return self._tagged > 0

    @property
    def squares(self) -> int:
        """The squared number of keys of each tag, added; a key without a tag counts once."""
        return self.sample.found - self._tagged + sum(number * number for number in self._tags.values())

    def range(self) -> Range:
        """The estimate with its 95 % interval."""
        count, found = self.sample.estimate(), self.sample.found
        plain = Range(count.value, count.low, self.size if count.high is None else count.high)
        together = self.squares / found if found else 1.0
        if together <= 1.0 or not self.left:
            return plain
        scanned = max(1, round(self.sample.scanned / together))
        size = max(scanned, round(self.size / together))
        low, high = interval(min(scanned, round(found / together)), scanned, size)
        return Range(
            plain.value,
            min(plain.low, max(found, math.floor(low * together))),
            max(plain.high, min(found + self.left, math.ceil(high * together))),
        )


class StratifiedSample(RecentSample):
    """A sample of a key group on all nodes; with one node it is that node's."""

    def __init__(self, *, one_slot: bool = False) -> None:
        """``one_slot``: all keys of the group have one hash tag."""
        super().__init__()
        self._nodes: dict[Hashable, _Node] = {}
        self._one_slot = one_slot

    def add_portions(self, portions: Sequence[Portion], now: float) -> None:
        """Add what each node has returned in one slice."""
        for part in portions:
            node = self._nodes.get(part.node)
            if node is None:
                node = self._nodes[part.node] = _Node()
            node.add(part, now)

    def estimate(self) -> Count:
        """The group's size with its 95 % interval; a node that was not scanned yet may hold any number."""
        if not self._nodes:
            return super().estimate()
        nodes = self._nodes.values()
        if not self.scanned:
            return unknown(self.size or None)
        if self._is_together:
            left = sum(node.left for node in nodes)
            return estimated(self.found, self.found, self.found + left, self.coverage)
        known = total([node.range() for node in nodes if node.sample.scanned])
        unseen = sum(node.size for node in nodes if node.is_unseen)
        low, high = max(self.found, math.floor(known.low)), math.ceil(known.high) + unseen
        return estimated(round(known.value), min(low, high), high, self.coverage)

    @property
    def _is_together(self) -> bool:
        """Whether the keys that were seen do not tell how many others there are."""
        if self._one_slot or not self.found:
            return True
        nodes = self._nodes.values()
        return any(node.has_tags for node in nodes) and self.found**2 / sum(node.squares for node in nodes) < FEW

    def of_all(self, part: Range) -> Range:
        """As of one node; what is not known of the group is not known of a part of it either."""
        if not self._nodes:
            return super().of_all(part)
        whole, found = self.estimate(), max(1, self.found)
        high = self.size if whole.high is None else whole.high
        return Range(part.value * whole.value / found, part.low, max(part.high * high / found, high - self.found))


def has_one_slot(globs: Sequence[str]) -> bool:
    """Whether keys of these patterns have a hash tag that is the same for all."""
    return any((tag := hash_tag(encoded(glob))) and not set(tag) & set(b"*?[\\") for glob in globs)
