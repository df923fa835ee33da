"""A server whose INFO leaves out fields, as some managed services do: what it does not tell is unknown, never 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from redis_dash.client import info
from redis_dash.keyspace.counts import KeyCounts
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.server import ServerSource

MakeContext = Callable[..., Context]
parse_info = info.parse_info


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fields that INFO has."""
    names = ["redis_version", "role", "run_id"]

    def parse(raw: bytes) -> dict[str, str]:
        return {name: text for name, text in parse_info(raw).items() if name in names}

    monkeypatch.setattr("redis_dash.client.node.parse_info", parse)
    return names


async def twice(source: ServerSource | CacheSource) -> Any:
    """The second frame, with rates, as it is exported."""
    await source.read()
    source._before = source._before._replace(at=0.0) if source._before else None  # one interval earlier
    return (await source.read()).frame.exported()


async def test_what_info_leaves_out_is_unknown(told: list[str], make_context: MakeContext, client: redis.Redis) -> None:
    client.set("a", "1")
    frame = await twice(ServerSource(make_context()))
    unknown = (
        *("uptime_s", "ops_per_s", "used_memory", "max_memory", "clients", "blocked_clients", "keys", "evicted"),
        *("evicted_per_s", "expired_per_s", "rejected_connections", "evicting_since", "rejecting_since"),
    )
    assert {name: frame[name] for name in unknown} == dict.fromkeys(unknown)


async def test_an_empty_database_has_no_keys(make_context: MakeContext, client: redis.Redis) -> None:
    """INFO then names no database, but has the section of the databases."""
    frame = (await ServerSource(make_context()).read()).frame
    assert (frame.keys, frame.evicted, frame.max_memory) == (0, 0, 0)


async def test_hits_and_misses_that_info_leaves_out_are_unknown(
    told: list[str], make_context: MakeContext, client: redis.Redis
) -> None:
    client.mget("a", "b")
    frame = await twice(CacheSource(make_context()))
    names = "hits", "misses", "hit_rate", "interval_hits", "interval_misses", "interval_hit_rate"
    assert {name: frame[name] for name in names} == dict.fromkeys(names)


async def test_without_the_databases_in_info_no_count_is_0(
    monkeypatch: pytest.MonkeyPatch, make_context: MakeContext, client: redis.Redis
) -> None:
    def parse(raw: bytes) -> dict[str, str]:
        return {name: text for name, text in parse_info(raw).items() if not name.startswith(("db0", "# Keyspace"))}

    monkeypatch.setattr("redis_dash.client.node.parse_info", parse)
    for number in range(5):
        client.set(f"session:{number:032x}", "{}", ex=100)
    context = make_context()
    await context.keyspace.pass_over()
    client.set("other", "x")
    counts: KeyCounts = context.keyspace.counts
    count = await counts.count_now("sessions")
    assert (count.value, count.certainty) == (5, "counted")
