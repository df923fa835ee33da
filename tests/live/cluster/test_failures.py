"""A primary that is down is missing, and told as such; after the failover all is right again."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time

import pytest

from demo_server.process.embedded_cluster import EmbeddedCluster
from redis_dash.core.commands import FullPass, RevokeSession
from redis_dash.core.messages import Mark
from redis_dash.discover import discover
from redis_dash.doctor import NOT_FULL, doctor
from redis_dash.hub import Hub
from redis_dash.standard_streams import Talk
from tests.conftest import until
from tests.live.cluster.keys import USERS, Application, session_key
from tests.live.cluster.test_topics import config, write_all
from tests.live.conftest import running
from tests.live.test_hub import Desk

BY_SCAN = ("sessions", "rate_limits", "leaderboards")


async def kill(app: Application, number: int) -> None:
    """Kill a server; returns when it is dead."""
    await asyncio.get_running_loop().run_in_executor(None, app.cluster.kill, number)


def is_whole(desk: Desk, sessions: int) -> bool:
    statuses = desk.statuses()
    count = desk.frame("sessions").count if "sessions" in statuses else None
    return (
        set(statuses.values()) == {"ok"} and count is not None and (count.value, count.certainty) == (sessions, "exact")
    )


async def seen(desk: Desk, number: int) -> None:
    await until(lambda: desk.all_are("ok") and is_whole(desk, number))


def are_lower_bounds(desk: Desk, truth: dict[str, int]) -> bool:
    """Whether each topic that is counted says that a primary is missing, and no more than what is there."""
    statuses = desk.statuses()
    for topic in (*BY_SCAN, "server"):
        if statuses[topic] != "reduced" or not desk.latest[topic].note.startswith("2 of 3 primaries"):
            return False
    counts = {topic: desk.latest[topic].count for topic in BY_SCAN}
    return all(
        count is not None and count.certainty == "at_least" and count.high is None and count.value == truth[topic]
        for topic, count in counts.items()
    )


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_killed_primary_is_told_and_so_is_its_failover(fragile: Application, number: int) -> None:
    write_all(fragile)
    prefixes = {"sessions": "session:", "rate_limits": "ratelimit:", "leaderboards": "leaderboard:"}
    rest = [one for one in range(3) if one != number]
    truth = {
        topic: sum(len(fragile.cluster.clients[one].keys(f"{prefix}*")) for one in rest)
        for topic, prefix in prefixes.items()
    }
    async with running(Hub(config(fragile, refresh_s=1.0))) as hub:
        desk = Desk(hub)
        await seen(desk, len(USERS))
        counts = list[tuple[str, int]]()
        replica = fragile.cluster.clients[number + 3]
        replica.config_set("cluster-replica-validity-factor", 0)
        replica.config_set("cluster-replica-no-failover", "yes")  # until what is missing was told
        await kill(fragile, number)
        await until(lambda: are_lower_bounds(desk, truth))
        server = desk.frame("server").cluster
        assert (server.reached, server.primaries) == (2, 3)
        assert desk.frame("server").partial == server.partial
        down = next(node for node in server.nodes if node.trouble and not node.replica_of)
        assert down.address == f"127.0.0.1:{fragile.cluster.servers[number].port}"
        replica.config_set("cluster-replica-no-failover", "no")
        await until(lambda: fragile.cluster.role_of(number + 3) == "master")
        promoted = time.monotonic()
        while not is_whole(desk, len(USERS)):
            count = desk.frame("sessions").count
            counts.append((count.certainty, count.value))
            assert count.certainty != "exact" or count.value == len(USERS)
            assert time.monotonic() < promoted + 30
            await asyncio.sleep(0.02)
        assert desk.frame("rate_limits").count.value == 30
        assert {row.user for row in desk.frame("sessions").rows} == {f"{user}@example.com" for user in USERS}
        assert hub.errors == 0


async def test_a_primary_that_hangs_is_told_and_is_there_again_afterwards() -> None:
    """For less than the time after which a replica takes its place."""
    with EmbeddedCluster(replicas=0, node_timeout=60.0) as cluster:
        app = Application(cluster)
        write_all(app)
        async with running(Hub(config(app))) as hub:
            desk = Desk(hub)
            await seen(desk, len(USERS))
            pid = cluster.servers[1].pid
            os.kill(pid, signal.SIGSTOP)
            try:
                await until(lambda: desk.statuses().get("sessions") == "reduced")
                assert desk.latest["sessions"].note.startswith("2 of 3 primaries")
                assert desk.latest["sessions"].count is not None
                assert desk.latest["sessions"].count.certainty == "at_least"
            finally:
                os.kill(pid, signal.SIGCONT)
            await until(lambda: is_whole(desk, len(USERS)))


async def test_without_a_replica_the_rest_is_shown_for_as_long_as_it_takes(fragile: Application) -> None:
    """The application has allowed to read while a primary is down."""
    write_all(fragile)
    for client in fragile.cluster.clients:
        client.config_set("cluster-require-full-coverage", "no")
    async with running(Hub(config(fragile))) as hub:
        desk = Desk(hub)
        await seen(desk, len(USERS))
        await kill(fragile, 3)
        await kill(fragile, 0)
        await until(lambda: desk.statuses().get("sessions") == "reduced")
        lost = [user for user in USERS if desk.frame("sessions").count.value and fragile_owner(fragile, user) == 0]
        assert lost
        await until(
            lambda: desk.statuses().get("sessions") == "reduced" and len(desk.frame("sessions").rows) == 60 - len(lost)
        )
        assert desk.latest["sessions"].note.startswith("2 of 3 primaries")
        passes = hub.passes
        hub.ask(FullPass(True))
        await until(lambda: hub.passes > passes and not hub.scan().full_speed)
        assert hub.scan().last_partial.startswith("2 of 3 primaries")
        row = desk.frame("sessions").rows[0]
        assert (await hub.submit(RevokeSession(row))).result == "deleted"
    text, code = await discover(config(fragile), as_json=False, talk=Talk())
    assert code == 0
    assert "2 of 3 primaries" in text
    assert text.splitlines()[0].endswith("+ keys, since not all of the cluster was seen")
    text, code = await doctor(config(fragile), as_json=False)
    assert code == NOT_FULL
    assert "5 of 6 topics are not full" in text
    assert "~ Sessions         reduced    2 of 3 primaries" in text
    assert " in db0, of 2 primaries, not of all" in text


def fragile_owner(app: Application, user: str) -> int:
    """Of the first distribution of the slots."""
    from redis_dash.client.cluster.slots import SLOTS, slot_of

    return slot_of(session_key(user).encode()) * 3 // SLOTS


async def test_messages_come_from_another_primary_after_a_gap_that_is_told(fragile: Application) -> None:
    hub = Hub(config(fragile))
    async with running(hub):
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        port = int(str(hub._subscriber._url).rpartition(":")[2].partition("/")[0])
        number = next(n for n, server in enumerate(fragile.cluster.servers) if server.port == port)
        other = fragile.cluster.clients[(number + 1) % 3]
        other.publish("orders", "before")
        await until(lambda: hub.received == 1)
        await kill(fragile, number)
        await until(lambda: not hub.subscribed)
        await until(lambda: hub.subscribed)
        other.publish("orders", "after")
        await until(lambda: hub.received == 2)
        assert len(desk_gaps(desk)) == 1
        marks = [one.text for one in hub.watch._context.log.read(0, 100) if isinstance(one, Mark)]
        assert any("reconnected" in text for text in marks)


def desk_gaps(desk: Desk) -> list[object]:
    desk.statuses()
    return list(desk.frame("events").gaps)


async def test_a_cluster_of_which_nothing_is_there_is_told(fragile: Application) -> None:
    url = fragile.cluster.url
    fragile.cluster.stop()
    async with running(Hub(config(fragile, url))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("error"))
        assert hub.deployment.unreachable
        assert {reading.note for reading in desk.latest.values()} == {"none of 3 servers: connection refused"}


async def test_a_stream_goes_on_after_the_failover_and_nothing_is_read_twice(fragile: Application) -> None:
    number = fragile.number_of("orders")
    client = fragile.cluster.clients[number]
    client.xadd("orders", {"n": "earlier"})
    async with running(Hub(config(fragile, streams=("orders",)))) as hub:
        desk = Desk(hub)
        await until(lambda: hub.follows_streams and desk.all_are("ok"))

        def received() -> int:
            desk.statuses()
            return int(desk.frame("events").streams[0].count)

        for _ in range(3):
            client.xadd("orders", {"n": "1"})
        await until(lambda: received() == 3)
        assert client.wait(1, 5000) == 1
        await kill(fragile, number)
        await until(lambda: desk.statuses()["events"] == "reduced" and "2 of 3 primaries" in desk.latest["events"].note)
        await until(lambda: fragile.cluster.role_of(number + 3) == "master")
        await until(lambda: desk.all_are("ok"))
        fragile.cluster.clients[number + 3].xadd("orders", {"n": "2"})
        await until(lambda: received() >= 4)
        stream = desk.frame("events").streams[0]
        assert (stream.count, stream.missed, stream.may_miss) == (4, 0, False)


async def test_a_cluster_that_refuses_everything_is_stale_and_never_exact() -> None:
    """Without a replica a cluster refuses all commands with keys, unless it is configured otherwise."""
    with EmbeddedCluster(replicas=0, node_timeout=1.0) as cluster:
        app = Application(cluster)
        write_all(app)
        async with running(Hub(config(app))) as hub:
            desk = Desk(hub)
            await seen(desk, len(USERS))
            await kill(app, 0)
            await until(lambda: desk.statuses()["sessions"] == "reduced")
            await until(lambda: desk.statuses()["sessions"] == "stale")
            assert desk.latest["sessions"].note.startswith("the cluster is down; 2 of 3 primaries")
            for topic in BY_SCAN:
                count = desk.latest[topic].count
                assert count is not None
                assert count.certainty == "at_least"
            assert desk.statuses()["server"] == "reduced"
            members = hub.deployment.cluster
            assert members is not None
            await until(
                lambda: members.topology.failing > 0 and bool(desk.statuses()) and desk.frame("server").cluster.is_down
            )
            assert desk.latest["server"].note.endswith("; the cluster is down")
            assert "; the cluster is down" in hub.keys().note
            members.node_at(next(iter(members.missing))).connection._next_try = math.inf
            cluster.restart(0)  # empty, and the others have told that it is there again
            await until(lambda: desk.all_are("ok") and desk.frame("server").cluster.reached == 3)
            assert not desk.frame("server").cluster.is_down
            assert hub.errors == 0
