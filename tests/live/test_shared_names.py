"""Keys of one pattern of names that a framework writes in several ways: each is recognised and read as what it is."""

from __future__ import annotations

import time

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, LimitPattern
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.dialects.layout import recognise
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.samples import read_samples
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.mixed_keys import discover

FIXED, MOVING = "limits (fixed window)", "limits (moving window)"


def count_both(client: redis.Redis, fixed: int, moving: int) -> None:
    """Clients of two limiters of the library limits that allow five a minute, each with three requests."""
    now = time.time()
    for number in range(fixed):
        client.set(f"LIMITS:LIMITER/10.0.0.{number}/api/5/1/minute", 3, ex=40)
    for number in range(moving):
        key = f"LIMITS:LIMITER/10.0.1.{number}/api/5/1/minute"
        client.rpush(key, now - 1, now - 2, now - 3)
        client.expire(key, 50)


async def rows(redis_url: str, config: Config) -> set[tuple[str, int, int | None, str]]:
    """What the dashboard shows of each client, after a pass; nothing may be left unrecognised."""
    async with running(hub := Hub(config)):
        # A pass of the watch that knows them: the first one may end before they are recognised.
        await until(lambda: hub.passes > 0 and any("LIMITER" in limit.keys for limit in hub.watch.config.limits))
        frame = next(one for one in await hub.read_all() if one.topic == "rate_limits").frame
    assert isinstance(frame, RateLimitsFrame)
    assert frame.unrecognised == ()
    assert frame.count.value == len(frame.rows)
    return {(row.identity, row.used, row.limit, row.dialect) for row in frame.rows}


@pytest.mark.parametrize(
    ("fixed", "moving", "others"), [(8, 8, 0), (15, 1, 0), (1, 15, 0), (60, 40, 0), (2, 2, 50_000)]
)
async def test_two_strategies_with_one_rate_are_both_shown(
    redis_url: str, client: redis.Redis, fixed: int, moving: int, others: int
) -> None:
    count_both(client, fixed, moving)
    client.mset({f"product:{number}": "x" for number in range(others)} or {"product:1": "x"})
    assert await rows(redis_url, Config(url=redis_url)) == {
        *((f"10.0.0.{number}", 3, 5, FIXED) for number in range(fixed)),
        *((f"10.0.1.{number}", 3, 5, MOVING) for number in range(moving)),
    }


async def test_a_written_setting_that_names_one_of_them_reads_both(redis_url: str, client: redis.Redis) -> None:
    count_both(client, 2, 2)
    for name in (FIXED, MOVING):
        limit = LimitPattern("LIMITS:LIMITER/*/5/1/minute", format=name)
        found = await rows(redis_url, Config(url=redis_url, limits=(limit,)))
        assert {(client, how) for client, _, _, how in found} == {
            *((f"10.0.0.{number}", FIXED) for number in range(2)),
            *((f"10.0.1.{number}", MOVING) for number in range(2)),
        }


async def test_the_list_of_kinds_names_both(redis_url: str, client: redis.Redis) -> None:
    count_both(client, 2, 2)
    (kind,) = (await discover(redis_url)).kinds
    assert [(one.name, one.fitting, one.sampled) for one in kind.recognised] == [(FIXED, 2, 4), (MOVING, 2, 4)]


async def test_other_keys_of_the_name_are_still_too_many(deployment: Deployment, client: redis.Redis) -> None:
    count_both(client, 3, 3)
    client.hset("LIMITS:LIMITER/10.0.2.1/api/5/1/minute", "a", 1)
    samples = await read_samples(deployment, list(client.scan_iter()))
    assert recognise([one.sample for one in samples], layouts()) == []


async def test_horizon_keys_of_several_types_are_recognised_together(
    deployment: Deployment, client: redis.Redis
) -> None:
    client.hset("laravel_horizon:1", "status", "completed")
    client.zadd("laravel_horizon:recent_jobs", {"1": 1.0})
    client.set("laravel_horizon:job_id", 1)
    samples = await read_samples(deployment, list(client.scan_iter()))
    found = {claim.layout.name for claim in recognise([one.sample for one in samples], layouts())}
    assert found == {"Laravel Horizon (hash)", "Laravel Horizon (zset)", "Laravel Horizon (string)"}
