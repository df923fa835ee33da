"""Each source on a real server: values are those that the application would count."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info
from redis_dash.config import CachePattern, Config, LimitPattern, Url
from redis_dash.core.certainty import Scope, exact
from redis_dash.snapshot import take
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.other_dashboards import Dashboards
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.server import ServerSource
from redis_dash.sources.sessions import SessionsSource

MakeContext = Callable[..., Context]


def sign_in(client: redis.Redis, name: str, ttl: int = 86_400, **more: object) -> bytes:
    key = f"session:{name}-0123456789-0123456789"
    client.set(key, json.dumps({"email": f"{name}@example.com", "role": "user", "created_at": 1.7e9, **more}), ex=ttl)
    return key.encode()


async def test_sessions_with_most_time_left_first(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client, "old", 40_000)
    sign_in(client, "new", 86_400)
    client.set("session:forever-0123456789", "{}")
    client.set("session:odd-0123456789", b"\x80\x04pickle.")
    client.set("other", "x")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    frame = sample.frame
    assert (frame.count.value, frame.count.certainty) == (4, "exact")
    assert sample.scope == Scope(("session:*",), 5)
    assert [row.user for row in frame.rows][:2] == ["new@example.com", "old@example.com"]
    assert {row.dialect for row in frame.rows} == {"json", "unknown"}
    assert frame.rows[0].ttl_full_s == pytest.approx(86_400, abs=2)
    assert frame.rows[0].id == "new-…"


async def test_whether_a_session_can_be_brought_back_is_reported(
    redis_url: str, make_poor: Callable[..., Deployment], make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client, "ann")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.can_undo is True
    context.deployment = make_poor("-restore")
    poor = SessionsSource(context)
    await poor.examine(list(client.scan_iter("session:*")))
    assert (await poor.read()).frame.can_undo is False


async def test_sessions_that_end_or_begin_or_change_show(make_context: MakeContext, client: redis.Redis) -> None:
    gone, stays = sign_in(client, "gone"), sign_in(client, "stays")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    assert len((await source.read()).frame.rows) == 2
    client.delete(gone)
    client.set(stays, json.dumps({"email": "renamed@example.com"}), ex=50)
    frame = (await source.read()).frame  # before the next pass
    assert [row.user for row in frame.rows] == ["renamed@example.com"]
    assert (frame.count.value, frame.count.certainty) == (1, "counted")
    sign_in(client, "fresh")
    await context.keyspace.pass_over()
    assert {row.user for row in (await source.read()).frame.rows} == {"renamed@example.com", "fresh@example.com"}


async def test_a_session_that_the_scan_brings_while_others_are_read_is_listed_with_them(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "ann")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    read_values = source._read_values

    async def meanwhile(keys: Sequence[bytes]) -> None:
        await read_values(keys)
        if not client.exists(b"session:bob-0123456789-0123456789"):
            await source.examine([sign_in(client, "bob")])

    monkeypatch.setattr(source, "_read_values", meanwhile)
    frame = (await source.read()).frame
    assert (frame.count.value, {row.user for row in frame.rows}) == (2, {"ann@example.com", "bob@example.com"})


async def test_of_ten_thousand_sessions_all_are_counted_and_the_latest_are_followed(
    make_context: MakeContext, client: redis.Redis
) -> None:
    pipe = client.pipeline(transaction=False)
    for number in range(10_000):
        pipe.set(f"session:{number:010d}-token", '{"email": "x@example.com"}', ex=1000 + number)
    pipe.execute()
    context = make_context(budget=1.0)
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    frame = sample.frame
    assert (sample.status, frame.count.value, frame.count.high) == ("ok", 10_000, 10_000)
    assert frame.count.low > 9_990
    assert frame.count.certainty == "counted"  # some keys may have expired that the server has not deleted yet
    assert [round(row.ttl_s or 0) for row in frame.rows] == pytest.approx(list(range(10_999, 10_499, -1)), abs=5)
    assert {row.user for row in frame.rows} == {"x@example.com"}


def accept(client: redis.Redis, ip: str, ages: list[float], unit: float = 1.0) -> None:
    now = time.time()
    client.zadd(f"ratelimit:{ip}", {f"{ip}-{age}": (now - age) * unit for age in ages})


async def test_rate_limits_count_the_window_only(make_context: MakeContext, client: redis.Redis) -> None:
    accept(client, "10.0.0.1", [70.0, 61.0, *(number / 10 for number in range(100))])
    accept(client, "10.0.0.2", [30.0, 1.0])
    accept(client, "10.0.0.3", [1.0] * 1 + [number / 2 for number in range(85)])
    accept(client, "10.0.0.4", [400.0])
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    rows = {row.identity: row for row in frame.rows}
    assert [row.identity for row in frame.rows][:2] == ["10.0.0.1", "10.0.0.3"]
    assert rows["10.0.0.1"].used == 100
    assert rows["10.0.0.1"].blocked
    assert rows["10.0.0.1"].reset_s == pytest.approx(50.1, abs=1)
    assert (rows["10.0.0.2"].used, rows["10.0.0.2"].limit) == (2, 100)
    assert rows["10.0.0.2"].reset_s == pytest.approx(30, abs=1)
    assert (rows["10.0.0.4"].used, rows["10.0.0.4"].reset_s) == (0, None)
    assert (frame.count, frame.blocked, frame.near) == (exact(4, frame.count.at), *(exact(1, frame.count.at),) * 2)


async def test_blocked_until_a_request_is_let_in_again(make_context: MakeContext, client: redis.Redis) -> None:
    """The limiter also records refused requests: a request is not allowed as soon as the oldest entry leaves."""
    accept(client, "10.0.0.1", [number * 0.3 for number in range(150)])
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    (row,) = (await source.read()).frame.rows
    assert (row.used, row.blocked) == (150, True)
    assert row.reset_s == pytest.approx(60 - 99 * 0.3, abs=1)
    assert await counters(context) == (context.deployment.nodes[0].own.hits, context.deployment.nodes[0].own.misses)


async def counters(context: Context) -> tuple[int, int]:
    """The server's hits and misses, which are all our own here."""
    values = (await context.deployment.info(max_age_s=-1)).values
    return int(values["keyspace_hits"]), int(values["keyspace_misses"])


