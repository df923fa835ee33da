"""The client of a cluster: what its URL says, and how it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ClusterDownError, RedisError

from demo_server.clients import circuit_of, close_client, open_client, subscribers
from demo_server.patterns.circuit_breaker import CircuitBreaker, CircuitOpenError
from demo_server.patterns.cluster_client import open_cluster
from demo_server.patterns.subscription import listen
from demo_server.process.embedded_cluster import EmbeddedCluster
from demo_server.settings import SettingsError, check_url
from tests.demo.waiting import until


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedCluster]:
    """Three primaries, and nobody to take their place."""
    with EmbeddedCluster(replicas=0, node_timeout=1.0) as cluster:
        yield cluster


async def test_the_url_names_hosts_user_password_and_tls() -> None:
    client = open_cluster("rediss+cluster://ann:p%40ss@one,[::1]:7001,two:7002/0")
    assert [(node.host, node.port) for node in client.startup_nodes] == [("one", 6379), ("::1", 7001), ("two", 7002)]
    assert (client.connection_kwargs["username"], client.connection_kwargs["password"]) == ("ann", "p@ss")
    assert client.connection_kwargs["connection_class"].__name__ == "SSLConnection"


@pytest.mark.parametrize("url", ["redis+cluster://one,two:7000", "rediss+cluster://u:p@[::1]:7000/0"])
def test_such_urls_are_accepted(url: str) -> None:
    check_url(url)


def test_a_url_without_hosts_is_not() -> None:
    with pytest.raises(SettingsError):
        check_url("redis+cluster:///0")


async def test_commands_go_to_their_nodes_and_an_open_circuit_sends_none(cluster: EmbeddedCluster) -> None:
    client = open_client(cluster.url)
    try:
        async with client.pipeline(transaction=False) as pipe:
            for number in range(60):
                pipe.set(f"key{number}", number)
            assert await pipe.execute() == [True] * 60
        assert all(one.dbsize() for one in cluster.clients)
        await circuit_of(client).open_circuit(RedisError("for this test"))
        with pytest.raises(CircuitOpenError):
            await client.get("key1")
        pipe = client.pipeline(transaction=False)
        pipe.get("key1")
        with pytest.raises(CircuitOpenError):
            await pipe.execute()
        await CircuitBreaker(circuit_of(client), client).check()
        assert await client.get("key1") == b"1"
    finally:
        await close_client(client)


async def test_a_message_arrives_whichever_node_it_is_published_on(cluster: EmbeddedCluster) -> None:
    client, heard = open_client(cluster.url), list[bytes]()

    async def handle(message: bytes) -> None:
        heard.append(message)

    listening = asyncio.create_task(listen(client, "news", handle))
    try:

        async def subscribed() -> bool:
            return await subscribers(client, "news") == 1

        await until(subscribed, within=30)
        for number, one in enumerate(cluster.clients):
            one.publish("news", number)
        await until(lambda: sorted(heard) == [b"0", b"1", b"2"], within=30)
    finally:
        listening.cancel()
        await close_client(client)


async def set_in_pipeline(client: Redis, name: str) -> None:
    async with client.pipeline(transaction=False) as pipe:
        pipe.set(name, 1)
        await pipe.execute()


async def test_a_cluster_without_a_slot_is_down_and_every_error_is_one_of_redis() -> None:
    with EmbeddedCluster(replicas=0, node_timeout=0.5) as cluster:
        client = open_client(cluster.url)
        try:
            await client.set("key", 1)
            cluster.kill(0)

            async def is_down() -> bool:
                try:
                    await client.ping()
                except ClusterDownError:
                    return True
                return False

            await until(is_down, within=30)
            for name in (f"key{number}" for number in range(20)):
                with pytest.raises(RedisError):
                    await client.get(name)
            for number in (1, 2):
                cluster.kill(number)
            for name in (f"key{number}" for number in range(20)):
                with pytest.raises(RedisError):
                    await client.get(name)
                with pytest.raises(RedisError):
                    await set_in_pipeline(client, name)
        finally:
            await close_client(client)
