"""The handshake through a proxy that closes the connection at an unknown command: it is left out and retried."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client import backoff, handshake
from redis_dash.client.deployment import Deployment
from redis_dash.client.own_lookups import COUNTED
from redis_dash.config import Url
from redis_dash.core.errors import SourceError
from tests.conftest import until_async
from tests.live.relay import Relay, relay


@pytest.fixture
async def proxy(embedded_server: EmbeddedServer, redis_url: str) -> AsyncIterator[Relay]:
    async with relay(embedded_server.port) as proxy:
        yield proxy


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between attempts."""
    monkeypatch.setattr(handshake, "PAUSE_S", (1.5, 1.5))
    monkeypatch.setattr(backoff, "LONGEST_S", backoff.FIRST_S)


async def answers(deployment: Deployment) -> bool:
    try:
        return await deployment.one(b"PING") == b"PONG"
    except SourceError:
        return False


@pytest.mark.parametrize("word", [b"SETNAME", b"NO-TOUCH", b"INFO", b"MULTI"])
async def test_one_broken_step_does_not_end_politeness(
    proxy: Relay, client: redis.Redis, quick: None, word: bytes
) -> None:
    proxy.forbidden = [word]
    deployment = Deployment(Url(proxy.url))
    await until_async(lambda: answers(deployment))
    proxy.forbidden = []
    deployment.nodes[0].own.weights = dict.fromkeys(COUNTED, 7)

    can_spare_lru = tuple(map(int, client.info()["redis_version"].split("."))) >= (7, 2)

    async def is_polite() -> bool:
        await answers(deployment)
        ours = [entry for entry in client.client_list() if entry["name"] == "redis-dash"]
        spares_lru = bool(ours) and "T" in ours[0]["flags"]
        return bool(ours) and spares_lru == can_spare_lru and deployment.nodes[0].own.weights[b"GET"] == 1

    if word not in (b"MULTI", b"INFO"):
        deployment.nodes[0].own.weights = dict.fromkeys(COUNTED, 1)
    await until_async(is_polite)
    client.set("a", "1")
    await deployment.one(b"GET", b"a")
    info = await deployment.info(max_age_s=-1)
    assert info.application == (0, 0)
    await deployment.close()


async def test_a_proxy_that_never_lets_it_pass_is_lived_with(proxy: Relay, client: redis.Redis, quick: None) -> None:
    proxy.forbidden = [b"SETNAME"]
    deployment = Deployment(Url(proxy.url))
    await until_async(lambda: answers(deployment))
    connects = deployment.connects
    for _ in range(50):
        assert await answers(deployment)
    assert deployment.connects == connects
    await deployment.close()
