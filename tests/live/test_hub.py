"""The hub: it reads every topic, turns failures into statuses, survives a restart, and keeps few readings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.config import CachePattern, Config
from redis_dash.core.commands import RevokeSession
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.messages import Mark
from redis_dash.core.reading import Reading
from redis_dash.discovery.discovery import Discovery
from redis_dash.hub import Hub
from redis_dash.sources import SOURCES
from redis_dash.sources.base import Sample
from redis_dash.sources.leaderboards import LeaderboardsSource
from tests.conftest import until
from tests.live.conftest import running
from tests.live.peers import asks_for_a_password, loads_its_data, peer
from tests.live.test_sources import accept, sign_in

TOPICS = [source.topic for source in SOURCES]

FAST = 0.1


class Desk:
    """Collects a hub's readings."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.latest: dict[str, Reading[Any]] = {}

    def frame(self, topic: str) -> Any:
        """A topic's latest frame."""
        return self.latest[topic].frame

    def statuses(self) -> dict[str, str]:
        mail = self._hub.drain()
        assert len(mail) <= len(TOPICS)
        self.latest.update({reading.topic: reading for reading in mail})
        return {topic: reading.status for topic, reading in self.latest.items()}

    def all_are(self, *statuses: str) -> bool:
        now = self.statuses()
        return set(now) == set(TOPICS) and all(status in statuses for status in now.values())


async def test_every_topic_is_read(redis_url: str, client: redis.Redis) -> None:
    sign_in(client, "ann")
    client.zadd("leaderboard", {"ann": 1})
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        await until(lambda: hub.passes > 1 and bool(desk.statuses()))
    assert desk.frame("sessions").count.value == 1
    assert desk.frame("leaderboards").boards[0].rows[0].member == "ann"


async def test_a_revocation_goes_through_and_shows_in_the_stream(redis_url: str, client: redis.Redis) -> None:
    key = sign_in(client, "ann")
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and bool(desk.frame("sessions").rows))
        frame: SessionsFrame = desk.frame("sessions")
        outcome = await hub.submit(RevokeSession(frame.rows[0]))
        assert outcome.result == "deleted"
        assert not client.exists(key)
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.value == 0)
        events: EventsFrame = desk.frame("events")
        (mark,) = events.log.read(0, events.log.end)
    assert isinstance(mark, Mark)
    assert mark.text == "deleted: ann-… of ann@example.com"


async def test_the_readings_agree_with_an_outcome_at_once(redis_url: str, client: redis.Redis) -> None:
    sign_in(client, "ann")
    async with running(Hub(Config(url=redis_url, refresh_s=0.5))) as hub:
        desk = Desk(hub)

        def users() -> list[str]:
            desk.statuses()
            return [row.user for row in desk.frame("sessions").rows]

        await until(lambda: desk.all_are("ok") and bool(users()))
        revoked = await hub.submit(RevokeSession(desk.frame("sessions").rows[0]))
        assert users() == []
        assert revoked.undo is not None
        await hub.submit(revoked.undo)
        assert users() == ["ann@example.com"]


async def test_a_restart_is_stale_and_then_live_again() -> None:
    with EmbeddedServer() as server:
        async with running(Hub(Config(url=server.url, refresh_s=FAST))) as hub:
            desk = Desk(hub)
            await until(lambda: desk.all_are("ok"))
            server.stop()
            await until(lambda: desk.all_are("stale"))
            assert all(reading.away for reading in desk.latest.values())
            assert all(reading.frame is not None for reading in desk.latest.values())
            assert "connection" in desk.latest["sessions"].note
            server.start()
            await until(lambda: desk.all_are("ok"), within_s=5)
            assert not any(reading.away for reading in desk.latest.values())
        assert len(desk.frame("events").gaps) == 1


