"""The topics and the scan on a deployment of two nodes: what is shown is true of both."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Node
from redis_dash.config import Config, Url
from redis_dash.core.commands import Publish, RevokeSession, SearchSessions
from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.keyspace.scan import Keyspace
from redis_dash.keyspace.strata import keys_of
from redis_dash.keyspace.walk import Walk
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.server import ServerSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until, until_async
from tests.live.conftest import running
from tests.live.test_hub import FAST, TOPICS, Desk
from tests.live.test_sources import sign_in
from tests.live.two_nodes import TwoNodes, by_checksum, two_nodes

USERS = [f"user{number}" for number in range(40)]


@pytest.fixture(scope="module")
def servers() -> Iterator[TwoNodes]:
    with two_nodes() as both:
        yield both


@pytest.fixture
def nodes(servers: TwoNodes) -> TwoNodes:
    """Both servers, emptied."""
    for client in servers.clients:
        client.flushall()
        client.config_resetstat()
    return servers


@pytest.fixture
async def both(nodes: TwoNodes) -> AsyncIterator[Deployment]:
    deployment = nodes.deployment()
    yield deployment
    await deployment.close()


@pytest.fixture
def context(nodes: TwoNodes, both: Deployment) -> Context:
    return nodes.context(both)


def key_of_session(user: str) -> str:
    return f"session:{user}-0123456789-0123456789"


def sign_in_all(nodes: TwoNodes) -> None:
    for user in USERS:
        sign_in(nodes.client_of(key_of_session(user)), user)
    assert all(client.dbsize() for client in nodes.clients)


def rows_by_user(rows: tuple[SessionRow, ...]) -> dict[str, SessionRow]:
    return {row.user.partition("@")[0]: row for row in rows}


def found(frame: SessionsFrame) -> list[str]:
    """The users that a search has found, once it has ended."""
    return [row.user for row in frame.search.rows] if frame.search and not frame.search.running else []


# -- counts ----------------------------------------------------------------------------------------------------------


async def test_sessions_of_both_are_counted_exactly(nodes: TwoNodes, context: Context) -> None:
    sign_in_all(nodes)
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert (sample.frame.count.value, sample.frame.count.certainty) == (len(USERS), "exact")
    assert set(rows_by_user(sample.frame.rows)) == set(USERS)
    assert sample.scope is not None
    assert sample.scope.keys == len(USERS)


@pytest.mark.parametrize("place", [0, 1])
async def test_a_change_on_either_node_ends_exactness(nodes: TwoNodes, context: Context, place: int) -> None:
    """Reading is no change."""
    for number in range(100):
        nodes.client_of(f"page:{number}").set(f"page:{number}", "x")
    counts = context.keyspace.counts
    await context.keyspace.pass_over()

    async def certainty() -> str:
        return counts.count("sessions", await context.deployment.info(max_age_s=-1)).certainty

    assert await certainty() == "exact"
    nodes.clients[place].get("page:1")
    assert await certainty() == "exact"
    nodes.clients[place].set("another", "x")
    assert await certainty() != "exact"


async def test_limits_and_boards_of_both_are_read(nodes: TwoNodes, context: Context) -> None:
    for number in range(20):
        key = f"ratelimit:10.0.0.{number}"
        nodes.client_of(key).set(key, number, ex=50)
        board = f"leaderboard:{number}"
        nodes.client_of(board).zadd(board, {f"member{rank}": rank for rank in range(number + 1)})
    limits, boards = RateLimitsSource(context), LeaderboardsSource(context)
    await context.keyspace.pass_over()
    limited = (await limits.read()).frame
    assert {row.identity: row.used for row in limited.rows} == {f"10.0.0.{number}": number for number in range(20)}
    assert (limited.count.value, limited.count.certainty) == (20, "exact")
    shown = (await boards.read()).frame
    assert {board.key: board.size for board in shown.boards} == {f"leaderboard:{n}": n + 1 for n in range(20)}
    assert shown.count.value == 20


# -- the scan --------------------------------------------------------------------------------------------------------


async def test_the_scan_covers_both_side_by_side(nodes: TwoNodes, both: Deployment) -> None:
    """The first node has fifty times as many keys. What was seen is a sample of both at any time."""
    sizes = 20_000, 400
    for client, size in zip(nodes.clients, sizes, strict=True):
        client.mset({f"key:{number}": "x" for number in range(size)})
    walk, shares = Walk(both, lambda: 500, lambda: False), list[tuple[float, float]]()
    keys = list[bytes]()
    while not walk.complete:
        keys += keys_of(await walk.slice())
        assert walk.size == sum(sizes)
        first, second = (cursor.seen / size for cursor, size in zip(walk.cursors.values(), sizes, strict=True))
        shares.append((first, second))
        assert walk.passed_over == pytest.approx(len(keys) / sum(sizes), abs=0.1)
    assert len(keys) == sum(sizes)
    assert max(abs(first - second) for first, second in shares) < 0.05
    assert walk.passed_over == 1.0


async def test_keys_are_counted_on_both_when_their_names_are_kept_of_one(
    nodes: TwoNodes, both: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names with hash tags are kept."""
    monkeypatch.setattr("redis_dash.keyspace.key_group.HELD", 100)
    for client, prefix, size in zip(nodes.clients, ("session:", "session:{tag}:"), (4000, 3000), strict=True):
        client.mset({f"{prefix}{number}": "x" for number in range(size)})
    keyspace = Keyspace(both, {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    keyspace.full_speed = True
    await keyspace.pass_over()
    count = keyspace.counts.count("sessions", await keyspace.counts.info_after(time.monotonic()))
    assert (count.value, count.certainty) == (7000, "exact")


async def test_an_estimate_holds_for_keys_that_are_all_on_one_node(nodes: TwoNodes, context: Context) -> None:
    """One node after the other would say 0, or far too many, until the pass is complete."""
    for client, prefix in zip(nodes.clients, ("session:", "other:"), strict=True):
        client.mset({f"{prefix}{number:010d}": "{}" for number in range(20_000)})
    keyspace, counts = context.keyspace, list[tuple[int, int, int]]()
    await keyspace.counts.begin()
    async for part in keyspace.walk():
        keyspace._add(part)
        count = keyspace.counts.key_groups["sessions"]._sample.estimate()
        assert count.high is not None
        if keyspace.done > 2000:
            counts.append((count.low, count.value, count.high))
    assert len(counts) >= 5
    assert all(low <= 20_000 <= high for low, _, high in counts)
    assert all(abs(value - 20_000) < 3_000 for _, value, _ in counts)


async def test_a_pass_at_full_speed_sees_each_key_once(nodes: TwoNodes, context: Context) -> None:
    for client, size in zip(nodes.clients, (9_000, 3_000), strict=True):
        client.mset({f"key:{size}:{number}": "x" for number in range(size)})
    context.keyspace.set_full_speed(True)
    await context.keyspace.pass_over()
    assert (context.keyspace.last_done, context.keyspace.size, context.keyspace.passes) == (12_000, 12_000, 1)


# -- server and cache ------------------------------------------------------------------------------------------------


async def test_the_server_topic_is_about_both(nodes: TwoNodes, context: Context) -> None:
    sign_in_all(nodes)
    product = "valkey" if "valkey_version" in nodes.clients[0].info("server") else "redis"
    source = ServerSource(context)
    source._shortest_s = 0.0
    frame = (await source.read()).frame
    assert frame.keys == len(USERS)
    assert frame.clients == nodes.total("connected_clients")
    assert frame.used_memory == pytest.approx(nodes.total("used_memory"), rel=0.2)
    assert frame.max_memory == 0
    assert (frame.product, frame.role) == (product, "master")
    assert frame.ping_ms is not None
    first = source._before
    assert first is not None
    for client in nodes.clients:
        for _ in range(250):
            client.echo("x")
    await context.deployment.info(max_age_s=-1)
    frame = (await source.read()).frame
    assert source._before is not None
    assert frame.ops_per_s is not None
    assert frame.ops_per_s * (source._before.at - first.at) == pytest.approx(500 + 4)  # 4: those of ``total``
    assert frame.cost.commands == sum(node.watching_cost().commands for node in context.deployment.nodes)


async def test_the_cache_topic_is_about_both(nodes: TwoNodes, context: Context) -> None:
    source = CacheSource(context)
    source._shortest_s = 0.0
    for number in range(10):
        nodes.client_of(f"llm:{number}").set(f"llm:{number}", "x")
    nodes.client_of("cache:stats:llm").hset("cache:stats:llm", mapping={"hits": 8, "misses": 2})
    await context.keyspace.pass_over()
    await source.read()
    for client in nodes.clients:
        client.mget(*(f"llm:{number}" for number in range(10)))
    frame = (await source.read()).frame
    assert (frame.interval_hits, frame.interval_misses) == (10, 10)
    assert frame.own_misses > 0
    (llm,) = (group for group in frame.groups if group.name == "llm")
    assert (llm.keys.value, llm.hits, llm.misses) == (10, 8, 2)


# -- the whole -------------------------------------------------------------------------------------------------------


async def test_revoked_and_brought_back_on_the_node_of_the_session(nodes: TwoNodes, both: Deployment) -> None:
    sign_in_all(nodes)
    async with running(Hub(Config(url=nodes.servers[0].url, refresh_s=FAST, **CONFIGURATION), both)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and len(desk.frame("sessions").rows) == len(USERS))
        for place in (0, 1):
            user = next(one for one in USERS if by_checksum(key_of_session(one).encode()) == place)
            key = key_of_session(user)
            client = nodes.client_of(key)
            value, ttl = client.get(key), client.ttl(key)
            outcome = await hub.submit(RevokeSession(rows_by_user(desk.frame("sessions").rows)[user]))
            assert outcome.result == "deleted"
            assert not client.exists(key)
            await until(lambda: bool(desk.statuses()) and len(desk.frame("sessions").rows) == len(USERS) - 1)
            assert outcome.undo is not None
            assert (await hub.submit(outcome.undo)).result == "restored"
            assert client.get(key) == value
            assert client.ttl(key) == pytest.approx(ttl, abs=2)
            await until(lambda: bool(desk.statuses()) and len(desk.frame("sessions").rows) == len(USERS))
        assert desk.frame("sessions").can_undo is True
        hub.ask(SearchSessions("user39"))
        await until(lambda: bool(desk.statuses()) and bool(found(desk.frame("sessions"))))
        assert found(desk.frame("sessions")) == ["user39@example.com"]
        assert (await hub.submit(Publish("nobody", "x"))).result == "sent"


async def test_a_session_that_begins_on_either_node_is_within_the_count(nodes: TwoNodes, both: Deployment) -> None:
    sign_in_all(nodes)
    async with running(Hub(Config(url=nodes.servers[0].url, refresh_s=FAST, **CONFIGURATION), both)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.certainty == "exact")
        for number in range(1, 61):
            sign_in(nodes.client_of(key_of_session(f"late{number}")), f"late{number}")
            count = await hub.watch.keyspace.counts.count_now("sessions")
            assert count.high is not None
            assert count.low <= len(USERS) + number <= count.high
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.value == len(USERS) + 60)


async def test_another_dashboard_is_counted_once(nodes: TwoNodes, both: Deployment) -> None:
    """It has a connection to each node."""
    config = Config(url=nodes.servers[0].url, refresh_s=FAST)
    other = nodes.deployment()
    async with running(Hub(config, both)) as first, running(Hub(config, other)):

        async def seen() -> int | None:
            (cache,) = (reading for reading in await first.read_all() if reading.topic == "cache")
            return None if cache.frame is None else cache.frame.dashboards

        async def is_seen() -> bool:
            return await seen() == 2

        await until_async(is_seen)
        for _ in range(3):
            assert await seen() == 2


async def test_one_that_dies_is_told_and_its_return_too() -> None:
    """The server comes back empty: what was counted on it is counted again."""
    with two_nodes() as nodes:
        sign_in_all(nodes)
        here = [user for user in USERS if by_checksum(key_of_session(user).encode()) == 0]
        config = Config(url=nodes.servers[0].url, refresh_s=FAST, **CONFIGURATION)
        async with running(Hub(config, nodes.deployment())) as hub:
            desk = Desk(hub)
            await until(lambda: desk.all_are("ok") and len(desk.frame("sessions").rows) == len(USERS))
            nodes.servers[1].stop()
            await until(lambda: desk.all_are("stale"))
            notes = {reading.note for reading in desk.latest.values()}
            assert len(notes) == 1
            assert notes.pop().startswith(f"{nodes.urls[1]}: ")
            assert all(reading.away for reading in desk.latest.values())
            nodes.servers[1].start()
            await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.value == len(here))
            await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.certainty == "exact")
            assert set(rows_by_user(desk.frame("sessions").rows)) == set(here)
            assert hub.errors == 0


@pytest.mark.parametrize("dead", [0, 1])
async def test_one_that_was_never_there_is_told(nodes: TwoNodes, dead: int) -> None:
    with EmbeddedServer() as server:
        gone = Url(server.url)
    urls = [gone if place == dead else url for place, url in enumerate(nodes.urls)]
    both = Deployment(urls[0], [Node(url) for url in urls], by_checksum)
    async with running(Hub(Config(url=urls[0].reveal(), refresh_s=FAST), both)) as hub:
        desk = Desk(hub)
        with_nodes = set(TOPICS) - {"events"}  # the subscriber has a connection of its own
        await until(lambda: all(desk.statuses().get(topic) == "error" for topic in with_nodes))
        assert {desk.latest[topic].note for topic in with_nodes} == {f"{gone}: connection refused"}
        assert hub.deployment.unreachable
