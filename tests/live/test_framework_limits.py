"""Limiters of frameworks are recognised, and shown as their applications count; what is no limiter is not claimed."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import LimitPattern
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.dialects.layout import Claim, recognise
from redis_dash.dialects.registry import layout_of, layouts, limit_dialect
from redis_dash.discovery.samples import read_samples
from redis_dash.sources.base import Context
from redis_dash.sources.rate_limits import RateLimitsSource
from tests.live.limit_case import Truth, load
from tests.live.limit_keys import cases
from tests.live.other_keys import bystanders, caches, neighbours

MakeContext = Callable[..., Context]


async def claims_of(deployment: Deployment, client: redis.Redis) -> list[Claim]:
    samples = await read_samples(deployment, list(client.scan_iter()))
    return recognise([one.sample for one in samples], layouts())


def limits_of(claims: list[Claim]) -> tuple[LimitPattern, ...]:
    found = {claim.glob: claim.layout.name for claim in claims if claim.layout.topic == "rate_limits"}
    return tuple(LimitPattern(glob, format=name) for glob, name in found.items())


def brief(truth: Truth | LimitRow) -> tuple[object, ...]:
    """What must be equal exactly, in an order."""
    if isinstance(truth, Truth):
        return truth.client, truth.used, truth.limit, truth.window_s, truth.blocked, truth.left
    used = truth.used if truth.knows_used else None
    return truth.identity, used, truth.limit, truth.window_s, truth.blocked, truth.left


FRAMEWORKS = pytest.mark.parametrize("name", [case.layout for case in cases(1.8e9)])


@FRAMEWORKS
async def test_limiters_of_a_framework_are_shown_as_it_counts(
    make_context: MakeContext, deployment: Deployment, client: redis.Redis, name: str
) -> None:
    begun = 0.0
    while int(begun // 60) != int(time.time() // 60):  # again if a window ends meanwhile
        begun = time.time()
        client.flushdb()
        case = next(case for case in cases(begun) if case.layout == name)
        load(client, case.keys)
        claims = await claims_of(deployment, client)
        source = RateLimitsSource(context := make_context(limits=limits_of(claims)))
        await context.keyspace.pass_over()
        sample = await source.read()
    assert {claim.glob: claim.layout.name for claim in claims} == case.globs
    assert (sample.note, sample.frame.count.value) == ("", len(case.truths))
    rows = sorted(sample.frame.rows, key=lambda row: str(brief(row)))
    truths = sorted(case.truths, key=lambda truth: str(brief(truth)))
    assert list(map(brief, rows)) == list(map(brief, truths))
    for row, truth in zip(rows, truths, strict=True):
        assert row.reset_s == (None if truth.reset_s is None else pytest.approx(truth.reset_s, abs=1))
        assert row.clear_s == (None if truth.clear_s is None else pytest.approx(truth.clear_s, abs=1))


RESETTING = {
    *("limits (fixed window)", "fastapi-limiter", "cashews (rate limit) (likely)", "throttled-py (fixed window)"),
    *("rate-limit-redis (likely)", "rate-limiter-flexible", "@fastify/rate-limit", "NestJS throttler"),
    *(
        "better-auth (rate limit)",
        "Laravel (limiter)",
        "Laravel (limiter, other prefix)",
        "Rails (rate_limit) (likely)",
    ),
    *("Laravel (throttle with Redis)", "Rack::Attack", "ulule/limiter (likely)", "Envoy", "Kong"),
}
"""Those whose counters start anew with each window; the usage of all others falls step by step."""


@FRAMEWORKS
async def test_usage_resets_in_fixed_windows_only_and_rows_of_one_client_name_their_limiters(
    make_context: MakeContext, deployment: Deployment, client: redis.Redis, name: str
) -> None:
    case = next(case for case in cases(time.time()) if case.layout == name)
    load(client, case.keys)
    source = RateLimitsSource(context := make_context(limits=limits_of(await claims_of(deployment, client))))
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    for row in frame.rows:
        assert row.reset_s is None or row.resets == (row.dialect in RESETTING), row
    assert len({(row.identity, row.limiter) for row in frame.rows}) == len(frame.rows), frame.rows
    assert frame.limiters == len({row.limiter for row in frame.rows})
    assert not [row for row in frame.rows if any(len(word) > 3 for word in re.findall(r"\d+", row.limiter))]


@FRAMEWORKS
async def test_our_own_reads_of_a_framework_are_taken_off(
    make_context: MakeContext, deployment: Deployment, client: redis.Redis, name: str
) -> None:
    case = next(case for case in cases(time.time()) if case.layout == name)
    load(client, case.keys)
    source = RateLimitsSource(context := make_context(limits=limits_of(await claims_of(deployment, client))))
    await context.keyspace.pass_over()
    await source.read()
    for key in case.keys:
        client.delete(key.name)
        await source.read()
    values = (await deployment.info(max_age_s=-1)).values
    own = deployment.nodes[0].own
    assert (int(values["keyspace_hits"]), int(values["keyspace_misses"])) == (own.hits, own.misses)


async def test_blocked_clients_are_counted_though_no_limit_is_known(
    make_context: MakeContext, deployment: Deployment, client: redis.Redis
) -> None:
    (case,) = (case for case in cases(time.time()) if case.layout == "NestJS throttler")
    load(client, case.keys)
    source = RateLimitsSource(context := make_context(limits=limits_of(await claims_of(deployment, client))))
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert (frame.count.value, frame.blocked.value, frame.near.value, frame.unlimited) == (2, 1, 0, True)
    exported: Any = frame.exported()
    assert (exported["blocked"], exported["blocked_certainty"], exported["near"]) == (1, "at_least", None)
    assert [row["blocked"] for row in exported["rows"]] == [True, None]


async def test_keys_of_another_name_are_no_clients(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("rl:203.0.113.9", 3, ex=60)
    client.set("rl:stats", 500, ex=60)
    client.set("rl:gone", 500, ex=60)
    source = RateLimitsSource(context := make_context(limits=(LimitPattern("rl:*", format="rate-limit-redis"),)))
    await context.keyspace.pass_over()
    client.delete("rl:gone")
    sample = await source.read()
    assert [(row.identity, row.used) for row in sample.frame.rows] == [("203.0.113.9", 3)]
    assert (dict(sample.frame.unrecognised), sample.frame.count.value) == ({"key of another name": 1}, 2)


async def test_a_setting_names_the_prefix_that_the_application_has_chosen(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.set("api:203.0.113.9", 6, ex=60)
    client.set("api:ann@example.com", 2, ex=60)
    source = RateLimitsSource(context := make_context(limits=(LimitPattern("api:*", format="rate-limiter-flexible"),)))
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.frame.unrecognised == ()
    assert {(row.identity, row.used, row.limiter) for row in sample.frame.rows} == {
        ("203.0.113.9", 6, "api"),
        ("ann@example.com", 2, "api"),
    }


@FRAMEWORKS
async def test_neighbours_of_a_limiter_are_not_claimed_with_it(
    deployment: Deployment, client: redis.Redis, name: str
) -> None:
    now = time.time()
    case = next(case for case in cases(now) if case.layout == name)
    others = [key for keys in (caches() | bystanders(now)).values() for key in keys]
    load(client, [*neighbours(now), *others, *case.keys])
    claims = await claims_of(deployment, client)
    found = {claim.glob: claim.layout.name for claim in claims if claim.layout.topic == "rate_limits"}
    shared = {glob for glob in case.globs if glob == "rate:*"}  # other applications' keys have these names, too
    assert found == {
        glob: layout
        for glob, layout in case.globs.items()
        if layout_topic(layout) == "rate_limits" and glob not in shared
    }


async def test_neighbours_alone_are_nobodys(deployment: Deployment, client: redis.Redis) -> None:
    load(client, neighbours(time.time()))
    claims = await claims_of(deployment, client)
    assert [(claim.glob, claim.layout.name) for claim in claims] == []


async def test_caches_and_bystanders_are_named(deployment: Deployment, client: redis.Redis) -> None:
    for layout, keys in (caches() | bystanders(time.time())).items():
        client.flushdb()
        load(client, keys)
        claims = await claims_of(deployment, client)
        assert {claim.layout.name for claim in claims} == {layout}, layout
        assert sum(claim.sampled for claim in claims) == len(keys), layout


def layout_topic(name: str) -> str:
    layout = layout_of(name)
    assert layout is not None
    return layout.topic


def test_names_of_layouts_are_unique_and_lead_to_dialects() -> None:
    names = [layout.name for layout in layouts()]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    for layout in layouts():
        assert layout.evidence
        assert (limit_dialect(layout.name) is not None) == (layout.topic == "rate_limits"), layout.name