async def test_all_topics_agree_at_every_moment_on_whether_the_server_is_there() -> None:
    """This is true even while it stops and starts, although each source notices that only when it reads."""
    with EmbeddedServer() as server:
        server.stop()
        async with running(Hub(Config(url=server.url, refresh_s=0.3))) as hub:
            desk = Desk(hub)
            seen = set[frozenset[bool]]()

            def all_are(status: str) -> bool:
                done = desk.all_are(status)
                seen.add(frozenset(reading.away for reading in desk.latest.values()))
                return done

            await until(lambda: all_are("error"))
            server.start()
            await until(lambda: all_are("ok"))
            for _ in range(3):
                server.stop()
                await until(lambda: all_are("stale"))
                server.start()
                await until(lambda: all_are("ok"))
            assert seen <= {frozenset(), frozenset({True}), frozenset({False})}


async def test_a_connection_that_is_lost_and_made_again_between_two_drains(redis_url: str) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        hub.deployment.nodes[0].connection.hang_up("cut")
        assert hub.deployment.trouble == "cut"
        assert desk.all_are("stale")
        assert {(reading.away, reading.note) for reading in desk.latest.values()} == {(True, "cut")}
        await until(lambda: desk.all_are("ok"))
        assert hub.deployment.trouble == ""


async def test_a_server_that_loads_its_data_is_away_at_every_moment() -> None:
    """The server answers INFO meanwhile, and nothing else."""
    async with peer(loads_its_data) as url, running(Hub(Config(url=url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: bool(desk.statuses()))
        for _ in range(100):
            desk.statuses()
            assert len({reading.away for reading in desk.latest.values()}) == 1
            await asyncio.sleep(0.01)


async def test_where_the_right_to_scan_is_taken_away_all_that_needs_it_says_so(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., Deployment]
) -> None:
    """Counts are no longer exact."""
    make_poor()
    client.acl_setuser("poor", enabled=True, channels=["*"])
    client.persist(sign_in(client, "ann"))  # an expiring key would make the other counts inexact
    accept(client, "10.0.0.1", [1.0])
    client.zadd("leaderboard", {"ann": 1})
    client.set("page:1", "x")
    url = redis_url.replace("redis://", "redis://poor:pw@")
    scanned = ("sessions", "rate_limits", "leaderboards", "cache")
    caches = (CachePattern("pages", "page:*", "stats"),)
    config = Config(url=url, refresh_s=FAST, leaderboards=("leaderboard", "lead*"), caches=caches)
    async with running(Hub(config)) as hub:
        desk = Desk(hub)

        def certainties() -> set[str]:
            counts = [desk.latest[topic].count for topic in scanned]
            return {count.certainty for count in counts if count is not None}

        await until(lambda: desk.all_are("ok") and certainties() == {"exact"})
        client.acl_setuser("poor", enabled=True, commands=["-scan"])
        await until(lambda: [desk.statuses()[topic] for topic in scanned] == ["reduced"] * 4)
        assert {desk.latest[topic].note for topic in scanned} == {"not allowed to run SCAN: new keys may be missed"}
        assert {desk.latest[topic].remedy for topic in scanned} == {"ACL SETUSER poor +scan"}
        assert certainties() == {"at_least"}
        await until(lambda: desk.statuses()["server"] == "ok" and bool(desk.frame("server").scan.stopped))
        client.acl_setuser("poor", enabled=True, commands=["+scan"])
        await until(lambda: desk.all_are("ok") and certainties() == {"exact"})


async def test_boards_of_a_known_name_need_no_right_to_scan(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., Deployment]
) -> None:
    make_poor()
    client.acl_setuser("poor", enabled=True, channels=["*"])
    client.zadd("leaderboard", {"ann": 1})
    url = redis_url.replace("redis://", "redis://poor:pw@")
    async with running(Hub(Config(url=url, refresh_s=FAST, leaderboards=("leaderboard",)))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        client.acl_setuser("poor", enabled=True, commands=["-scan"])
        await until(lambda: desk.statuses()["sessions"] == "reduced")
        count = desk.latest["leaderboards"].count
        assert desk.statuses()["leaderboards"] == "ok"
        assert count is not None
        assert count.certainty == "exact"


async def test_nothing_there_is_an_error_on_every_topic_but_no_crash() -> None:
    with EmbeddedServer() as server:
        url = server.url
    async with running(Hub(Config(url=url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("error"))
        assert not hub.reached
    assert {reading.note for reading in desk.latest.values()} == {"connection refused"}
    assert all(reading.away and reading.frame is None for reading in desk.latest.values())


async def test_a_user_with_few_rights_sees_what_it_may(redis_url: str, client: redis.Redis) -> None:
    sign_in(client, "ann")
    commands = ["+ping", "+client|setname", "+scan", "+dbsize", "+get", "+pttl"]
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=commands, keys=["*"], reset_channels=True)
    try:
        url = redis_url.replace("redis://", "redis://poor:pw@")
        async with running(Hub(Config(url=url, refresh_s=FAST))) as hub:
            desk = Desk(hub)
            await until(lambda: len(desk.statuses()) == len(TOPICS) and desk.statuses()["sessions"] == "ok")
            await until(lambda: desk.statuses()["events"] == "off")
            assert desk.statuses()["server"] == "off"
            assert "info" in desk.latest["server"].note.lower()
            assert desk.frame("sessions").count.value == 1
    finally:
        client.acl_deluser("poor")


async def test_a_right_that_one_topic_lacks_does_not_hold_up_the_scan_for_the_others(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., Deployment]
) -> None:
    sign_in(client, "ann")
    client.zadd("ratelimit:10.0.0.1", {"a": 1})
    make_poor("-zcard", "-zcount", "-zrangebyscore", "-zrevrangebyscore", "-get")
    async with running(Hub(Config(url=redis_url.replace("redis://", "redis://poor:pw@"), refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: hub.passes > 2 and desk.statuses().get("rate_limits") == "off")
        assert desk.latest["rate_limits"].note.startswith("not allowed to run Z")
        assert desk.frame("sessions").count.value == 1
        assert hub.watch.keyspace.trouble == ""


@pytest.mark.own_errors(1)
async def test_a_defect_in_the_first_look_at_the_keys_ends_nothing(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Discovery) -> None:
        raise TypeError

    sign_in(client, "ann")
    monkeypatch.setattr(Discovery, "first_look", fail)
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.value == 1)
        assert hub.errors == 1


async def test_a_source_is_never_read_by_two_at_once(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = 0, 0
    read = LeaderboardsSource.read

    async def watched(source: LeaderboardsSource) -> Sample[LeaderboardsFrame]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        try:
            return await read(source)
        finally:
            at_work -= 1

    monkeypatch.setattr(LeaderboardsSource, "read", watched)
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        await asyncio.gather(*(hub.read_all() for _ in range(5)))
        await until(lambda: hub.passes > 1)
    assert most == 1


async def test_a_password_that_is_asked_for_is_not_a_right_to_subscribe() -> None:
    async with peer(asks_for_a_password) as url, running(Hub(Config(url=url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("error"))
        assert not hub.refused
        assert not hub.reached


@pytest.mark.own_errors(1)
async def test_a_bug_in_a_source_is_counted_and_reported_without_its_name(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(Config(url=redis_url))

    async def broken() -> NoReturn:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(hub.watch.sources[0], "read", broken)
    reading = await hub._read(hub.watch.sources[0])
    assert (reading.status, reading.note) == ("error", "an error in redis-dash itself (reading server)")
    assert hub.errors == 1
    assert hub.deployment.errors == 1
    await hub.deployment.close()


@pytest.mark.own_errors(2)
async def test_a_bug_in_what_runs_besides_ends_nothing(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.watch.RETRY_S", 0.01)
    sign_in(client, "ann")
    hub = Hub(Config(url=redis_url, refresh_s=FAST))
    for part in (hub._subscriber, hub.watch.keyspace):
        monkeypatch.setattr(part, "run", failing_once(part.run))
    async with running(hub):
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.value == 1)
        assert hub.errors == 2


def failing_once(run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    failures = iter([KeyError("secret")])

    async def fail_first() -> None:
        for failure in failures:
            raise failure
        await run()

    return fail_first
