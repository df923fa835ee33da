"""The memory of each kind of keys against the sum of all its keys, on a real server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.discovery import measures, sizes
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.measures import Measures
from redis_dash.discovery.sizes import UNREADABLE, read_sizes
from redis_dash.keyspace import key_patterns
from redis_dash.keyspace.key_patterns import KeyPatterns
from tests.live.memory_keyspaces import Kind, discovered, judge, keyspace, truth_of, write
from tests.live.versions import removable

NEVER = 1e-6
"""A test fails by chance less often."""


def least_held(number: int, share: float) -> int:
    """So many of ``number`` intervals hold, but for once in a million, if each does with this probability."""
    held, below, chance = 0, 0.0, (1 - share) ** number
    while below + chance < NEVER:
        below += chance
        chance *= (number - held) / (held + 1) * share / (1 - share)
        held += 1
    return held


async def test_the_truth_is_held_on_a_real_server(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``python -m tests.live.memory_keyspaces``, with a smaller sample of smaller keyspaces."""
    monkeypatch.setattr(key_patterns, "MOST", 1200)
    monkeypatch.setattr(key_patterns, "FIRST", 600)
    judged = []
    for seed in range(18):
        kinds = keyspace(random.Random(seed), (600, 2500, 8000)[seed % 3])
        judged += await judge(redis_url, client, kinds, KeyPatterns(floor=0.01))
    for verdict, share in (("exact", 1.0), ("interval", 0.93), ("at least", 0.95)):
        told = [one for one in judged if one.verdict == verdict]
        missed = [one for one in told if not one.memory.holds(one.truth)]
        assert len(told) >= 2, verdict
        assert len(told) - len(missed) >= (len(told) if share == 1 else least_held(len(told), share)), missed


async def test_of_a_kind_with_few_keys_the_memory_is_exact(redis_url: str, client: redis.Redis) -> None:
    rng = random.Random(3)
    kinds = [
        Kind("few", "", [1, 50_000, 12]),
        Kind("more", "", [int(50 * rng.lognormvariate(0, 2)) for _ in range(3000)]),
        Kind("hashes", "", [rng.randint(1, 40_000) for _ in range(40)], is_hash=True),
    ]
    client.set("lone", "x" * 100)
    write(client, kinds)
    found = {one.name.partition(":")[0]: one for one in await discovered(redis_url)}
    for kind in kinds:
        memory = found[kind.name].memory
        assert memory is not None
        truth = truth_of(client, kind)
        assert (memory.bounds, memory.certainty) == ((truth, truth, truth), "counted"), kind.name
        assert found[kind.name].measured == len(kind.sizes)
        assert found[kind.name].mean_bytes == pytest.approx(truth / len(kind.sizes))
    lone = found["lone"].memory
    assert lone is not None
    assert lone.value == client.memory_usage("lone")


def collections(client: redis.Redis, number: int) -> list[bytes]:
    """Large collections of each type, with elements of differing lengths."""
    rng, pipe = random.Random(4), client.pipeline(transaction=False)
    for place in range(number):
        member = f"{place}:{'x' * rng.randint(0, 100)}"
        pipe.hset("hash", member, place)
        pipe.sadd("set", member)
        pipe.zadd("zset", {member: place})
        pipe.rpush("list", member)
        pipe.xadd("stream", {"a": member})
    pipe.execute()
    return [b"hash", b"set", b"zset", b"list", b"stream"]


@pytest.mark.parametrize("number", [900, 4000, 40_000])
async def test_large_collections(redis_url: str, client: redis.Redis, number: int) -> None:
    """Not by five of their elements, as MEMORY USAGE does if it is not told otherwise."""
    keys = collections(client, number)
    deployment = Deployment(Url(redis_url))
    read = await read_sizes(deployment, keys)
    await deployment.close()
    for key in keys:
        truth, size = client.memory_usage(key, samples=0), read[key]
        assert size is not None
        assert size.value == pytest.approx(truth, rel=0.001 if number < 20_000 else 0.03), key
        assert size.high <= 1.1 * size.low
        assert number > 20_000 or size.low == size.high, key


async def test_long_strings_are_known_and_keys_that_are_gone_left_out(
    deployment: Deployment, client: redis.Redis
) -> None:
    client.setrange("long", 1_000_000, "x")
    read = await read_sizes(deployment, [b"gone", b"long"])
    told = client.memory_usage("long")
    assert read == {b"gone": None, b"long": (told, told, told)}


async def test_keys_that_are_gone_are_not_added_to_those_that_came(deployment: Deployment, client: redis.Redis) -> None:
    """All are others at each pass, as short-lived sessions may be."""
    discovery = Discovery(deployment, patterns := KeyPatterns())
    for begin in (100, 200, 300, 400):
        client.flushdb()
        for number in range(begin, begin + 15):
            client.set(f"sess:{number}", "x" * 200)
        patterns.begin()
        keys = [f"sess:{number}".encode() for number in range(begin, begin + 15)]
        patterns.add(keys, len(keys))
        patterns.end()
        truth = sum(client.memory_usage(key) or 0 for key in keys)
        if begin > 100:
            memory = discovery.memory(patterns.found)["sess:*"].bytes
            assert memory.low <= truth
            assert memory.low >= 0.9 * truth, "they are all of one size"
        await discovery.look()
        began = time.time()
        await discovery.measure()
        memory_now = discovery.memory(patterns.found)["sess:*"]
        assert memory_now.bytes.value == truth
        assert memory_now.at >= began, "none of these keys was there when others were measured"


