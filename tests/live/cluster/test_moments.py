"""A primary that comes back while a topic is read: nothing is shown as not there that is."""

from __future__ import annotations

import pytest

from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.node import Node
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.cluster.keys import Application
from tests.live.cluster.test_topics import config
from tests.live.conftest import running
from tests.live.test_hub import Desk

STATS = "cache:stats:product"


async def test_counters_of_a_primary_that_was_missing_for_a_moment_are_read_again(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.client_of(STATS).hset(STATS, mapping={"hits": 7, "misses": 3})
    async with running(hub := Hub(config(app, refresh_s=3600.0))):
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        cluster = hub.deployment._cluster
        assert cluster is not None
        owner, asked = cluster.members.owner, list[int]()

        def missing_once(slot: int) -> Node | None:
            if slot == slot_of(STATS.encode()) and not asked:
                asked.append(slot)
                return None
            return owner(slot)

        monkeypatch.setattr(cluster.members, "owner", missing_once)
        (cache,) = [reading for reading in await hub.read_all() if reading.topic == "cache"]
        assert asked
        assert cache.status == "ok"
        assert cache.frame is not None
        group = next(one for one in cache.frame.groups if one.name == "product")
        assert (group.hits, group.misses) == (7, 3)
