"""The example of `demo_server/README.md`: it is the file that is tested here, and it does what it says."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from redis.asyncio import Redis

import demo_server
from demo_server.process.embedded import EmbeddedServer

FOLDER = Path(demo_server.__file__).parent
EXAMPLE = FOLDER / "example.py"


@pytest.fixture
async def example(
    embedded_server: EmbeddedServer, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ModuleType]:
    """A fresh module, whose application uses the shared server."""
    monkeypatch.setenv("REDIS_URL", embedded_server.url)
    spec = importlib.util.spec_from_file_location("fresh_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    await module.redis.aclose()


@pytest.fixture
async def http(example: ModuleType) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(example.app, client=("198.51.100.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://example.com") as http:
        yield http


async def test_equal_requests_compute_once(http: httpx.AsyncClient, redis: Redis) -> None:
    answers = await asyncio.gather(*(http.get("/squares/12") for _ in range(5)))
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, 144)] * 5
    (entry,) = await redis.keys("squares:*")
    assert await redis.get(entry) == b"144"
    assert 0 < await redis.ttl(entry) <= 300
    await redis.set(entry, 7)  # what is cached is the answer, until it expires
    assert (await http.get("/squares/12")).json() == 7
    assert (await http.get("/squares/13")).json() == 169


async def test_the_eleventh_request_of_a_minute_is_refused(
    http: httpx.AsyncClient, example: ModuleType, redis: Redis
) -> None:
    answers = [await http.get("/squares/2") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers] == [*range(9, -1, -1), 0]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert await redis.zcard("ratelimit:198.51.100.1") == 10

    another = httpx.ASGITransport(example.app, client=("198.51.100.2", 50_000))
    async with httpx.AsyncClient(transport=another, base_url="http://example.com") as client:
        assert (await client.get("/squares/2")).status_code == 200


def test_the_readme_shows_the_example_as_it_is() -> None:
    code = EXAMPLE.read_text()
    assert f"```python\n{code}```\n" in (FOLDER / "README.md").read_text()
