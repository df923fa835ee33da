"""The way to a cluster: TLS, a first server that is gone, and a user with a password."""

from __future__ import annotations

import contextlib

import pytest
import redis

from demo_server.process.embedded_cluster import EmbeddedCluster, slots_told
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.certificates import Authority
from tests.live.cluster.keys import USERS, Application
from tests.live.cluster.test_topics import config
from tests.live.conftest import running
from tests.live.relay import relay
from tests.live.test_hub import Desk
from tests.live.versions import needs


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def is_exact(desk: Desk) -> bool:
    if not desk.all_are("ok"):
        return False
    count = desk.frame("sessions").count
    return (count.value, count.certainty) == (len(USERS), "exact")


@pytest.mark.parametrize("is_plain", [True, False])
async def test_by_tls(authority: Authority, is_plain: bool) -> None:
    """Each server is reached by TLS, on the port that the cluster tells."""
    with EmbeddedCluster(replicas=0) as cluster:
        needs(cluster.clients[0], 7, what="an announced port that can be changed while a server runs")
        app = Application(cluster)
        app.sign_in(USERS)
        async with contextlib.AsyncExitStack() as stack:
            context = authority.context()
            relays = [await stack.enter_async_context(relay(one.port, context=context)) for one in cluster.servers]
            ports = {one.port for one in relays}
            for client, one in zip(cluster.clients, relays, strict=True):
                client.config_set("cluster-announce-port", one.port)
            await until(lambda: all(ports_told(client) == ports for client in cluster.clients))
            hosts = ",".join(f"127.0.0.1:{one.port}" for one in relays)
            url = f"rediss://127.0.0.1:{relays[0].port}/0" if is_plain else f"rediss+cluster://{hosts}/0"
            async with running(Hub(config(app, f"{url}?ssl_ca_certs={authority.file}"))) as hub:
                desk = Desk(hub)
                await until(lambda: is_exact(desk))
                assert {node.address for node in desk.frame("server").cluster.nodes} == {
                    f"127.0.0.1:{port}" for port in ports
                }
            async with running(Hub(config(app, url))) as hub:
                desk = Desk(hub)
                await until(lambda: desk.all_are("error", "stale"))
                assert "an authority that is not trusted here" in desk.latest["server"].note


def ports_told(client: redis.Redis) -> set[int]:
    return {primary[1] for _, _, primary, *_ in slots_told(client)}


async def test_another_server_is_asked_if_the_first_one_is_gone(fragile: Application) -> None:
    fragile.sign_in(USERS)
    url = fragile.cluster.url
    fragile.cluster.kill(0)
    fragile.cluster.wait_until(lambda: fragile.cluster.role_of(3) == "master")
    fragile.cluster.wait_until(fragile.cluster.is_up)
    async with running(Hub(config(fragile, url))) as hub:
        desk = Desk(hub)
        await until(lambda: is_exact(desk))
        assert hub.errors == 0


async def test_a_user_with_a_password(app: Application) -> None:
    app.sign_in(USERS)
    for client in app.cluster.clients:
        client.acl_setuser("watcher", enabled=True, passwords=["+p,w@"], commands=["+@all"], keys=["*"], channels=["*"])
    try:
        url = app.cluster.url.replace("://", "://watcher:p,w%40@")
        async with running(Hub(config(app, url))) as hub:
            desk = Desk(hub)
            await until(lambda: is_exact(desk))
            assert "p,w" not in hub.target
        async with running(Hub(config(app, app.cluster.url.replace("://", "://watcher:wrong@")))) as hub:
            desk = Desk(hub)
            await until(lambda: desk.all_are("error", "stale"))
            assert "refused the user name or password" in desk.latest["server"].note
            assert "wrong" not in desk.latest["server"].note.replace("wrong username", "").replace("wrong number", "")
    finally:
        for client in app.cluster.clients:
            client.acl_deluser("watcher")
