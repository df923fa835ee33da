"""Limiters that need a command that is refused hide no others; without any that can be read, the topic is off."""

from __future__ import annotations

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import CLIENTS, allow
from tests.live.rights.least import fill_all, read, settings, watching
from tests.live.test_hub import Desk


@pytest.mark.parametrize(
    ("without", "read_ones", "note"),
    [
        (("-zcard",), CLIENTS, "1 key may not be read: counted, but not listed; not allowed to run ZCARD"),
        (("-get", "-getrange"), 1, f"{CLIENTS} keys may not be read: counted, but not listed; not allowed to run GET"),
    ],
    ids=str,
)
async def test_the_others_are_shown(
    client: redis.Redis, server: EmbeddedServer, without: tuple[str, ...], read_ones: int, note: str
) -> None:
    fill_all(client)
    allow(client, "~*", "&*", "+@all", *without)
    async with watching(server.port) as hub:
        found, _ = await read(hub, "rate_limits")
        assert (found.status, found.note, len(found.frame.rows)) == ("reduced", note, read_ones)
        assert found.frame.count.value == CLIENTS + 1
        assert found.remedy == f"ACL SETUSER w +{without[0].removeprefix('-')}"
    async with running(Hub(msgspec.structs.replace(settings(server.port), refresh_s=0.1))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("rate_limits") == "reduced")
        allow(client, "~*", "&*", "+@all")
        await until(lambda: desk.statuses()["rate_limits"] == "ok")
        assert len(desk.frame("rate_limits").rows) == CLIENTS + 1


async def test_where_none_is_left_the_topic_is_off(client: redis.Redis, server: EmbeddedServer) -> None:
    fill_all(client)
    client.delete("rl:window")
    allow(client, "~*", "&*", "+@all", "-pttl")
    async with watching(server.port) as hub:
        found, _ = await read(hub, "rate_limits")
        assert (found.status, found.note, found.remedy) == ("off", "not allowed to run PTTL", "ACL SETUSER w +pttl")
