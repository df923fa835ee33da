"""One primary that is slow, silent or resets its connections: the others are read as before, and it is told."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from demo_server.process.embedded_cluster import EmbeddedCluster
from redis_dash.core.commands import FullPass
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.cluster.keys import USERS, Application
from tests.live.cluster.test_failures import is_whole, seen
from tests.live.cluster.test_topics import config, write_all
from tests.live.conftest import running
from tests.live.relay import Relay, relay
from tests.live.test_hub import Desk
from tests.live.versions import needs

READINGS = 20


class Site(NamedTuple):
    """A cluster whose primaries are behind relays."""

    app: Application
    links: list[Relay]
    url: str


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        cluster = stack.enter_context(EmbeddedCluster(replicas=0, node_timeout=60.0))
        needs(cluster.clients[0], 7, what="an announced port that can be changed while a server runs")
        write_all(app := Application(cluster))
        links = [await stack.enter_async_context(relay(server.port)) for server in cluster.servers]
        for client, link in zip(cluster.clients, links, strict=True):
            client.config_set("cluster-announce-port", link.port)
        ports = {link.port for link in links}
        await until(lambda: all(ports == ports_of(cluster, number) for number in range(3)))
        yield Site(app, links, f"redis+cluster://{','.join(f'127.0.0.1:{port}' for port in ports)}/0")


def ports_of(cluster: EmbeddedCluster, number: int) -> set[int]:
    """The ports of all servers, as one of them knows them."""
    return {int(one.partition("@")[0].rpartition(":")[2]) for one in cluster.clients[number].cluster("nodes")}


async def test_one_primary_with_faults_hardly_delays_what_is_read_of_the_others(site: Site) -> None:
    async with running(Hub(config(site.app, site.url))) as hub:
        desk = Desk(hub)
        await seen(desk, len(USERS))
        slow = site.links[1]

        slow.delay_s = 0.3
        await until(lambda: desk.all_are("ok") and (desk.frame("server").ping_ms or 0) >= 300)
        pings = sorted(node.ping_ms or 0.0 for node in desk.frame("server").cluster.nodes)
        assert pings[1] < 300 <= pings[2]
        slow.delay_s = 0.0

        slow.swallows = True
        slow.cut()
        await until(lambda: desk.statuses()["sessions"] == "reduced" and "no answer" in desk.latest["sessions"].note)
        members, times, looked = hub.deployment.cluster, set[float](), set[float]()
        assert members is not None

        def is_read_often() -> bool:
            desk.statuses()
            times.add(desk.latest["sessions"].taken_at)
            looked.add(members.refreshed_at)
            return len(times) >= READINGS

        await until(is_read_often)
        assert len(looked) < READINGS / 2  # each look waits for the primary that does not answer
        slow.swallows = False
        await slow.hang_up()
        await until(lambda: is_whole(desk, len(USERS)))

        statuses, times = set[str](), set[float]()
        slow.breaks = "reset"

        def is_told() -> bool:
            statuses.update(desk.statuses().values())
            return desk.latest["sessions"].note.startswith("2 of 3 primaries")

        await until(is_told)
        times.clear()
        await until(lambda: is_told() and is_read_often())
        assert statuses == {"ok", "reduced"}
        slow.breaks = None
        await until(lambda: is_whole(desk, len(USERS)))
        assert hub.errors == 0


async def test_a_primary_that_comes_back_is_noticed_however_long_the_pause_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(Hub(config(site.app, site.url))) as hub:
        desk, link = Desk(hub), site.links[1]
        await seen(desk, len(USERS))
        members = hub.deployment.cluster
        assert members is not None

        async def is_there_again_during_a_pause() -> None:
            await link.refuse()
            await until(lambda: desk.statuses()["sessions"] == "reduced" and bool(members.missing))
            members.node_at(next(iter(members.missing))).connection._next_try = math.inf
            await link.listen()

        await is_there_again_during_a_pause()
        await until(lambda: is_whole(desk, len(USERS)))  # the others reach it all the time

        monkeypatch.setattr("redis_dash.client.cluster.members.AGAIN_S", math.inf)
        await is_there_again_during_a_pause()
        hub.ask(FullPass(True))
        await until(lambda: is_whole(desk, len(USERS)))
