"""Channels of SPUBLISH are received from the primary of their slot, wherever that is by now."""

from __future__ import annotations

import asyncio

import pytest
import redis

from redis_dash.config import Config
from redis_dash.core.messages import Event
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.cluster.keys import Application
from tests.live.cluster.test_failures import kill
from tests.live.cluster.test_moves import move
from tests.live.cluster.test_topics import config
from tests.live.conftest import running
from tests.live.test_hub import FAST, Desk
from tests.live.versions import knows, needs

CHANNELS = "channels of SPUBLISH"
NAMES = ("ticks", "orders", "payments", "alerts")


def publish(client: redis.Redis, channel: str, message: str) -> int:
    return int(client.execute_command("SPUBLISH", channel, message))  # type: ignore[no-untyped-call]


def is_received(hub: Hub) -> bool:
    return set(hub._subscriber.shard_states.values()) == {""}


def payloads(hub: Hub) -> list[bytes]:
    log = hub._subscriber.log
    return [one.payload for one in log.read(log.start, log.start + 1000) if isinstance(one, Event)]


async def test_each_is_received_from_its_primary(app: Application) -> None:
    needs(app.cluster.clients[0], 7, what=CHANNELS)
    assert len({app.number_of(name) for name in NAMES}) > 1
    async with running(Hub(config(app, shard_channels=NAMES))) as hub:
        desk = Desk(hub)
        await until(lambda: is_received(hub))
        for name in NAMES:
            assert publish(app.client_of(name), name, f"to {name}") == 1
        await until(lambda: hub.received == len(NAMES))
        assert sorted(payloads(hub)) == sorted(f"to {name}".encode() for name in NAMES)
        await until(lambda: desk.statuses().get("events") == "ok" and len(desk.frame("events").channels) == len(NAMES))
        assert {one.channel: one.count for one in desk.frame("events").channels} == dict.fromkeys(NAMES, 1)
        assert desk.frame("events").shard_channels == 0
        assert hub.errors == 0


async def test_a_channel_whose_slot_moves_is_received_at_its_new_place(app: Application) -> None:
    needs(app.cluster.clients[0], 7, what=CHANNELS)
    async with running(Hub(config(app, shard_channels=("ticks",)))) as hub:
        await until(lambda: is_received(hub))
        move(app, "ticks")
        await until(lambda: len(hub._subscriber.gaps) == 1)
        assert "ticks: its slot has moved" in hub._subscriber.gaps[0].reason
        assert is_received(hub)
        assert publish(app.client_of("ticks"), "ticks", "after") == 1
        await until(lambda: payloads(hub) == [b"after"])


async def test_a_channel_whose_primary_dies_is_received_after_the_failover(fragile: Application) -> None:
    needs(fragile.cluster.clients[0], 7, what=CHANNELS)
    async with running(Hub(config(fragile, shard_channels=("ticks",)))) as hub:
        desk = Desk(hub)
        await until(lambda: is_received(hub))
        number = fragile.number_of("ticks")
        await kill(fragile, number)
        await until(lambda: desk.statuses().get("events") == "reduced")
        assert "shard channel ticks is not received" in desk.latest["events"].note
        await until(lambda: fragile.cluster.role_of(number + 3) == "master")
        await until(lambda: is_received(hub))
        client = fragile.cluster.clients[number + 3]
        await until(lambda: publish(client, "ticks", "after") == 1)  # it may end the subscription once more
        await until(lambda: payloads(hub) == [b"after"])
        await until(lambda: desk.statuses().get("events") == "ok")
        assert any("ticks" in gap.reason for gap in desk.frame("events").gaps)


async def test_on_a_plain_server(redis_url: str, client: redis.Redis) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=FAST, shard_channels=("ticks",)))) as hub:
        if not knows(client, 7):
            await until(lambda: hub._subscriber.shard_states["ticks"] == "the server does not know SSUBSCRIBE")
            desk = Desk(hub)
            await until(lambda: desk.statuses().get("events") == "reduced")
            assert (
                "shard channel ticks is not received: the server does not know SSUBSCRIBE" in desk.latest["events"].note
            )
            return
        await until(lambda: is_received(hub))
        large = "x" * 300_000
        for payload in ("a", large, "b"):
            assert publish(client, "ticks", payload) == 1
        await until(lambda: hub.received == 3)
        assert [payloads(hub)[0], payloads(hub)[2]] == [b"a", b"b"]
        assert 0 < len(payloads(hub)[1]) < len(large)


@pytest.mark.parametrize("rule", ["-ssubscribe", "resetchannels"])
async def test_a_missing_right_is_told(redis_url: str, client: redis.Redis, rule: str) -> None:
    needs(client, 7, what=CHANNELS)
    channels = {"reset_channels": True} if rule == "resetchannels" else {"channels": ["*"]}
    commands = ["+@all", *([rule] if rule.startswith("-") else [])]
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=commands, keys=["*"], **channels)
    url = redis_url.replace("redis://", "redis://poor:pw@")
    try:
        async with running(Hub(Config(url=url, refresh_s=FAST, shard_channels=("ticks",)))) as hub:
            await until(lambda: "not allowed" in hub._subscriber.shard_states["ticks"])
            await asyncio.sleep(0)
            assert hub.errors == 0
    finally:
        client.acl_deluser("poor")