async def test_sessions_without_the_right_to_lifetimes(
    make_context: MakeContext, client: redis.Redis, redis_url: str
) -> None:
    key = sign_in(client, "ann", note="ann-0123456789-0123456789 is my id")
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all", "-pttl"], keys=["*"])
    try:
        context = make_context()
        context.deployment = Deployment(Url(redis_url.replace("redis://", "redis://poor:pw@")))
        source = SessionsSource(context)
        await context.keyspace.pass_over()
        sample = await source.read()
        await context.deployment.close()
    finally:
        client.acl_deluser("poor")
    assert sample.status == "reduced"
    assert "PTTL" in sample.note
    assert not sample.frame.rows[0].ttl_known
    assert key.decode().removeprefix("session:") not in repr(sample.frame)


async def test_rate_limits_find_the_dialect_by_themselves(make_context: MakeContext, client: redis.Redis) -> None:
    accept(client, "ms", [1.0, 2.0, 400.0], 1e3)
    accept(client, "us", [1.0, 2.0, 400.0], 1e6)
    client.set("ratelimit:fixed", 42, ex=30)
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    for _ in range(4):
        sample = await source.read()
    used = {row.identity: (row.used, row.dialect) for row in sample.frame.rows}
    assert used == {
        "ms": (2, "sliding window, ms"),
        "us": (2, "sliding window, µs"),
        "fixed": (42, "fixed window"),
    }
    assert sample.status == "ok"


async def test_an_unknown_limit_is_not_invented(make_context: MakeContext, client: redis.Redis) -> None:
    accept(client, "10.0.0.1", [number / 10 for number in range(150)])
    context = make_context(limits=(LimitPattern("ratelimit:*"),))
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    (row,) = (await source.read()).frame.rows
    assert (row.used, row.limit, row.blocked, row.reset_s) == (150, None, False, None)


async def test_without_a_window_what_is_held_is_no_usage(redis_url: str, client: redis.Redis) -> None:
    """If the application removes old entries rarely, most entries are outside every window."""
    accept(client, "10.0.0.1", [1.0, 2.0, *(80_000.0 + number for number in range(148))])
    client.set("ratelimit:10.0.0.2", 42, ex=30)
    document, _ = await take(Config(url=redis_url), 0.0, ["rate_limits"], io.StringIO(), full=True)
    rows = json.loads(document)["topics"]["rate_limits"]["frame"]["rows"]
    assert [(row["used"], row["held"]) for row in rows] == [(None, 150), (42, None)]


async def test_a_key_in_no_known_form_is_reported(make_context: MakeContext, client: redis.Redis) -> None:
    client.rpush("ratelimit:list", "x")
    context = make_context()
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.status == "reduced"
    assert sample.note.startswith("1 ")


