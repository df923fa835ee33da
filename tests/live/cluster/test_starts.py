"""The first moments on a cluster: what redis-dash causes itself is told neither as an event nor as a lookup."""

from __future__ import annotations

import asyncio

import pytest

from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.messages import Mark
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.cluster.keys import USERS, Application
from tests.live.cluster.test_topics import config
from tests.live.cluster.test_ways_in import is_exact
from tests.live.conftest import running
from tests.live.test_hub import Desk


def urls(app: Application, *, of_replicas: bool) -> tuple[str, str]:
    """Of one server, and of a cluster."""
    servers = app.cluster.servers
    numbers = [one for one in range(len(servers)) if (app.cluster.role_of(one) == "slave") == of_replicas]
    hosts = [f"127.0.0.1:{servers[one].port}" for one in numbers]
    return f"redis://{hosts[0]}/0", f"redis+cluster://{','.join(hosts)}/0"


@pytest.mark.parametrize("of_cluster", [False, True])
async def test_a_start_at_a_replica_loses_no_connection(app: Application, of_cluster: bool) -> None:
    app.sign_in(USERS)
    async with running(Hub(config(app, urls(app, of_replicas=True)[of_cluster]))) as hub:
        desk = Desk(hub)
        await until(lambda: is_exact(desk) and hub._subscriber.connected)
        log = hub._subscriber.log
        assert not hub._subscriber.gaps
        assert [entry.text for entry in log.read(log.start, log.end) if isinstance(entry, Mark)] == []


async def test_many_first_questions_connect_once_to_each_primary(app: Application) -> None:
    before = connections(app)
    deployment = Deployment(Url(urls(app, of_replicas=False)[0]))
    try:
        await asyncio.gather(*(deployment.info() for _ in range(5)), *(deployment.connect() for _ in range(5)))
        assert connections(app) - before == 3
    finally:
        await deployment.close()


def connections(app: Application) -> int:
    """Of redis-dash, to all servers."""
    lists = [client.client_list() for client in app.cluster.clients]
    return sum(one["name"].startswith("redis-dash") for clients in lists for one in clients)


@pytest.mark.parametrize("of_cluster", [False, True])
async def test_no_lookup_of_ours_is_the_applications(app: Application, of_cluster: bool) -> None:
    """Also of the first connections, by which the primaries are found."""
    for _ in range(6):  # of three keys at random one is in a slot of the server that is asked
        app.clear()
        deployment = Deployment(Url(urls(app, of_replicas=False)[of_cluster]))
        info = await deployment.info()
        await deployment.close()
        assert info.application == (0, 0)
