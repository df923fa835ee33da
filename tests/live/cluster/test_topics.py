"""What is shown of a cluster is what the application has written to it."""

from __future__ import annotations

import json

import pytest

from redis_dash.client.cluster.slots import SLOTS
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import Publish, RevokeSession, SearchSessions
from redis_dash.core.frames.server import ClusterNode, ServerFrame
from redis_dash.demo import CONFIGURATION
from redis_dash.discover import discover
from redis_dash.doctor import NOT_FULL, OK, doctor
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.standard_streams import Talk
from tests.conftest import until
from tests.live.cluster.keys import USERS, Application, session_key
from tests.live.conftest import running
from tests.live.test_hub import FAST, Desk


def config(app: Application, url: str = "", **settings: object) -> Config:
    return Config(url=url or app.cluster.url, **(CONFIGURATION | {"refresh_s": FAST} | settings))


def write_all(app: Application) -> None:
    """Sessions, limits and boards on all primaries."""
    app.sign_in(USERS)
    for number in range(30):
        app.client_of(key := f"ratelimit:10.0.0.{number}").set(key, number, ex=50)
        app.client_of(board := f"leaderboard:{number}").zadd(board, {f"member{n}": n for n in range(number + 1)})
    assert all(client.dbsize() for client in app.cluster.clients[:3])


@pytest.mark.parametrize("place", ["cluster", "primary", "replica"])
async def test_sessions_limits_and_boards_are_those_that_were_written(app: Application, place: str) -> None:
    """Also if a plain URL leads to any of its servers."""
    write_all(app)
    number = {"cluster": -1, "primary": 1, "replica": 4}[place]
    url = app.cluster.url if number < 0 else app.cluster.servers[number].url
    async with running(Hub(config(app, url))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.certainty == "exact")
        assert desk.frame("sessions").count.value == len(USERS)
        assert {row.user for row in desk.frame("sessions").rows} == {f"{user}@example.com" for user in USERS}
        await until(lambda: desk.all_are("ok") and desk.frame("rate_limits").count.certainty == "exact")
        limited = {row.identity: row.used for row in desk.frame("rate_limits").rows}
        assert limited == {f"10.0.0.{number}": number for number in range(30)}
        await until(lambda: desk.all_are("ok") and desk.frame("leaderboards").count.certainty == "exact")
        assert {b.key: b.size for b in desk.frame("leaderboards").boards} == {
            f"leaderboard:{n}": n + 1 for n in range(30)
        }
        server: ServerFrame = desk.frame("server")
        assert server.kind == "cluster"
        assert server.keys == len(USERS) + 60
        hub.ask(SearchSessions("user39"))
        await until(lambda: bool(desk.statuses()) and not getattr(desk.frame("sessions").search, "running", True))
        assert [row.user for row in desk.frame("sessions").search.rows] == ["user39@example.com"]
        assert hub.errors == 0


async def test_each_server_is_listed(app: Application) -> None:
    write_all(app)
    async with running(Hub(config(app))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and desk.frame("server").cluster is not None)
        await until(lambda: bool(desk.statuses()) and all(n.lag_s is not None for n in replicas(desk.frame("server"))))
        cluster = desk.frame("server").cluster
        assert (cluster.reached, cluster.primaries, cluster.partial) == (3, 3, "")
        primaries = [node for node in cluster.nodes if not node.replica_of]
        assert sum(node.slots for node in primaries) == SLOTS
        keys = {
            f"127.0.0.1:{s.port}": c.dbsize() for s, c in zip(app.cluster.servers, app.cluster.clients, strict=True)
        }
        assert {node.address: node.keys for node in primaries} == {
            node.address: keys[node.address] for node in primaries
        }
        assert all(node.used_memory and node.ping_ms is not None for node in primaries)
        owner = {
            f"127.0.0.1:{app.cluster.servers[n + 3].port}": f"127.0.0.1:{app.cluster.servers[n].port}" for n in range(3)
        }
        assert {node.address: node.replica_of for node in replicas(desk.frame("server"))} == owner


def replicas(frame: ServerFrame) -> list[ClusterNode]:
    return [] if frame.cluster is None else [node for node in frame.cluster.nodes if node.replica_of]


async def test_the_hit_rate_is_the_applications_on_all_primaries(app: Application) -> None:
    write_all(app)
    deployment = Deployment(Url(app.cluster.url))
    try:
        before = await deployment.info(max_age_s=-1)
        await deployment.pipeline([(b"PTTL", session_key(user).encode()) for user in [*USERS, "nobody", "none"]])
        await deployment.pipeline([(b"ZCARD", b"leaderboard:%d" % n) for n in range(40)])
        assert (await deployment.info(max_age_s=-1)).application == before.application
        for user in USERS[:30]:
            app.client_of(key := session_key(user)).get(key)
        app.client_of("nothing").get("nothing")
        after = (await deployment.info(max_age_s=-1)).application
        assert after == (before.application[0] + 30, before.application[1] + 1)
    finally:
        await deployment.close()


