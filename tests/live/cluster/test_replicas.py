"""Replicas that are read in place of their primaries: what is told of them, and that nothing depends on them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis

from demo_server.process.embedded_cluster import EmbeddedCluster, slots_told
from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.server import ReplicasRead
from redis_dash.diagnosis.report import examine
from redis_dash.discover import discover
from redis_dash.doctor_text import report_text
from redis_dash.hub import Hub
from redis_dash.sources.server import NO_REPLICAS
from tests.conftest import until
from tests.live.cluster.keys import USERS, Application, session_key
from tests.live.cluster.test_topics import config, write_all
from tests.live.conftest import running
from tests.live.test_hub import FAST, TOPICS, Desk

FIRST = 4
"""How often each command can be tried on new connections."""
READING = "?read_from_replicas=true"


def know_replicas(cluster: EmbeddedCluster) -> None:
    """Return when each server tells of all replicas."""
    cluster.wait_until(lambda: all(len(told) > 3 for client in cluster.clients for told in slots_told(client)))


@pytest.fixture
async def reading(app: Application) -> AsyncIterator[Deployment]:
    know_replicas(app.cluster)
    deployment = Deployment(Url(app.cluster.url + READING))
    await deployment.connect()
    assert not set(deployment.readers) & set(deployment.nodes)
    yield deployment
    await deployment.close()


def calls(client: redis.Redis, *names: str) -> int:
    stats = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in names)


def read_of(desk: Desk) -> ReplicasRead | None:
    """Which replicas are read, if all is well and nothing that may be older than the primaries is called exact."""
    if not desk.all_are("ok"):
        return None
    state: ReplicasRead | None = desk.frame("server").replicas_read
    exact = [topic for topic in TOPICS if (count := desk.latest[topic].count) and count.certainty == "exact"]
    return None if state is not None and state.read and exact else state


def numbers(desk: Desk) -> list[int]:
    return [desk.frame("sessions").count.value, desk.frame("rate_limits").count.value]


async def test_replicas_are_read_and_primaries_are_written(app: Application) -> None:
    write_all(app)
    know_replicas(app.cluster)
    for client in app.cluster.clients:
        client.config_resetstat()
    async with running(Hub(config(app, app.cluster.url + READING))) as hub:
        desk = Desk(hub)
        await until(lambda: (s := read_of(desk)) is not None and s.read == 3 and numbers(desk) == [len(USERS), 30])
        primaries, replicas = app.cluster.clients[:3], app.cluster.clients[3:]
        assert [calls(client, "scan", "memory|usage") for client in primaries] == [0, 0, 0]
        assert all(calls(client, "getrange") <= FIRST for client in primaries)
        assert all(calls(client, "scan") and calls(client, "getrange") > FIRST for client in replicas)
        state = desk.frame("server").replicas_read
        assert (state.primaries, state.trouble) == (3, "")
        assert state.behind_bytes is not None
        assert state.heard_s is not None
        assert sum(node.is_read for node in desk.frame("server").cluster.nodes) == 3
        assert {row.user for row in desk.frame("sessions").rows} == {f"{user}@example.com" for user in USERS}
        row = next(row for row in desk.frame("sessions").rows if row.user == "user7@example.com")
        outcome = await hub.submit(RevokeSession(row))
        assert outcome.result == "deleted"
        assert app.client_of(session_key("user7")).exists(session_key("user7")) == 0
        await until(lambda: read_of(desk) is not None and numbers(desk) == [len(USERS) - 1, 30])
        assert outcome.undo is not None
        assert (await hub.submit(outcome.undo)).result == "restored"
        await until(lambda: read_of(desk) is not None and numbers(desk) == [len(USERS), 30])
        assert hub.errors == 0
    text, code = await discover(config(app, app.cluster.url + READING), as_json=False)
    assert code == 0
    assert "Keys were read of 3 replicas: " in text


async def test_a_replica_that_is_lost_and_one_that_becomes_the_primary(fragile: Application) -> None:
    """The primaries are read instead, and the screen says so."""
    write_all(fragile)
    cluster = fragile.cluster
    know_replicas(cluster)
    async with running(Hub(config(fragile, cluster.url + READING))) as hub:
        desk = Desk(hub)

        def is_right(read: int) -> bool:
            state = read_of(desk)
            return state is not None and state.read == read and numbers(desk) == [len(USERS), 30]

        await until(lambda: is_right(3))
        cluster.kill(4)
        await until(lambda: is_right(2))
        trouble = desk.frame("server").replicas_read.trouble
        assert trouble.startswith(f"127.0.0.1:{cluster.servers[4].port}: ")
        cluster.kill(0)
        cluster.wait_until(lambda: cluster.role_of(3) == "master")
        cluster.wait_until(cluster.is_up)
        await until(lambda: is_right(1))
        assert desk.frame("server").cluster.reached == 3
        assert hub.errors == 0


async def test_a_key_that_no_replica_has_is_read_of_its_primary(app: Application, reading: Deployment) -> None:
    """Keys of a slot that is moving are on two primaries, and only one of these has a replica for the slot."""
    keys = [f"{{moving}}:{number}" for number in range(40)]
    for key in keys:
        app.client_of(key).set(key, key)
    source = app.number_of(keys[0])
    slot, target = slot_of(keys[0].encode()), (source + 1) % 3
    app.cluster.begin_move(slot, target)
    try:
        port = app.cluster.servers[target].port
        app.cluster.clients[source].migrate("127.0.0.1", port, keys[:30], 0, 5000)
        asked = [(b"GET", key.encode()) for key in keys]
        assert await reading.pipeline(asked) == [key.encode() for key in keys]
        app.cluster.clients[source].migrate("127.0.0.1", port, keys[30:], 0, 5000)
    finally:
        app.cluster.end_move(slot, source, target)
    assert await reading.pipeline(asked) == [key.encode() for key in keys]
    with pytest.raises(SourceError, match="nothing was written: this is a replica"):
        await reading.readers[0].before_write(lambda commands: reading.readers[0].pipeline(commands))


async def test_without_the_right_to_read_replicas(app: Application) -> None:
    """The primaries are read; pane and doctor say why, and what grants it."""
    app.sign_in(USERS)
    know_replicas(app.cluster)
    for client in app.cluster.clients:
        rules = ["+@all", "-readonly"]
        client.acl_setuser("watcher", enabled=True, passwords=["+pw"], commands=rules, keys=["*"], channels=["*"])
    try:
        found = config(app, app.cluster.url.replace("://", "://watcher:pw@") + READING)
        async with running(Hub(found)) as hub:
            desk = Desk(hub)
            await until(lambda: desk.all_are("ok", "reduced") and desk.latest["server"].status == "reduced")
            assert desk.latest["server"].note == "no replica is read: not allowed to run READONLY"
            assert desk.latest["server"].remedy == "ACL SETUSER watcher +readonly"
            assert desk.frame("server").replicas_read.missing_rules == ("+readonly",)
            await until(lambda: desk.all_are("ok", "reduced") and desk.frame("sessions").count.value == len(USERS))
        report = await examine(found)
        assert report.server.replicas_read is not None
        assert report.server.replicas_read.missing_rules == ("+readonly",)
        assert "ACL SETUSER watcher +readonly" in " ".join(report_text(report).split())
        for client in app.cluster.clients:
            client.acl_setuser("watcher", enabled=True, commands=["+readonly"])
        async with running(Hub(found)) as hub:
            desk = Desk(hub)
            await until(lambda: (state := read_of(desk)) is not None and state.read == 3)
    finally:
        for client in app.cluster.clients:
            client.acl_deluser("watcher")


async def test_a_server_without_replicas_says_so(redis_url: str) -> None:
    async with running(Hub(Config(url=redis_url + READING, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok", "reduced"))
        assert (desk.latest["server"].status, desk.latest["server"].note) == ("reduced", NO_REPLICAS)
