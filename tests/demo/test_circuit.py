"""The circuit breaker, on a server that is stopped, or that hangs."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from demo_server.patterns.circuit_breaker import CircuitBreaker, CircuitOpenError
from demo_server.patterns.redis_client import circuit_of, close_client, open_client
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from tests.demo.conftest import Running, run_app
from tests.demo.refusal import tell
from tests.demo.waiting import until


@pytest.fixture
async def shop_of_its_own(own_server: EmbeddedServer) -> AsyncIterator[Running]:
    async with run_app(Settings(redis_url=own_server.url, database_latency=0.002, llm_seconds=0.01)) as shop:
        yield shop


@pytest.fixture
def hung(own_server: EmbeddedServer, shop_of_its_own: Running) -> Iterator[None]:
    """The server takes connections, and answers nothing."""
    os.kill(own_server.pid, signal.SIGSTOP)
    yield
    os.kill(own_server.pid, signal.SIGCONT)


async def health(shop: Running) -> str:
    return str((await shop.http.get("/healthz")).json()["redis"])


async def test_health_asks_nobody(shop: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Redis, "execute_command", hang)
    async with asyncio.timeout(10):
        assert await health(shop) == "up"


async def test_whoever_waits_is_told_when_the_circuit_opens(shop_of_its_own: Running, hung: None) -> None:
    redis = shop_of_its_own.services.redis
    outcomes = await asyncio.gather(*(redis.get("anything") for _ in range(400)), return_exceptions=True)
    assert all(isinstance(outcome, RedisError) for outcome in outcomes)
    # Only those who had one of the 24 connections meanwhile found out for themselves.
    assert sum(isinstance(outcome, CircuitOpenError) for outcome in outcomes) >= 200
    assert not shop_of_its_own.services.circuit.is_up


async def test_nothing_is_sent_while_it_is_open(shop_of_its_own: Running, hung: None) -> None:
    services = shop_of_its_own.services
    await until(lambda: not services.circuit.is_up)
    assert await health(shop_of_its_own) == "down"
    with pytest.raises(CircuitOpenError):
        await services.redis.get("anything")
    assert (await shop_of_its_own.http.get("/products/1")).json()["source"] == "db"
    assert (await shop_of_its_own.http.get("/summarize", params={"text": "Hello. You."})).status_code == 200
    refused = await shop_of_its_own.http.post("/login", json={"email": "raj@example.com", "password": "demo"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "Redis does not answer" in refused.json()["detail"]


async def test_a_redis_that_lets_nobody_in_is_told_as_what_it_is(own_server: EmbeddedServer, control: Redis) -> None:
    await control.config_set("requirepass", "secret")
    async with run_app(Settings(redis_url=own_server.url)) as shop:
        assert await health(shop) == "down"
        refused = await shop.http.get("/views/home")
        assert (refused.status_code, refused.json()["detail"].split(",")[0]) == (
            503,
            "Redis does not let this application in",
        )


async def test_it_closes_when_the_server_answers_again(shop_of_its_own: Running, own_server: EmbeddedServer) -> None:
    async def is_healthy(wanted: str) -> bool:
        return await health(shop_of_its_own) == wanted

    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        await until(lambda: is_healthy("down"))
    finally:
        os.kill(own_server.pid, signal.SIGCONT)
    await until(lambda: is_healthy("up"))
    assert (await shop_of_its_own.http.get("/views/home")).json()["views"] == 1
    own_server.stop()
    await until(lambda: is_healthy("down"))
    own_server.start()
    await until(lambda: is_healthy("up"))


async def test_one_silence_opens_nothing(redis: Redis, embedded_server: EmbeddedServer) -> None:
    """As in a process that had no time to listen."""
    probe = open_client(embedded_server.url)
    circuit = CircuitBreaker(circuit_of(redis), probe)
    answer = probe.ping
    silences = iter([True, False])

    async def ping() -> object:
        if next(silences):
            raise RedisTimeoutError("too busy to listen")
        return await answer()

    probe.ping = ping  # type: ignore[method-assign,assignment]
    await circuit.check()
    assert circuit.is_up
    await close_client(probe)


async def test_a_refusal_is_an_answer(own_server: EmbeddedServer) -> None:
    redis, probe = open_client(own_server.url), open_client(own_server.url)
    await tell(redis, ("ACL", "SETUSER", "default", "-ping"))
    circuit = CircuitBreaker(circuit_of(redis), probe)
    await circuit.check()
    assert circuit.is_up
    for client in (redis, probe):
        await close_client(client)
