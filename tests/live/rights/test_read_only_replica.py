"""On a read-only replica the sessions pane knows that a session cannot be signed out, and from when on it can."""

from __future__ import annotations

import json

import redis

from demo_server.process.embedded import EmbeddedServer, free_port
from redis_dash.config import Config
from redis_dash.hub import Hub
from redis_dash.sources.session_rights import READ_ONLY
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_hub import FAST, Desk


async def test_a_replica_that_becomes_a_primary() -> None:
    with EmbeddedServer() as server, redis.Redis(port=server.port) as replica:
        replica.set(f"session:{7:032x}", json.dumps({"email": "ann@example.com"}), ex=3600)
        replica.replicaof("127.0.0.1", free_port())  # what it holds stays, since nothing is copied
        async with running(Hub(Config(url=server.url, refresh_s=FAST))) as hub:
            desk = Desk(hub)
            await until(lambda: desk.statuses().get("sessions") == "ok" and bool(desk.frame("sessions").rows))
            await until(lambda: bool(desk.statuses()) and desk.frame("sessions").no_delete == READ_ONLY)
            assert desk.frame("sessions").delete_remedy == ""
            replica.config_set("replica-read-only", "no")
            await until(lambda: bool(desk.statuses()) and desk.frame("sessions").no_delete == "")
            replica.config_set("replica-read-only", "yes")
            await until(lambda: bool(desk.statuses()) and desk.frame("sessions").no_delete == READ_ONLY)
            replica.replicaof("NO", "ONE")
            await until(lambda: bool(desk.statuses()) and desk.frame("sessions").no_delete == "")