async def test_leaderboard_movement(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd("leaderboard", {"ann": 30, "bob": 20, "cy": 10})
    client.zadd("leaderboard:weekly", {"dee": 1})
    client.set("leaderboard:settings", "not a board")
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    boards = (await source.read()).frame.boards
    assert [(board.key, board.size) for board in boards] == [("leaderboard", 3), ("leaderboard:weekly", 1)]
    assert [row.moved for row in boards[0].rows] == [0, 0, 0]
    client.zadd("leaderboard", {"cy": 40, "eve": 35})
    rows = (await source.read()).frame.boards[0].rows
    assert [(row.rank, row.member, row.moved, row.entered) for row in rows] == [
        (1, "cy", 2, False),
        (2, "eve", 0, True),
        (3, "ann", -2, False),
        (4, "bob", -2, False),
    ]
    again = (await source.read()).frame.boards[0].rows
    assert [row.moved for row in again] == [2, 0, -2, -2]
    client.delete("leaderboard")
    assert [board.key for board in (await source.read()).frame.boards] == ["leaderboard:weekly"]


async def test_cache_is_the_applications_alone(
    make_context: MakeContext, client: redis.Redis, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.set("llm:a", "x")
    client.hset("cache:stats:llm", mapping={"hits": 8, "misses": 2})
    client.rpush("cache:stats:product", "not a hash")
    sign_in(client, "ann")
    context = make_context()
    source, sessions = CacheSource(context), SessionsSource(context)
    monkeypatch.setattr(source, "_shortest_s", 0.0)  # any two reads make an interval
    await context.keyspace.pass_over()
    first = (await source.read()).frame
    assert (first.interval_hits, [group.interval_lookups for group in first.groups]) == (None, [None, None])
    for _ in range(20):
        await sessions.read()
    for _ in range(3):
        client.get("llm:a")
    client.get("llm:none")
    client.hincrby("cache:stats:llm", "hits", 3)
    client.hincrby("cache:stats:llm", "misses", 1)
    frame = (await source.read()).frame
    stats = client.info("stats")
    assert isinstance(stats, dict)
    assert (frame.interval_hits, frame.interval_misses) == (3, 1)  # writes are no lookups
    assert frame.own_hits > 20
    assert (frame.hits or 0) + frame.own_hits == stats["keyspace_hits"]
    llm, product = frame.groups
    assert (llm.keys.value, llm.hits, llm.misses) == (1, 11, 3)
    assert (llm.interval_lookups, llm.interval_hit_rate) == (4, 0.75)
    assert (product.hits, product.hit_rate) == (None, None)


async def test_own_cache_names(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("page:1", "x")
    client.hset("stats", mapping={"hits": 1, "misses": 1})
    context = make_context(caches=(CachePattern("pages", "page:*", "stats"),))
    source = CacheSource(context)
    await context.keyspace.pass_over()
    (group,) = (await source.read()).frame.groups
    assert (group.name, group.keys.value, group.hit_rate) == ("pages", 1, 0.5)


async def test_the_usual_hit_rate_is_that_which_this_dashboard_has_seen(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's counters hold the lookups of dashboards that ran before, and those of another one are left out."""
    monkeypatch.setattr("redis_dash.sources.cache.USUAL_LEAST", 3)
    others = 0

    async def count(dashboards: Dashboards, info: Info) -> tuple[int | None, str]:
        return 1 + others, ""

    monkeypatch.setattr(Dashboards, "count", count)

    async def after(hits: int, misses: int) -> float | None:
        with client.pipeline(transaction=False) as pipeline:
            for key in ["page"] * hits + ["none"] * misses:
                pipeline.get(key)
            pipeline.execute()
        return (await source.read()).frame.usual_hit_rate

    client.set("page", "x")
    source = CacheSource(make_context())
    source._shortest_s = 0.0
    seen = [await after(1000, 0), await after(10, 10), await after(10, 10), await after(3, 0)]
    others = 1
    seen += [await after(100, 0) for _ in range(4)]
    others = 0
    assert seen == [None] * 8, "too few lookups, and those of another dashboard, say nothing"
    assert [await after(12, 8), await after(0, 20), await after(0, 20)] == [None, 0.5, 0.5]
    frame = (await source.read()).frame
    assert (frame.hit_rate or 0.0) > 0.9
    assert frame.usual_hit_rate == pytest.approx(0.5)


async def test_a_hash_without_hits_and_misses_is_no_counter(make_context: MakeContext, client: redis.Redis) -> None:
    """The application may name its fields otherwise: 0 would be invented."""
    client.hset("stats", mapping={"cache_hit": 7})
    source = CacheSource(context := make_context(caches=(CachePattern("pages", "page:*", "stats"),)))
    await context.keyspace.pass_over()
    (group,) = (await source.read()).frame.groups
    assert (group.hits, group.misses, group.hit_rate) == (None, None, None)
    client.hset("stats", mapping={"hits": 7})
    (group,) = (await source.read()).frame.groups
    assert (group.hits, group.misses) == (7, 0)


async def test_server(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("a", "1")
    frame = (await ServerSource(make_context()).read()).frame
    assert (frame.keys, frame.role, (frame.clients or 0) >= 2) == (1, "master", True)
    assert (frame.used_memory or 0) > 100_000
    assert frame.ping_ms is not None
    assert 0 < frame.ping_ms < 1000
    assert frame.ops_per_s is None
    assert frame.version.count(".") == 2
