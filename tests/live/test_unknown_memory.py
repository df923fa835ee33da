"""Memory that is not known is not called 0: keys that come again and again may be gone when theirs is asked for."""

from __future__ import annotations

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.core.certainty import at_least, counted, unknown
from redis_dash.core.frames.keys import KeyKind
from redis_dash.discovery.measures import Measures
from redis_dash.keyspace.key_patterns import FoundPattern, KeyPatterns
from redis_dash.tui import kind_text

ALONE, OTHER = b"LIMITS:10.0.0.1/2/45/second", b"LIMITS:10.0.0.2/2/45/second"


def found(patterns: KeyPatterns, *keys: bytes) -> None:
    patterns.begin()
    patterns.add(list(keys), len(keys))
    patterns.end()


@pytest.mark.parametrize("keys", [[ALONE], [b"rl:%d" % number for number in range(3)]])
async def test_of_a_kind_whose_keys_are_gone_the_memory_is_not_known(
    deployment: Deployment, client: redis.Redis, keys: list[bytes]
) -> None:
    found(patterns := KeyPatterns(), *keys)
    measured = Measures(deployment, patterns)
    while await measured.measure(patterns.found):
        pass
    assert len(patterns.found) == 1
    assert measured.memory(patterns.found) == {}


async def test_one_that_is_there_is_measured_beside_it(deployment: Deployment, client: redis.Redis) -> None:
    client.set("page", "x")
    found(patterns := KeyPatterns(), ALONE, b"page")
    measured = Measures(deployment, patterns)
    await measured.measure(patterns.found)
    assert {glob: memory.bytes.value for glob, memory in measured.memory(patterns.found).items()} == {
        "page": client.memory_usage("page")
    }


async def test_a_lower_bound_of_nothing_says_nothing(deployment: Deployment, client: redis.Redis) -> None:
    """As of a kind of which those that were measured are gone, and perhaps all others."""
    names = [b"rl:%d" % number for number in range(20)]
    client.mset(dict.fromkeys(names, "x"))
    found(patterns := KeyPatterns(), *names)
    measured = Measures(deployment, patterns)
    await measured.measure(patterns.found)
    client.flushall()
    found(patterns, *(b"rl:%d" % number for number in range(30, 50)))
    (pattern,) = patterns.found
    assert measured.memory([FoundPattern(pattern.glob, at_least(0), pattern.keys)]) == {}
    assert measured.memory([FoundPattern(pattern.glob, unknown(), pattern.keys)]) == {}
    (told,) = measured.memory([FoundPattern(pattern.glob, counted(20, 20, 20, 0.0), pattern.keys)]).values()
    assert told.bytes.value > 0


def test_memory_that_is_not_known_is_a_dash() -> None:
    kind = KeyKind(1, "LIMITS:*", counted(1, 1, 1, 0.0), 1)
    assert kind_text.memory(kind) == kind_text.memories(kind)[0] == "–"