async def test_a_plain_server_is_asked_nothing_about_clusters(redis_url: str, client: object) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        await hub.deployment.price()
    stats = client.info("commandstats")  # type: ignore[attr-defined]
    assert "cmdstat_ping" in stats
    assert not [name for name in stats if "cluster" in name or "asking" in name]


async def test_a_session_is_revoked_and_brought_back_wherever_it_is(app: Application) -> None:
    app.sign_in(USERS)
    async with running(Hub(config(app))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and len(desk.frame("sessions").rows) == len(USERS))
        for number in range(3):
            user = next(one for one in USERS if app.number_of(session_key(one)) == number)
            key, client = session_key(user), app.client_of(session_key(user))
            value, ttl = client.get(key), client.ttl(key)
            row = next(row for row in desk.frame("sessions").rows if row.user == f"{user}@example.com")
            outcome = await hub.submit(RevokeSession(row))
            assert outcome.result == "deleted"
            assert not client.exists(key)
            assert outcome.undo is not None
            assert (await hub.submit(outcome.undo)).result == "restored"
            assert client.get(key) == value
            assert client.ttl(key) == pytest.approx(ttl, abs=2)
        assert (await hub.submit(Publish("nobody", "x"))).result == "sent"


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
async def test_without_the_right_to_ask_for_the_cluster_one_node_is_shown_as_such(
    app: Application, scheme: str
) -> None:
    app.sign_in(USERS)
    for client in app.cluster.clients:
        client.acl_setuser(
            "poor", enabled=True, passwords=["+pw"], commands=["+@all", "-cluster"], keys=["*"], channels=["*"]
        )
    poor = config(app, f"{scheme}://poor:pw@127.0.0.1:{app.cluster.servers[0].port}/0")
    try:
        document, code = await doctor(poor, as_json=True)
        topics = {name: (one["state"], one["grant"]) for name, one in json.loads(document)["topics"].items()}
        assert topics.pop("events") == ("full", None)
        assert set(topics.values()) == {("reduced", grant := "ACL SETUSER poor +cluster|slots +cluster|info")}
        assert (code, json.loads(document)["all_topics"]) == (NOT_FULL, grant)
        assert f"not allowed to run CLUSTER SLOTS. {grant} allows it." in (await found(poor))
        async with running(Hub(poor)) as hub:
            desk = Desk(hub)
            await until(lambda: desk.statuses().get("sessions") == "reduced" and bool(desk.frame("sessions").rows))
            await until(lambda: topics.keys() <= desk.statuses().keys())
            assert hub.keys().remedy == grant
            for topic in topics:
                assert desk.latest[topic].note.startswith("one node of a cluster: not allowed to run CLUSTER")
                assert desk.latest[topic].remedy == grant
            await until(lambda: bool(desk.statuses()) and desk.latest["sessions"].count is not None)
            count = desk.latest["sessions"].count
            assert count is not None
            assert (count.certainty, count.high) == ("at_least", None)
            assert count.value <= app.cluster.clients[0].dbsize() < len(USERS)
    finally:
        for client in app.cluster.clients:
            client.acl_deluser("poor")


async def found(settings: Config) -> str:
    return (await discover(settings, as_json=False, talk=Talk()))[0]


async def test_doctor_tells_whose_keys_these_are(app: Application) -> None:
    app.sign_in(USERS)
    text, code = await doctor(config(app, app.cluster.servers[0].url), as_json=False)
    assert f"keys      {len(USERS)} in db0, of all 3 primaries" in text
    assert code == OK


@pytest.mark.parametrize("number", [2, 5])
async def test_two_dashboards_see_each_other(app: Application, number: int) -> None:
    """Also if the URL of the other one leads to a replica."""
    async with running(Hub(config(app))) as first, running(Hub(config(app, app.cluster.servers[number].url))):
        desk = Desk(first)
        await until(lambda: "cache" in desk.statuses() and desk.frame("cache").dashboards == 2)


async def test_the_snapshot_and_the_list_of_kinds_are_of_all_primaries(app: Application) -> None:
    write_all(app)
    document, code = await take(config(app), 0.5)
    taken = json.loads(document)
    assert code == 0
    assert taken["target"] == app.cluster.url
    sessions = taken["topics"]["sessions"]
    assert (sessions["frame"]["count"], sessions["coverage"], sessions["status"]) == (len(USERS), 1.0, "ok")
    assert taken["topics"]["server"]["frame"]["cluster"]["reached"] == 3
    text, code = await discover(config(app), as_json=True, talk=Talk())
    kinds = {kind["keys"]: kind["count"] for kind in json.loads(text)["kinds"]}
    assert code == 0
    assert kinds["leaderboard:*"] == 30
    assert kinds["ratelimit:*"] == 30
    assert sum(kinds.values()) == len(USERS) + 60
