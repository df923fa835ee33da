"""Limiters of real frameworks are shown as the applications counted; nothing else that frameworks write is one."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from frameworks.dump import unescaped
from redis_dash.client.deployment import Deployment
from redis_dash.config import LimitPattern
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.layout import Claim, recognise
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.samples import read_samples
from redis_dash.sources.base import Context
from redis_dash.sources.limit_rows import Clock
from redis_dash.sources.rate_limits import RateLimitsSource
from tests.live.recordings import recording, recordings, replay

MakeContext = Callable[..., Context]
HASH = re.compile(r"[0-9a-f]{32,64}")
NAMED_BY_THE_APPLICATION = ("aiocache",)
"""Caches whose keys and values are those of any application: they are not recognised."""
UNTIL_ALL_IS_FREE = [f"throttled-py ({kind})" for kind in ("sliding window", "token bucket", "leaking bucket", "gcra")]
"""Their applications know only when nothing will be used any more."""
LATER_S = {"slowapi": 1.0, "Flask-Limiter": 0.5}
"""What they add to the time that they know: a second, or whatever is missing to a whole one, half of it on average."""
BUCKETS = ("pyrate-limiter",)
"""Their rows are buckets of all clients."""


async def claims_of(deployment: Deployment, client: redis.Redis) -> list[Claim]:
    samples = await read_samples(deployment, list(client.scan_iter()))
    return recognise([one.sample for one in samples], layouts())


async def rows_of(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, at: float, limits: tuple[LimitPattern, ...]
) -> list[LimitRow]:
    """The rows as of the time of the recording."""
    source = RateLimitsSource(context := make_context(limits=limits))
    clock, behind = source._clock, time.time() - at

    async def recorded() -> Clock:
        now = await clock()
        return now._replace(now=now.now - behind)

    monkeypatch.setattr(source, "_clock", recorded)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.note == ""
    return list(sample.frame.rows)


def is_client(identity: str, client: str) -> bool:
    """Whether a row names this client: itself, its network, or a hash of it."""
    if identity == client or HASH.fullmatch(identity) is not None:
        return True
    try:
        address, network = ipaddress.ip_address(client), identity if "/" in identity else f"{identity}/64"
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def check(row: LimitRow, truth: dict[str, Any], *, has_limit: bool, within_s: float) -> None:
    """Compare one row with what the application knew, if it was read within this time."""
    assert is_client(row.identity, truth["client"]), (row, truth)
    if (
        row.knows_used and truth["blocked"]
    ):  # some count refused requests, too, and a block may be one more than allowed
        assert truth["used"] <= row.used <= max(truth["hits"], truth["limit"] + 1), (row, truth)
    elif row.knows_used:
        assert row.used == truth["used"], (row, truth)
    assert row.limit in (truth["limit"], None), (row, truth)
    assert has_limit <= (row.limit is not None or row.given_limit is not None or row.is_endless), (row, truth)
    assert row.window_s in (truth["window_s"], None), (row, truth)
    if row.left is not None:
        assert row.left == truth["limit"] - truth["used"], (row, truth)
    if row.may_be_over:  # the key does not say whether the client is still blocked
        assert not row.blocked, (row, truth)
        assert row.used >= truth["used"], (row, truth)
    elif row.limit is not None:
        assert row.blocked == truth["blocked"], (row, truth)
    elif row.blocked:
        assert truth["blocked"], (row, truth)
    if row.dialect in UNTIL_ALL_IS_FREE and truth["resets_in_s"] is not None:
        assert row.reset_s is None or row.reset_s <= truth["resets_in_s"] + within_s, (row, truth)
        assert row.clear_s in (None, pytest.approx(truth["resets_in_s"], abs=within_s)), (row, truth)
    elif row.reset_s is not None and truth["resets_in_s"] is not None:
        assert row.reset_s == pytest.approx(truth["resets_in_s"], abs=within_s), (row, truth)


@pytest.mark.parametrize("with_limit", [False, True])
@pytest.mark.parametrize("name", recordings("limits"))
async def test_clients_are_shown_as_the_application_counted(
    make_context: MakeContext,
    deployment: Deployment,
    client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    with_limit: bool,
) -> None:
    began = time.monotonic()
    replay(client, name)
    recorded = recording(name)
    truths = recorded["truth"]["limits"]
    for truth in truths:
        if truth["resets_in_s"] is not None:
            truth["resets_in_s"] -= LATER_S.get(recorded["truth"]["framework"], 0)
    claims = [claim for claim in await claims_of(deployment, client) if claim.layout.topic == "rate_limits"]
    (rule, *others) = {f"{truth['limit']}/{truth['window_s']}" for truth in truths}
    given = rule if with_limit and not others else ""
    limits = tuple(LimitPattern(claim.glob, given, claim.layout.name) for claim in claims)
    rows = await rows_of(make_context, monkeypatch, recorded["at"], limits)
    for truth in truths:
        keys = {unescaped(key).decode("utf-8", "replace") for key in truth.get("keys") or [truth["key"]]}
        mine = [row for row in rows if row.key in keys]
        assert len(mine) == 1, (keys, rows)
        if mine[0].dialect not in BUCKETS:
            check(mine[0], truth, has_limit=bool(given), within_s=1 + time.monotonic() - began)


@pytest.mark.parametrize("name", recordings("sessions", "caches", "bystander"))
async def test_nothing_else_is_taken_for_a_limiter(deployment: Deployment, client: redis.Redis, name: str) -> None:
    replay(client, name)
    claims, truth = await claims_of(deployment, client), recording(name)["truth"]
    kind, sessions = truth["kind"], [unescaped(one["key"]) for one in truth.get("sessions", ())]
    topics = {claim.layout.topic for claim in claims}
    for claim in claims:
        if claim.layout.topic in ("rate_limits", "cache"):  # an application with sessions may have both, too
            assert not any(map(Pattern(claim.glob).variable, sessions)), claim
    assert kind == "sessions" or "rate_limits" not in topics
    assert kind != "bystander" or "cache" not in topics
    if kind == "caches" and not name.startswith(NAMED_BY_THE_APPLICATION):
        assert "cache" in topics