async def test_many_large_collections_are_measured_little_by_little(
    deployment: Deployment, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGE_AT_ONCE", 2)
    write(client, [Kind("hash", "", [40_000] * 5, is_hash=True)])
    keys = [b"hash:%d" % number for number in range(5)]
    assert list(await read_sizes(deployment, keys)) == keys[:2]
    patterns = KeyPatterns()
    patterns.add(keys, 5)
    patterns.end()
    measured, calls = Measures(deployment, patterns), 0
    while await measured.measure(patterns.found):
        calls += 1
    assert calls == 3
    memory = measured.memory(patterns.found)["hash:*"].bytes
    assert (memory.certainty, memory.value) == ("counted", truth_of(client, Kind("hash", "", [0] * 5)))


async def test_measuring_goes_on_where_it_helps(
    deployment: Deployment, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "MEASURED_AT_ONCE", 300)
    rng = random.Random(5)
    even, uneven = Kind("even", "", [200] * 6000), Kind("uneven", "", [rng.randint(1, 9000) for _ in range(6000)])
    write(client, [even, uneven])
    patterns = KeyPatterns()
    names = [f"{kind.name}:{number}".encode() for kind in (even, uneven) for number in range(6000)]
    patterns.add(rng.sample(names, len(names)), len(names))
    patterns.end()
    measured = Measures(deployment, patterns)
    assert await measured.measure(patterns.found)
    while await measured.measure(patterns.found):
        pass
    told = measured.memory(patterns.found)
    assert told["even:*"].measured < 300 < 1000 < told["uneven:*"].measured <= key_patterns.NAMES


def allow(client: redis.Redis, keys: str, *commands: str) -> None:
    """The rights of the poor user."""
    client.acl_setuser("poor", enabled=True, reset=True, passwords=["+pw"], keys=[keys], commands=commands)


def rejected(client: redis.Redis) -> int:
    """How often MEMORY USAGE was refused."""
    stats = client.info("commandstats")
    refused: list[int] = [
        one.get("rejected_calls", 0) for name, one in stats.items() if name.startswith("cmdstat_memory")
    ]
    return sum(refused)


async def test_without_the_servers_own_figure_nothing_is_said_of_keys_that_were_not_measured(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure for several databases does not bound one of them either."""
    monkeypatch.setattr(key_patterns, "MOST", 1200)
    monkeypatch.setattr(key_patterns, "FIRST", 600)
    write(client, [Kind("key", "", [1000] * 5000)])
    poor = redis_url.replace("redis://", "redis://poor:pw@")
    allow(client, "*", "+@all", "-info")
    for url, certainty in ((redis_url, "estimated"), (poor, "at_least")):
        (kind,) = await discovered(url, KeyPatterns(floor=0.01))
        assert kind.memory is not None
        assert kind.memory.certainty == certainty
        assert kind.memory.low <= truth_of(client, Kind("key", "", [0] * 5000))
    other = redis.Redis.from_url(redis_url.replace("/0", "/1"))
    other.setrange("huge", 50_000_000, "x")
    (kind,) = await discovered(redis_url, KeyPatterns(floor=0.01))
    other.flushdb()
    other.close()
    assert kind.memory is not None
    assert kind.memory.certainty == "at_least"


async def test_keys_that_may_not_be_read_are_not_tried_again_and_again(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., object]
) -> None:
    """The server logs each refusal."""
    write(client, [Kind("key", "", [100] * 1000)])
    url = redis_url.replace("redis://", "redis://poor:pw@")
    allow(client, "key:1*", "+@all")
    deployment = Deployment(Url(url))
    assert (await read_sizes(deployment, [b"key:2"]))[b"key:2"] == UNREADABLE
    patterns = KeyPatterns()
    patterns.add([b"key:%d" % number for number in range(1000)], 1000)
    patterns.end()
    measured = Measures(deployment, patterns)
    while await measured.measure(patterns.found):
        pass
    await deployment.close()
    told = measured.memory(patterns.found)["key:*"].bytes
    assert told.certainty == "at_least"
    assert 0 < told.value <= sum(client.memory_usage(key) or 0 for key in client.scan_iter("key:1*"))
    (kind,) = await discovered(url)
    assert (kind.memory, kind.refused > 0) == (None, True)
    allow(client, "*", "+@all", *removable(client, ["-memory|usage"]))
    before = rejected(client)
    (kind,) = await discovered(url)
    assert (kind.memory, kind.sampled) == (None, 16)
    assert before < rejected(client) <= before + 40, "not of all 1,000 keys"


async def test_a_name_that_is_too_long_to_be_kept_leaves_a_lower_bound(redis_url: str, client: redis.Redis) -> None:
    for number in range(20):
        client.set(f"key:{number}{'x' * (5000 if number == 7 else 0)}", "x")
    found = {one.name: one for one in await discovered(redis_url)}
    kinds = [one.memory for glob, one in found.items() if glob.startswith("key:") and one.count.value > 1]
    assert [memory.certainty for memory in kinds if memory is not None] == ["at_least"]


async def test_measuring_is_no_lookup_of_the_application(deployment: Deployment, client: redis.Redis) -> None:
    keys = collections(client, 2000)
    before = client.info("stats")
    await read_sizes(deployment, [*keys, b"gone"])
    after, own = client.info("stats"), deployment.nodes[0].own
    assert after["keyspace_hits"] - before["keyspace_hits"] <= own.hits  # TYPE of large ones
    values = (await deployment.info(max_age_s=-1)).values
    assert (int(values["keyspace_hits"]), int(values["keyspace_misses"])) == (own.hits, own.misses)
