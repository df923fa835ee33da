"""After a failover all topics show the new primary within seconds, and nothing that is called exact is ever wrong."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis

from demo_server.process.embedded_sentinel import EmbeddedSentinel
from redis_dash.core.messages import Mark
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.sentinel.keys import USERS, Application, Watcher, config, session_key, whole
from tests.live.test_hub import Desk

RIGHT_WITHIN_S = 5.0


async def in_thread(work: object, *arguments: object) -> None:
    await asyncio.get_running_loop().run_in_executor(None, work, *arguments)  # type: ignore[arg-type]


def ours(client: redis.Redis) -> int:
    """How many of our connections a server has."""
    told: list[dict[str, str]] = client.client_list()
    return sum(one["name"] == "redis-dash" for one in told)


@pytest.mark.parametrize("way", ["command", "kill", "pause"])
async def test_all_topics_are_right_soon_after_another_server_is_the_primary(app: Application, way: str) -> None:
    """With a session that only the new primary has; messages, streams and their gaps, too."""
    sentinels = app.sentinels
    old = sentinels.primary()
    new = 1 - old
    async with running(Hub(config(app, streams=("orders",), channels=("orders",)))) as hub:
        desk = Desk(hub)
        await whole(hub, desk)
        await until(lambda: hub.follows_streams and desk.all_are("ok"))
        await until(lambda: hub.deployment.primary is not None and hub.deployment.primary.is_listening)
        before = sum(map(ours, sentinels.sentinel_clients))
        app.primary.xadd("orders", {"number": "1"})
        app.synchronise()
        await until(lambda: desk.all_are("ok") and desk.frame("events").streams[0].count == 1)
        match way:
            case "command":
                sentinels.failover()
            case "kill":
                sentinels.kill(old)
            case "pause":
                sentinels.pause(old)
        await until(lambda: sentinels.role_of(new) == "master")
        promoted = time.monotonic()
        sentinels.clients[new].copy(session_key("user0"), session_key("new"))
        watcher = Watcher(hub, desk, {len(USERS), len(USERS) + 1})
        try:
            await watcher.until_right(app.address(new), len(USERS) + 1)
            took = time.monotonic() - promoted
        finally:
            if way == "pause":
                sentinels.resume(old)
        import sys

        sys.stderr.write(f"{way}: right {took:.2f} s after the promotion {watcher.notes}\n")
        assert took < RIGHT_WITHIN_S * 4  # RIGHT_WITHIN_S on a machine that does nothing else
        assert desk.frame("server").sentinel.switches == 1
        received = hub.received
        sentinels.clients[new].publish("orders", "after")
        sentinels.clients[new].xadd("orders", {"number": "2"})
        await until(lambda: hub.received == received + 1)
        await until(lambda: desk.all_are("ok") and desk.frame("events").streams[0].count == 2)
        (gap,) = desk.frame("events").gaps
        assert gap.ended_at is not None
        if way != "kill":
            await until(lambda: ours(sentinels.clients[old]) == 0)
        assert sum(map(ours, sentinels.sentinel_clients)) == before
        marks = [one.text for one in hub.watch._context.log.read(0, 100) if isinstance(one, Mark)]
        assert any("reconnected" in text for text in marks)
        assert hub.errors == 0


async def test_everything_is_started_again(app: Application) -> None:
    """Servers and sentinels end; all that is shown meanwhile is old, and says so."""
    with EmbeddedSentinel() as sentinels:
        alone = Application(sentinels)
        alone.write_all()
        async with running(Hub(config(alone))) as hub:
            desk = Desk(hub)
            await whole(hub, desk)
            for number in range(3):
                await in_thread(sentinels.kill_sentinel, number)
            await until(lambda: desk.statuses()["server"] == "reduced")
            assert desk.latest["server"].note.startswith("no sentinel can be asked: ")
            for number in range(2):
                await in_thread(sentinels.kill, number)
            await until(
                lambda: (
                    desk.all_are("stale")
                    and all("no sentinel can be asked" in reading.note for reading in desk.latest.values())
                )
            )
            for number in range(2):
                await in_thread(sentinels.restart, number)
            await in_thread(sentinels.clients[1].replicaof, "127.0.0.1", sentinels.servers[0].port)
            for number in range(3):
                await in_thread(sentinels.restart_sentinel, number)
            await in_thread(sentinels.wait_until, sentinels.is_up)
            await in_thread(alone.write_all)
            await whole(hub, desk)
            assert hub.errors == 0
