"""Several databases of one server: they are told, and the hub goes over from one to another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import FindOut, RestoreSession, RevokeSession
from redis_dash.core.databases import Database, others
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.discover import discover
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import PROGRAMS
from tests.live.test_discovery import sign_in as express_session
from tests.live.test_hub import FAST, Desk
from tests.live.test_sources import sign_in


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda path: path.name)
def embedded_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """A server of each kind that is found: how databases are told apart differs."""
    program: Path = request.param
    with EmbeddedServer(program=program) as server:
        yield server


@pytest.fixture
def second(embedded_server: EmbeddedServer, client: redis.Redis) -> redis.Redis:
    """A client of database 1, which was emptied with the others."""
    return redis.Redis(port=embedded_server.port, db=1)


def counted(desk: Desk, topic: str, number: int) -> bool:
    desk.statuses()
    reading = desk.latest.get(topic)
    count = None if reading is None or reading.frame is None else reading.frame.count
    return count is not None and count.value == number and count.certainty in ("exact", "counted")


def frames_of(desk: Desk, topic: str) -> Any:
    return desk.latest[topic].frame


async def test_the_server_tells_which_database_is_watched_and_which_others_hold_keys(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    client.set("a", "1")
    second.mset({"b": "1", "c": "1"})
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        frame: ServerFrame = desk.frame("server")
        assert (frame.database, frame.keys) == (0, 1)
        assert frame.databases == (Database(0, 1), Database(1, 2))
        scope = desk.latest["sessions"].scope
        assert scope is not None
        assert scope.elsewhere == others(frame.databases, 0) == (Database(1, 2),)
        second.flushdb()
        await until(lambda: bool(desk.statuses()) and desk.frame("server").databases == (Database(0, 1),))
        await until(lambda: bool(desk.statuses()) and not desk.latest["sessions"].scope.elsewhere)  # type: ignore[union-attr]


async def test_all_figures_are_those_of_the_database_that_is_watched_now(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    for number in range(3):
        sign_in(client, f"ann{number}")
    client.zadd("leaderboard", {"ann": 1})
    sign_in(second, "bob")
    second.zadd("leaderboard:x", {"bob": 1, "eve": 2})
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 3) and counted(desk, "leaderboards", 1))
        await hub.select(1)
        assert hub.database == 1
        assert hub.target.endswith("/1")
        for reading in hub.drain():
            assert reading.topic == "events", "nothing of the former database may be delivered"
        assert hub.keys().frame is None or not hub.keys().frame.kinds  # type: ignore[union-attr]
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 1) and counted(desk, "leaderboards", 1))
        (row,) = frames_of(desk, "sessions").rows
        assert (row.user, row.database) == ("bob@example.com", 1)
        assert frames_of(desk, "leaderboards").boards[0].key == "leaderboard:x"
        assert (desk.frame("server").database, desk.frame("server").keys) == (1, 2)
        await until(lambda: bool(hub.keys().frame and hub.keys().frame.keys == 2))  # type: ignore[union-attr]
        sign_in(second, "carl")  # client tracking follows the database, too
        await until(lambda: counted(desk, "sessions", 2))
        await hub.select(0)
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 3))


async def test_messages_come_from_all_databases_without_a_gap(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        await until(lambda: hub.subscribed)
        done = asyncio.Event()

        async def publish() -> int:
            number = 0
            while not done.is_set():
                second.publish("news", f"{number}")
                number += 1
                await asyncio.sleep(0)
            return number

        publishing = asyncio.create_task(publish())
        await until(lambda: hub.received > 10)
        for database in (1, 0, 1):
            before = hub.received
            await hub.select(database)
            await until(lambda before=before: hub.received > before)  # type: ignore[misc]
        done.set()
        sent = await publishing
        await until(lambda: hub.received == sent)
        desk = Desk(hub)
        await until(lambda: bool(desk.statuses().get("events")) and desk.frame("events").received == sent)
        events: EventsFrame = desk.frame("events")
        assert (events.gaps, events.dropped, events.log.end) == ((), 0, sent)


async def test_the_hit_rate_is_of_all_databases_and_right_after_the_change(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    for number in range(50):
        sign_in(client, f"ann{number}")
        sign_in(second, f"bob{number}")
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 50))
        for number in range(7):
            client.get(f"nothing{number}")
        await hub.select(1)
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 50))
        for _ in range(5):
            second.get("nothing")
            second.get(second.keys("session:*")[0])
        await until(lambda: bool(desk.statuses().get("cache")) and desk.frame("cache").misses == 12)
        cache: CacheFrame = desk.frame("cache")
        assert (cache.hits, cache.misses) == (5, 12)
        assert cache.own_hits > 50


async def test_an_undo_of_another_database_is_refused_and_goes_back_to_its_own(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    key = sign_in(client, "ann")
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 1))
        frame: SessionsFrame = desk.frame("sessions")
        (row,) = frame.rows
        undo = (await hub.submit(RevokeSession(row))).undo
        assert isinstance(undo, RestoreSession)
        await hub.select(1)
        second.set(key, "the same name in database 1")
        for command in (undo, RevokeSession(row), FindOut(undo, undo), FindOut(RevokeSession(row), undo)):
            with pytest.raises(SourceError, match="in database 0, and database 1 is watched"):
                await hub.submit(command)
        assert second.keys() == [key]
        assert not client.exists(key)
        second.flushdb()
        await hub.select(0)
        assert (await hub.submit(undo)).result == "restored"
        assert client.exists(key)
        assert not second.exists(key)


async def test_ids_of_a_database_that_was_watched_stay_hidden_in_messages(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    client.set("app:login:S3cretTicketOfAnn77", json.dumps({"email": "ann@example.com", "role": "x"}), ex=900)
    second.set("b", "1")
    config = Config(url=redis_url, refresh_s=FAST, sessions=("app:login:*",))
    async with running(Hub(config)) as hub:
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 1))
        await hub.select(1)
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok", "reduced"))
        frame: EventsFrame = desk.frame("events")
        assert "app:login:*" in frame.session_globs
        assert "S3cretTicketOfAnn77" not in frame.known_ids.mask("gone: S3cretTicketOfAnn77")


async def test_patterns_recognised_in_another_database_still_mask_messages(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    for number in range(30):
        express_session(client, f"user{number}")
    second.set("b", "1")
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)

        def masked() -> list[str]:
            return [glob for glob in desk.frame("events").session_globs if glob.startswith("sess:")]

        await until(lambda: bool(desk.statuses().get("events")) and bool(masked()))
        await hub.select(1)
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok", "reduced"))
        assert masked()
        assert desk.latest["sessions"].scope.patterns == ("session:*",)  # type: ignore[union-attr]


async def test_the_database_stays_selected_when_the_connection_is_made_again(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    sign_in(second, "bob")
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        await until(lambda: hub.passes > 0)
        await hub.select(1)
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 1))
        connects = hub.deployment.connects
        client.client_kill_filter(_type="normal", skipme=True)
        await until(lambda: hub.deployment.connects > connects)
        sign_in(second, "carl")
        await until(lambda: counted(desk, "sessions", 2))


async def test_a_refused_select_changes_nothing(redis_url: str, client: redis.Redis, second: redis.Redis) -> None:
    sign_in(client, "ann")
    sign_in(second, "bob")
    sign_in(second, "carl")
    client.acl_setuser(
        "narrow", enabled=True, passwords=["+pw"], commands=["+@all", "-select"], keys=["*"], channels=["*"]
    )
    try:
        url = redis_url.replace("redis://", "redis://narrow:pw@")
        async with running(Hub(Config(url=url, refresh_s=FAST))) as hub:
            desk = Desk(hub)
            await until(lambda: counted(desk, "sessions", 1))
            with pytest.raises(SourceError, match=r"not allowed to run SELECT; ACL SETUSER narrow \+select allows it"):
                await hub.select(1)
            assert hub.database == 0
            sign_in(client, "dora")
            await until(lambda: counted(desk, "sessions", 2))
            assert desk.frame("sessions").rows[0].database == 0
            client.acl_setuser("narrow", commands=["+select"])
            await hub.select(1)
            assert hub.database == 1
    finally:
        client.acl_deluser("narrow")


async def test_a_database_that_does_not_exist_is_refused(redis_url: str, client: redis.Redis) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        await until(lambda: hub.passes > 0)
        with pytest.raises(SourceError, match="the server has no database of this number"):
            await hub.select(99_999)
        passes = hub.passes
        await until(lambda: hub.passes > passes)
        assert hub.database == 0


async def test_a_server_that_is_away_leaves_the_database(embedded_server: EmbeddedServer) -> None:
    with EmbeddedServer() as server:
        url = server.url
        hub = Hub(Config(url=url, refresh_s=FAST))
        async with running(hub):
            await until(lambda: hub.passes > 0)
            server.stop()
            with pytest.raises(SourceError):
                await hub.select(1)
            assert hub.database == 0


async def test_nothing_is_written_while_another_database_is_selected(redis_url: str, client: redis.Redis) -> None:
    key = sign_in(client, "ann")
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: counted(desk, "sessions", 1))
        (row,) = desk.frame("sessions").rows
        selecting = asyncio.create_task(hub.select(1))
        await asyncio.sleep(0)
        with pytest.raises(SourceError, match="another database is being selected"):
            await hub.submit(RevokeSession(row))
        with pytest.raises(SourceError, match="still"):
            await hub.select(2)
        await selecting
        assert client.exists(key)
        await hub.select(0)
        revoking = asyncio.create_task(hub.submit(RevokeSession(row)))
        await asyncio.sleep(0)
        with pytest.raises(SourceError, match="a command is still being carried out"):
            await hub.select(1)
        assert (await revoking).result == "deleted"


async def test_a_cluster_has_one_database(redis_url: str) -> None:
    deployment = Deployment(Url(redis_url))
    await deployment.connect()
    deployment.nodes[0].kind = "cluster"
    with pytest.raises(SourceError, match="a cluster has one database only"):
        await deployment.select(1)
    await deployment.close()


async def test_snapshot_and_discover_tell_the_databases(
    redis_url: str, client: redis.Redis, second: redis.Redis
) -> None:
    client.set("a", "1")
    second.mset({"b": "1", "c": "1"})
    config = Config(url=Url(redis_url).with_database(1).reveal(), refresh_s=FAST)
    document = json.loads((await take(config, 0.0, talk=None))[0])
    assert document["target"].endswith("/1")
    server = document["topics"]["server"]["frame"]
    assert (server["database"], server["keys"]) == (1, 2)
    assert server["databases"] == [{"number": 0, "keys": 1}, {"number": 1, "keys": 2}]
    assert document["topics"]["sessions"]["scope"]["elsewhere"] == [{"number": 0, "keys": 1}]

    listed = json.loads((await discover(config, as_json=True))[0])
    assert (listed["database"], listed["keys"]) == (1, 2)
    assert listed["databases"] == [{"number": 0, "keys": 1}, {"number": 1, "keys": 2}]
    text = (await discover(config, as_json=False))[0]
    assert "Other databases that hold keys: db0 1. -n N lists one of them." in text
