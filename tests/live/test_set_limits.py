"""Limits that the user sets in the dashboard, on real keys: rows are judged at once, and Redis is not written."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from redis_dash.config import Choices, ChosenLimit, Config, LimitPattern, choices_for
from redis_dash.core.choices import Choose
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.core.reading import Reading
from redis_dash.dialects.base import Rule, Usage
from redis_dash.dialects.fixed_window import FixedWindow
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources import rate_limits
from redis_dash.sources.base import Context, Sample
from redis_dash.sources.limiters import Limiter, limit_row
from redis_dash.sources.rate_limits import RateLimitsSource
from tests.conftest import until
from tests.live.conftest import running

MakeContext = Callable[..., Context]


class Scene:
    """A source with choices, read after a complete pass."""

    def __init__(self, context: Context) -> None:
        self.choices = context.choices
        self._context = context
        self._source = RateLimitsSource(context)

    def set(self, keys: str, limit: str) -> None:
        self.choices.choose(Choose(keys, "limit", limit))

    async def read(self) -> Sample[RateLimitsFrame]:
        await self._context.keyspace.pass_over()
        await self._source.read()
        return await self._source.read()


@pytest.fixture
def make_scene(make_context: MakeContext) -> Callable[..., Scene]:
    def make(*limits: LimitPattern) -> Scene:
        return Scene(make_context(limits=limits or (LimitPattern("rl:*"),)))

    return make


def rows_of(sample: Sample[RateLimitsFrame]) -> dict[str, LimitRow]:
    return {row.identity: row for row in sample.frame.rows}


async def test_clients_are_judged_by_the_limit_at_once_and_no_more_when_it_is_removed(
    make_scene: Callable[..., Scene], client: redis.Redis
) -> None:
    client.mset({"rl:ann": 120, "rl:bob": 85, "rl:cem": 3})
    for key in ("rl:ann", "rl:bob", "rl:cem"):
        client.expire(key, 50)
    scene = make_scene()
    before = await scene.read()
    assert (before.frame.unlimited, before.frame.judged(before.frame.blocked).certainty) == (True, "unknown")
    assert {row.pattern for row in before.frame.rows} == {"rl:*"}
    scene.set("rl:*", "100/60")
    sample = await scene.read()
    assert (sample.frame.blocked.value, sample.frame.near.value, sample.frame.unlimited) == (1, 1, False)
    assert sample.frame.blocked.certainty == "exact"
    ann = rows_of(sample)["ann"]
    assert (ann.blocked, ann.limit, ann.window_s, ann.limit_from) == (True, 100, 60.0, "user")
    assert ann.reset_s == pytest.approx(50, abs=3)
    scene.set("rl:*", "")
    sample = await scene.read()
    assert (sample.frame.unlimited, rows_of(sample)["ann"].blocked) == (True, False)


async def test_a_counter_needs_no_window(make_scene: Callable[..., Scene], client: redis.Redis) -> None:
    client.set("rl:ann", 120, ex=300)
    client.set("rl:bob", 120)
    scene = make_scene()
    scene.set("rl:*", "100")
    rows = rows_of(await scene.read())
    assert (rows["ann"].blocked, rows["ann"].limit, rows["ann"].window_s) == (True, 100, None)
    assert rows["ann"].reset_s == pytest.approx(300, abs=3)
    assert (rows["bob"].blocked, rows["bob"].is_endless) == (True, True)


async def test_times_of_requests_need_the_window(make_scene: Callable[..., Scene], client: redis.Redis) -> None:
    now = time.time()
    client.zadd("rl:ann", {f"{n}": now - n * 10 for n in range(20)})
    scene = make_scene()
    scene.set("rl:*", "4")
    row = rows_of(await scene.read())["ann"]
    assert (row.used, row.is_held, row.limit, row.blocked) == (20, True, None, False), "20 requests of any age"
    assert (row.given_limit, row.given_window_s, row.limit_from) == (4, None, "user")
    scene.set("rl:*", "4/60")
    row = rows_of(await scene.read())["ann"]
    assert row.used in (5, 6)
    assert (row.limit, row.blocked, row.given_limit) == (4, True, None)


async def test_a_window_that_the_key_outlasts_is_told_and_nobody_is_judged(
    make_scene: Callable[..., Scene], client: redis.Redis
) -> None:
    client.set("rl:ann", 120, ex=300)
    scene = make_scene()
    scene.set("rl:*", "100/60")
    sample = await scene.read()
    row = rows_of(sample)["ann"]
    assert (row.limit, row.blocked, row.given_limit, row.limit_from) == (None, False, 100, "user")
    assert sample.note == "1 counter lasts longer than the window of your limit"


@pytest.mark.parametrize("form", ["", "rate-limiter-flexible"])
async def test_a_block_may_outlast_the_window(make_scene: Callable[..., Scene], client: redis.Redis, form: str) -> None:
    """rate-limiter-flexible with a ``blockDuration`` of 35 s."""
    client.set("rlflx:ann", 9, ex=35)
    client.set("rlflx:bob", 6, ex=35)
    scene = make_scene(LimitPattern("rlflx:*", format=form))
    scene.set("rlflx:*", "6/20")
    rows = rows_of(await scene.read())
    assert (rows["ann"].limit, rows["ann"].blocked, rows["ann"].given_limit) == (6, True, None)
    assert (rows["bob"].limit, rows["bob"].blocked, rows["bob"].given_limit) == (None, False, 6)


async def test_the_narrower_pattern_wins_and_others_are_not_judged_by_it(
    make_scene: Callable[..., Scene], client: redis.Redis
) -> None:
    for key in ("rl:login:ann", "rl:api:ann", "rl:ann"):
        client.set(key, 7, ex=60)
    scene = make_scene()
    scene.set("rl:login:*", "5")
    limits = {row.key: (row.limit, row.pattern) for row in (await scene.read()).frame.rows}
    assert limits == {"rl:login:ann": (5, "rl:login:*"), "rl:api:ann": (None, "rl:*"), "rl:ann": (None, "rl:*")}
    scene.set("rl:*", "50")
    limits = {row.key: (row.limit, row.pattern) for row in (await scene.read()).frame.rows}
    assert limits == {"rl:login:ann": (5, "rl:login:*"), "rl:api:ann": (50, "rl:*"), "rl:ann": (50, "rl:*")}


async def test_the_limit_is_set_for_the_route_that_the_key_names(
    make_scene: Callable[..., Scene], client: redis.Redis
) -> None:
    """Clients have a key for each route, and each route has a limit of its own."""
    for key in ("fastapi-limiter:203.0.113.9:/search:4:0", "fastapi-limiter:203.0.113.9:/report:5:1"):
        client.set(key, 5, ex=40)
    client.set("rl:203.0.113.9", 5, ex=40)
    scene = make_scene(LimitPattern("fastapi-limiter:*", format="fastapi-limiter"), LimitPattern("rl:*"))
    patterns = {row.key: row.pattern for row in (await scene.read()).frame.rows}
    assert patterns == {
        "fastapi-limiter:203.0.113.9:/search:4:0": "fastapi-limiter:*:/search:4:0",
        "fastapi-limiter:203.0.113.9:/report:5:1": "fastapi-limiter:*:/report:5:1",
        "rl:203.0.113.9": "rl:*",
    }
    scene.set("fastapi-limiter:*:/search:4:0", "8/40")
    limits = {row.key: row.limit for row in (await scene.read()).frame.rows}
    assert limits["fastapi-limiter:203.0.113.9:/report:5:1"] is None
    assert limits["fastapi-limiter:203.0.113.9:/search:4:0"] == 8


async def test_the_configuration_wins_and_so_does_a_limit_in_the_key(
    make_scene: Callable[..., Scene], client: redis.Redis
) -> None:
    client.set("given:ann", 7, ex=60)
    client.set("LIMITER/1.2.3.4/login/5/1/minute", 3, ex=60)
    scene = make_scene(
        LimitPattern("given:*", "9/60"), LimitPattern("LIMITER/*/minute", format="limits (fixed window)")
    )
    scene.set("*", "1000/60")
    rows = {row.key: row for row in (await scene.read()).frame.rows}
    assert (rows["given:ann"].limit, rows["given:ann"].limit_from) == (9, "settings")
    in_key = rows["LIMITER/1.2.3.4/login/5/1/minute"]
    assert (in_key.limit, in_key.limit_from) == (5, "redis")


async def test_of_very_many_clients_all_that_are_followed_are_judged_anew(
    make_scene: Callable[..., Scene], client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "FOLLOWED", 100)
    monkeypatch.setattr(rate_limits, "OTHERS_AT_ONCE", 5)
    with client.pipeline() as pipe:
        for number in range(1000):
            pipe.set(f"rl:{number}", number + 1, ex=600)
        pipe.execute()
    scene = make_scene()
    assert (await scene.read()).frame.unlimited
    scene.set("rl:*", "951")
    sample = await scene.read()
    assert (sample.frame.blocked.value, sample.frame.blocked.certainty) == (50, "at_least")
    assert all(row.limit == 951 for row in sample.frame.rows)
    client.set("rl:new", 5000, ex=600)
    sample = await scene.read()
    assert (sample.frame.blocked.value, sample.frame.rows[0].identity) == (51, "new")


@pytest.mark.parametrize("window_s", [None, 60.0])
def test_a_limit_that_the_key_holds_wins_over_one_that_is_set(window_s: float | None) -> None:
    rule = None if window_s is None else Rule(5, window_s)
    limiter = Limiter(b"ann", rule, FixedWindow(), rule_from="user", chosen=ChosenLimit(5, window_s))
    row = limit_row(b"rl:ann", limiter, Usage(7, 3.0, limit=10, window_s=30.0))
    assert (row.limit, row.window_s, row.limit_from, row.blocked) == (10, 30.0, "redis", False)


async def test_the_dashboard_takes_it_remembers_it_and_writes_nothing_to_redis(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    client.set("ratelimit:ann", 120, ex=600)
    written = client.info("persistence")["rdb_changes_since_last_save"]
    path = tmp_path / "dashboard.toml"
    seen: list[Reading[RateLimitsFrame]] = []

    def row(hub: Hub) -> LimitRow | None:
        seen.extend(reading for reading in hub.drain() if reading.topic == "rate_limits" and reading.frame)
        return seen[-1].frame.rows[0] if seen and seen[-1].frame and seen[-1].frame.rows else None

    config = Config(url=redis_url, refresh_s=0.1)
    async with running(hub := Hub(config, choices=Choices(redis_url, path))):
        await until(lambda: (found := row(hub)) is not None and not found.blocked)
        assert hub.choose(Choose("ratelimit:*", "limit", "100")).remembered == str(path)
        await until(lambda: (found := row(hub)) is not None and found.blocked)
    seen.clear()
    async with running(hub := Hub(config, choices=Choices(redis_url, path))):
        await until(lambda: row(hub) is not None)
        assert (found := row(hub)) is not None
        assert (found.blocked, found.limit_from) == (True, "user")
    seen.clear()
    async with running(hub := Hub(config, choices=Choices("redis://elsewhere:6379/0", path))):
        await until(lambda: row(hub) is not None)
        assert (found := row(hub)) is not None
        assert (found.limit, found.limit_from) == (None, "")
    assert client.info("persistence")["rdb_changes_since_last_save"] == written


async def test_the_snapshot_judges_by_it_and_says_who_gives_it(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    client.set("ratelimit:ann", 120, ex=600)
    choices = Choices(redis_url, tmp_path / "dashboard.toml")
    choices.choose(Choose("ratelimit:*", "limit", "100"))
    text, _ = await take(Config(url=redis_url), 0.2, ("rate_limits",), io.StringIO(), choices=choices)
    frame = json.loads(text)["topics"]["rate_limits"]["frame"]
    assert (frame["blocked"], frame["limits_known"]) == (1, True)
    assert (frame["rows"][0]["limit"], frame["rows"][0]["limit_from"]) == (100, "user")
    assert "pattern" not in frame["rows"][0]


def test_the_command_line_reads_it_beside_the_configuration(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    client.set("ratelimit:ann", 120, ex=600)
    choices = choices_for(redis_url, tmp_path / "redis-dash" / "config.toml")
    choices.choose(Choose("ratelimit:*", "limit", "100"))
    command = [sys.executable, "-m", "redis_dash", "snapshot", redis_url, "--for", "0.2", "--topic", "rate_limits"]
    environ = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ, timeout=60)
    assert json.loads(done.stdout)["topics"]["rate_limits"]["frame"]["rows"][0]["limit_from"] == "user"
    file = tmp_path / "redis-dash" / "dashboard.toml"
    file.write_text("kinds = 5")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=60)
    assert (done.returncode, done.stdout, str(file) in done.stderr) == (2, "", True)
