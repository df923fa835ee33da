"""A real server of our own for the tests that need one."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path

import pytest
import redis

from demo_server.process import embedded
from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.own_lookups import OwnLookups
from redis_dash.client.server_cost import ServerCost

if os.environ.get("TESTED_SERVER"):  # ``make matrix`` names one
    embedded.find_server = lambda: Path(os.environ["TESTED_SERVER"])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each core: about half of a test's time is spent waiting for other processes and for timers."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage when all tests are imported, then less often than usual, and never among what was imported."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _own_state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Reports of provoked errors go to a folder of the tests, and pytest keeps its hooks for errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setattr("redis_dash.crash_report.listen", lambda: None)
        yield


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedServer]:
    """One server for each worker, on a port that nobody else has."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def redis_url(embedded_server: EmbeddedServer) -> str:
    """The private server, emptied: only ever our own, never one that a URL in the environment names."""
    with redis.Redis(port=embedded_server.port) as client:
        client.flushall()
        client.config_resetstat()
    return embedded_server.url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A plain client, as the application would use it."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def no_own_errors(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """No deployment in a test counts an error of redis-dash itself, unless it is marked ``own_errors(number)``."""
    costs: list[ServerCost] = []
    lookups: list[OwnLookups] = []

    class NotedCost(ServerCost):
        def __init__(self) -> None:
            super().__init__()
            costs.append(self)

    class NotedLookups(OwnLookups):
        def __init__(self, on_unlisted: Callable[[], None] | None = None) -> None:
            super().__init__(on_unlisted)
            lookups.append(self)

    monkeypatch.setattr("redis_dash.client.node.ServerCost", NotedCost)
    monkeypatch.setattr("redis_dash.client.node.OwnLookups", NotedLookups)
    yield
    mark = request.node.get_closest_marker("own_errors")
    unlisted = set[bytes]().union(*(one.unlisted for one in lookups))
    assert sum(cost.errors for cost in costs) == (mark.args[0] if mark else 0), (
        f"commands that client/own_lookups.py does not list: {unlisted or 'none'}"
    )


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait for a condition; fail if it does not come true in time."""
    deadline, began = time.monotonic() + within_s, time.thread_time()
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(pause_after(began))
        began = time.thread_time()


async def until_async(condition: Callable[[], Awaitable[bool]], within_s: float = 30.0) -> None:
    """As ``until``, for a condition that has to ask."""
    deadline, began = time.monotonic() + within_s, time.thread_time()
    while not await condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(pause_after(began))
        began = time.thread_time()


def pause_after(began: float, least_s: float = 0.01) -> float:
    """Seconds until a condition is asked again: four times those that it took, so that most time is left to others."""
    return min(max(least_s, 4 * (time.thread_time() - began)), 0.1)
