"""The application on the session's server, which is emptied before each test."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from demo_server.factory import create_app
from demo_server.patterns.redis_client import close_client, open_client
from demo_server.process.embedded import EmbeddedServer
from demo_server.services import Services
from demo_server.settings import Settings
from tests.demo.counting import Counted, counting


@dataclass(frozen=True)
class Running:
    """An application that runs in this process, and a client of it."""

    app: FastAPI
    http: httpx.AsyncClient

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    async def truth(self) -> dict[str, Any]:
        truth: dict[str, Any] = (await self.http.get("/truth")).json()
        return truth


@contextlib.asynccontextmanager
async def run_app(settings: Settings, peer: str = "127.0.0.1") -> AsyncIterator[Running]:
    app = create_app(settings)
    transport = httpx.ASGITransport(app, client=(peer, 50_000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop.example") as http,
    ):
        yield Running(app, http)


RunApp = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
async def redis(embedded_server: EmbeddedServer) -> AsyncIterator[Redis]:
    """A client of the shared server, which is empty."""
    client = open_client(embedded_server.url, name="test")
    await client.flushall()
    yield client
    await close_client(client)


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the test may stop and start."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
async def control(own_server: EmbeddedServer) -> AsyncIterator[Redis]:
    """A client of that server."""
    client = open_client(own_server.url, name="test")
    yield client
    await close_client(client)


@pytest.fixture
def settings(own_server: EmbeddedServer, tmp_path: Path) -> Settings:
    """A database that outlives the application, and several applications can share."""
    return Settings(redis_url=own_server.url, database_latency=0.001, database=tmp_path / "shop.sqlite3")


@pytest.fixture
def start_app(embedded_server: EmbeddedServer, redis: Redis) -> RunApp:
    """`async with start_app(rate_limit=5) as running`: an application on the shared server."""

    def start(peer: str = "127.0.0.1", **changes: Any) -> AbstractAsyncContextManager[Running]:
        # A busy machine is not taken for a Redis that does not answer.
        quick = Settings(redis_url=embedded_server.url, redis_timeout=30.0, llm_seconds=0.05, database_latency=0.002)
        return run_app(dataclasses.replace(quick, **changes), peer)

    return start


@pytest.fixture
def counted(redis: Redis) -> Counted:
    """A response cache on the shared server, for the functions of a test."""
    return counting(redis)


@pytest.fixture
async def shop(start_app: RunApp) -> AsyncIterator[Running]:
    """An application with the limit of the demo."""
    async with start_app() as running:
        yield running
