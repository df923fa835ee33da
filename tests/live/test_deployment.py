"""The connection: own lookups are counted exactly, failures are explained, and it reconnects by itself."""

from __future__ import annotations

import socket

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import parse_info
from redis_dash.client.own_lookups import COUNTED, PROBES
from redis_dash.client.reasons import check
from redis_dash.config import Url
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.resp import Command, ReplyError
from tests.conftest import until_async


async def lookups(deployment: Deployment) -> tuple[int, int]:
    values = (await deployment.info(max_age_s=-1)).values
    return int(values["keyspace_hits"]), int(values["keyspace_misses"])


async def test_own_reads_are_what_the_server_counted(deployment: Deployment, client: redis.Redis) -> None:
    client.set("string", "x", ex=100)
    client.zadd("zset", {"a": 1})
    client.hset("hash", "a", "1")
    commands: list[Command] = []
    for key in (b"string", b"zset", b"hash", b"none"):
        commands += [(name, key, *PROBES.get(name, ())) for name in (b"ZCARD", *COUNTED)]
    await deployment.pipeline(commands)
    assert await lookups(deployment) == (deployment.nodes[0].own.hits, deployment.nodes[0].own.misses)
    assert deployment.nodes[0].own.hits > 10
    assert deployment.nodes[0].own.misses > 5


async def test_calibration_believes_the_server(deployment: Deployment, client: redis.Redis) -> None:
    await deployment.one(b"PING")
    assert set(deployment.nodes[0].own.weights) == set(COUNTED)
    client.set("a", "1")
    before = await lookups(deployment)
    await deployment.one(b"GET", b"a")
    after = await lookups(deployment)
    assert after[0] - before[0] == deployment.nodes[0].own.weights[b"GET"] == 1


async def test_a_reset_of_the_servers_counters_resets_ours(deployment: Deployment, client: redis.Redis) -> None:
    client.set("a", "1")
    for _ in range(5):
        await deployment.one(b"GET", b"a")
    await deployment.info()
    client.config_resetstat()
    info = await deployment.info(max_age_s=-1)
    assert (info.own_hits, info.own_misses) == (0, 0)


@pytest.mark.own_errors(1)
async def test_an_error_reply_stands_in_its_place(deployment: Deployment, client: redis.Redis) -> None:
    client.rpush("list", "x")
    replies = await deployment.pipeline([(b"GET", b"list"), (b"GET", b"none"), (b"NONSENSE",)])
    assert isinstance(replies[0], ReplyError)
    assert str(replies[0]).startswith("WRONGTYPE")
    assert replies[1] is None
    with pytest.raises(MissingRightError, match="the server does not know NONSENSE"):
        check(replies[2])


async def test_a_missing_right_is_named(deployment: Deployment, client: redis.Redis, redis_url: str) -> None:
    client.acl_setuser("poor", enabled=True, passwords=["+s3cret"], commands=["+ping", "+client"], keys=["*"])
    try:
        poor = Deployment(Url(redis_url.replace("redis://", "redis://poor:s3cret@")))
        await poor.one(b"PING")
        with pytest.raises(MissingRightError, match="not allowed to run INFO"):
            await poor.info()
        await poor.close()
        wrong = Deployment(Url(redis_url.replace("redis://", "redis://poor:s3cret-wrong@")))
        with pytest.raises(SourceError, match="refused the user name or password") as caught:
            await wrong.one(b"PING")
        assert "s3cret" not in str(caught.value)
    finally:
        client.acl_deluser("poor")


async def test_nobody_listening_fails_at_once_and_backs_off() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    deployment = Deployment(Url(f"redis://127.0.0.1:{port}"))
    for _ in range(3):
        with pytest.raises(SourceError, match="connection refused"):
            await deployment.one(b"PING")
    assert deployment.unreachable


async def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.client.node.REPLY_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deployment = Deployment(Url(f"redis://127.0.0.1:{silent.getsockname()[1]}"))
        with pytest.raises(SourceError, match="no answer in time"):
            await deployment.one(b"PING")


async def test_comes_back_after_a_restart_with_fresh_own_counts() -> None:
    with EmbeddedServer() as server:
        deployment = Deployment(Url(server.url))
        await deployment.one(b"GET", b"x")
        server.stop()
        with pytest.raises(SourceError):
            await deployment.one(b"PING")
        server.start()

        async def back() -> bool:
            try:
                return await deployment.one(b"PING") == b"PONG"
            except SourceError:
                return False

        await until_async(back)
        assert await lookups(deployment) == (deployment.nodes[0].own.hits, deployment.nodes[0].own.misses)
        await deployment.close()


async def test_says_who_we_are(deployment: Deployment, client: redis.Redis) -> None:
    await deployment.one(b"PING")
    assert "redis-dash" in [entry["name"] for entry in client.client_list()]


def test_parse_info() -> None:
    assert parse_info(b"# Server\r\na:1\r\nb:x:y\r\n\r\n") == {"a": "1", "b": "x:y"}
