"""The client of a primary that Sentinel names, and the truth of an application that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio.sentinel import SentinelManagedConnection
from redis.exceptions import RedisError

from demo_server.clients import circuit_of, close_client, open_client
from demo_server.patterns.circuit_breaker import CircuitOpenError
from demo_server.patterns.sentinel_client import open_primary
from demo_server.process.embedded_sentinel import EmbeddedSentinel
from demo_server.process.sentinel_scenarios import SentinelScenarios
from demo_server.settings import Settings, SettingsError, check_url
from tests.demo.conftest import Running, run_app
from tests.demo.waiting import until


@pytest.fixture(scope="module")
def watched() -> Iterator[EmbeddedSentinel]:
    with EmbeddedSentinel() as watched:
        yield watched


def test_the_url_names_sentinels_primary_database_and_user() -> None:
    url = "redis+sentinel://ann:p%40ss@one,[::1]:7001/my%20master/3"
    check_url(url)
    pool = open_primary(url).connection_pool
    assert (pool.service_name, pool.connection_kwargs["db"]) == ("my master", 3)  # type: ignore[attr-defined]
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("ann", "p@ss")
    sentinels = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]  # type: ignore[attr-defined]
    assert [(one["host"], one["port"]) for one in sentinels] == [("one", 26379), ("::1", 7001)]
    assert not any(one.get("password") for one in sentinels)


@pytest.mark.parametrize("url", ["redis+sentinel://one:26379", "redis+sentinel:///mymaster"])
def test_a_url_without_hosts_or_name_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        check_url(url)


async def sign_in(shop: Running, *names: str) -> None:
    for name in names:
        shop.http.cookies.clear()
        answer = await shop.http.post("/login", json={"email": f"{name}@example.com", "password": "demo"})
        assert answer.is_success


async def test_a_failover_is_followed_and_lost_writes_are_not_in_the_truth(
    watched: EmbeddedSentinel, tmp_path: Path
) -> None:
    settings = Settings(redis_url=watched.url, database_latency=0.001, database=tmp_path / "shop.sqlite3")
    async with run_app(settings) as shop:
        await sign_in(shop, "priya", "raj")
        before = await shop.truth()
        assert before["sessions"] == 2
        number = watched.primary()
        replica = 1 - number
        # What was written while the replica heard nothing is lost with its primary, unless a sentinel mends that first.
        watched.clients[number].wait(1, 10_000)
        watched.clients[replica].execute_command("REPLICAOF", "127.0.0.1", 1)  # type: ignore[no-untyped-call]
        await sign_in(shop, "mei")
        assert (await shop.truth())["sessions"] == 3
        watched.clients[replica].execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
        watched.kill(number)

        async def exact() -> bool:
            return bool((await shop.truth())["exact_since"])

        await until(lambda: watched.agree_on(replica), within=60)
        await until(exact, within=60)
        after = await shop.truth()
        assert after["sessions"] == len(watched.clients[replica].keys("session:*"))
        assert after["exact_since"] > before["exact_since"]
        watched.restart(number)
        watched.wait_until(watched.is_up)


async def test_an_open_circuit_sends_nothing(watched: EmbeddedSentinel) -> None:
    client = open_client(watched.url)
    try:
        await client.set("key", 1)
        await circuit_of(client).open_circuit(RedisError("for this test"))
        with pytest.raises(CircuitOpenError):
            await client.get("key")
        circuit_of(client).close_circuit()
        assert await client.get("key") == b"1"
    finally:
        await close_client(client)


async def test_a_connection_that_leads_elsewhere_is_not_used(watched: EmbeddedSentinel) -> None:
    """As one that was being opened to a primary when it was deposed."""
    client = open_client(watched.url)
    try:
        await client.set("key", 1)
        pool = client.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        assert isinstance(connection, SentinelManagedConnection)
        await connection.disconnect()
        other = watched.servers[1 - watched.primary()]
        await connection.connect_to(("127.0.0.1", other.port))  # type: ignore[no-untyped-call]
        await pool.release(connection)
        await client.set("key", 2)
        assert watched.clients[watched.primary()].get("key") == b"2"
    finally:
        await close_client(client)


def test_each_scenario_can_be_repeated(watched: EmbeddedSentinel) -> None:
    scenarios = SentinelScenarios(watched, away=0.0).by_name()
    for name in ("failover", "kill-node", "failover"):
        before = watched.primary()
        assert f"127.0.0.1:{watched.servers[before].port}" in scenarios[name]()
        assert watched.primary() != before
        watched.wait_until(watched.is_up)
