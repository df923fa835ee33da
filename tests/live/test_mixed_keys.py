"""Among 100,000 other keys the few of each framework are recognised, and none of the others is taken for one."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.live.mixed_keys import Found, Key, discover, matrix, taken_for, write
from tests.live.recordings import recordings

SHOWN = ("sessions", "rate_limits", "leaderboards", "cache")
"""Topics of which nothing else may be taken for a part."""
NAMED_BY_THE_APPLICATION = ("aiocache-json", "aiocache-msgpack", "aiocache-pickle")
"""Caches whose keys and values are those of any application: they are not recognised."""


class Mixed(NamedTuple):
    """The keys that were written, and what was found."""

    keys: Sequence[Key]
    found: Found


@pytest.fixture(scope="module")
def mixed() -> Mixed:
    """All keys on a server of their own, which has been scanned."""
    with EmbeddedServer() as server, redis.Redis.from_url(server.url) as client:
        keys = write(client)
        return Mixed(keys, asyncio.run(discover(server.url)))


def test_the_few_keys_of_frameworks_are_found_among_very_many_others(mixed: Mixed) -> None:
    keys, found = mixed
    taken = taken_for(keys, found.claims)
    told = matrix(taken)
    topics = {key: claim.layout.topic if claim else "" for key, claim in taken.items()}

    wrong = [key for key, topic in topics.items() if key.topic in ("noise", "bystander") and topic in SHOWN]
    assert wrong == [], told
    missed = [key for key, topic in topics.items() if key.topic == "session" and topic != "sessions"]
    assert missed == [], told
    missed = [key for key, topic in topics.items() if key.topic == "limit" and topic != "rate_limits"]
    assert [key for key in missed if not key.name.endswith(b":blocked")] == [], told

    topics_of = defaultdict[str, set[str]](set)
    for key, topic in topics.items():
        topics_of[key.kind].add(topic)
    for name in recordings("caches"):
        assert ("cache" in topics_of[name]) == (name not in NAMED_BY_THE_APPLICATION), name
    for name in filter(topics_of.get, recordings("bystander")):  # some only publish
        assert topics_of[name] & {"other"}, name


def test_keys_are_in_the_pattern_of_their_kind(mixed: Mixed) -> None:
    keys, found = mixed
    kinds = {key.name: key.kind for key in keys if key.topic == "noise"}
    sampled = [(kinds[name], glob) for glob, names in found.names.items() for name in names if name in kinds]
    assert len(sampled) > 10_000
    wrong = Counter(pair for pair in sampled if pair[0] != pair[1])
    assert sum(wrong.values()) <= 0.01 * len(sampled), wrong
    assert {kind for kind in kinds.values() if "*" in kind} <= found.names.keys()


def test_recognised_kinds_of_few_keys_are_listed(mixed: Mixed) -> None:
    """Once each, with what is known of them: the keys that were read."""
    found = mixed.found
    assert {claim.glob for claim in found.claims} == {claim.keys for kind in found.kinds for claim in kind.recognised}
    rare = [kind for kind in found.kinds if kind.count.certainty == "at_least"]
    assert rare
    for kind in rare:
        assert kind.count.value == kind.sampled == sum(number for _, number in kind.types)
        assert len(kind.recognised) == 1
