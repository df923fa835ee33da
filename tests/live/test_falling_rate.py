"""The mark of a fallen hit rate stays while the rate is low, until that is no news any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import redis

from redis_dash.config import CachePattern
from redis_dash.core.frames.cache import FALL_IS_NEWS_S, CacheFrame
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource

MakeContext = Callable[..., Context]


async def test_a_lasting_fall_stays_marked(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the server and of a cache, also when most readings and most lookups are those of the fall."""
    after = watch(make_context, client, monkeypatch)
    assert marks([await after(100, 0) for _ in range(8)][-1]) == (False, False)
    assert {marks(await after(50, 50)) for _ in range(100)} == {(True, True)}
    assert (await after(50, 50)).usual_hit_rate == 1.0
    assert {marks(await after(84 + number % 4, 16)) for number in range(40)} == {(True, True)}, "it is not half back"
    assert {marks(await after(100, 0)) for _ in range(5)} == {(False, False)}


async def test_a_rate_that_stays_low_is_the_usual_one_after_some_minutes(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that of a cache whose counters hold very many lookups of a better time. Then a further fall is news."""
    clock = [0.0]
    monkeypatch.setattr("redis_dash.sources.cache.monotonic", lambda: clock[0])
    after = watch(make_context, client, monkeypatch)
    assert marks([await after(2000, 0) for _ in range(8)][-1]) == (False, False)
    assert {marks(await after(70, 30)) for _ in range(10)} == {(True, True)}
    clock[0] += FALL_IS_NEWS_S
    assert {marks(await after(70, 30)) for _ in range(30)} == {(False, False)}
    assert (await after(70, 30)).usual_hit_rate == 0.7
    assert {marks(await after(30, 70)) for _ in range(10)} == {(True, True)}
    assert {marks(await after(70, 30)) for _ in range(10)} == {(False, False)}


def watch(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, int], Awaitable[CacheFrame]]:
    """Returns what reads the cache's topic after so many hits and misses."""
    monkeypatch.setattr("redis_dash.sources.cache.USUAL_LEAST", 5)
    monkeypatch.setattr("redis_dash.sources.cache.USUAL_MOST", 20)
    context = make_context(caches=(CachePattern("pages", "page:*", "stats"),))
    source = CacheSource(context)
    source._shortest_s = 0.0
    client.set("page:1", "x")

    async def after(hits: int, misses: int) -> CacheFrame:
        with client.pipeline(transaction=False) as pipeline:
            for key in ["page:1"] * hits + ["page:2"] * misses:
                pipeline.get(key)
            pipeline.hincrby("stats", "hits", hits)
            pipeline.hincrby("stats", "misses", misses)
            pipeline.execute()
        return (await source.read()).frame

    return after


def marks(frame: CacheFrame) -> tuple[bool | None, bool | None]:
    """Of the server and of the cache."""
    return frame.has_fallen, frame.groups[0].has_fallen
