"""A lost answer is reported, and the state of the key is looked up as soon as the server is back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.actions.carry_out import carry_out
from redis_dash.client import node as nodes
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import Publish, RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.messages import Mark
from redis_dash.core.resp import Command
from redis_dash.hub import Hub
from tests.conftest import until_async
from tests.live.relay import Loss, Relay, relay
from tests.live.signed_in import one_row


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "REPLY_TIMEOUT_S", 0.3)


@pytest.fixture
async def way(client: redis.Redis, embedded_server: EmbeddedServer) -> AsyncIterator[Relay]:
    async with relay(embedded_server.port) as way:
        yield way


@pytest.fixture
async def deployment(way: Relay) -> AsyncIterator[Deployment]:
    deployment = Deployment(Url(way.url))
    yield deployment
    await deployment.close()


@pytest.fixture
def no_scripts(client: redis.Redis, deployment: Deployment, way: Relay) -> Deployment:
    client.acl_setuser("plain", enabled=True, passwords=["+pw"], commands=["+@all", "-eval"], keys=["*"])
    return Deployment(Url(way.url.replace("redis://", "redis://plain:pw@")))


async def can_connect(deployment: Deployment) -> bool:
    try:
        await deployment.connect()
    except SourceError:
        return False
    return True


@pytest.mark.parametrize("step", ["EVAL", "EXEC"])
@pytest.mark.parametrize("loss", ["missed", "unanswered", "silent"])
async def test_the_answer_to_a_revocation_is_lost(
    client: redis.Redis, deployment: Deployment, no_scripts: Deployment, way: Relay, step: str, loss: Loss
) -> None:
    chosen = deployment if step == "EVAL" else no_scripts
    key, row = one_row(client)
    value = client.get(key)
    await chosen.connect()
    way.lose(step, loss)
    outcome = await carry_out(chosen, RevokeSession(row))
    assert outcome.result == "not known"
    assert "answer was lost" in outcome.detail
    assert outcome.undo is not None
    assert outcome.unsettled is not None
    looking = asyncio.create_task(carry_out(chosen, outcome.unsettled))
    with pytest.raises(SourceError):
        await chosen.one(b"PING")
    assert not looking.done()
    way.back()
    found = await looking
    if loss == "missed":
        assert (found.result, found.undo, client.get(key)) == ("still there", None, value)
    else:
        assert (found.result, found.undo, client.exists(key)) == ("gone", outcome.undo, 0)
        assert (await carry_out(chosen, outcome.undo)).result == "restored"
        assert client.get(key) == value
    await chosen.close()


@pytest.mark.parametrize("loss", ["missed", "unanswered"])
async def test_the_answer_to_an_undo_is_lost(
    client: redis.Redis, deployment: Deployment, way: Relay, loss: Loss
) -> None:
    key, row = one_row(client)
    undo = (await carry_out(deployment, RevokeSession(row))).undo
    assert undo is not None
    way.lose("RESTORE", loss)
    outcome = await carry_out(deployment, undo)
    assert (outcome.result, outcome.undo) == ("not known", undo)
    assert outcome.unsettled is not None
    way.back()
    found = await carry_out(deployment, outcome.unsettled)
    if loss == "missed":
        assert (found.result, found.undo, client.exists(key)) == ("not restored", undo, 0)
    else:
        assert (found.result, found.undo, client.exists(key)) == ("there again", None, 1)


async def test_what_was_lost_before_the_last_word_is_not_done(
    client: redis.Redis, no_scripts: Deployment, way: Relay
) -> None:
    key, row = one_row(client)
    for step in ("DUMP", "MULTI", "DEL"):
        await until_async(lambda: can_connect(no_scripts))
        way.lose(step, "unanswered")
        with pytest.raises(SourceError):
            await carry_out(no_scripts, RevokeSession(row))
        way.back()
    assert client.exists(key)
    await no_scripts.close()


async def test_a_server_that_cannot_be_reached_is_no_lost_answer(
    client: redis.Redis, deployment: Deployment, way: Relay
) -> None:
    key, row = one_row(client)
    way.away = True
    with pytest.raises(SourceError):
        await carry_out(deployment, RevokeSession(row))
    assert client.exists(key)


async def test_a_message_whose_answer_is_lost_may_have_been_sent(deployment: Deployment, way: Relay) -> None:
    way.lose("PUBLISH", "unanswered")
    outcome = await carry_out(deployment, Publish("demo:control", "{}"))
    assert (outcome.result, outcome.unsettled) == ("not known", None)


async def test_the_event_stream_tells_both(client: redis.Redis, way: Relay) -> None:
    key, row = one_row(client)
    hub = Hub(Config(url=way.url))
    way.lose("EVAL", "unanswered")
    outcome = await hub.submit(RevokeSession(row))
    assert outcome.unsettled is not None
    way.back()
    await hub.submit(outcome.unsettled)
    log = hub._subscriber.log
    marks = [entry.text for entry in log.read(log.start, log.end) if isinstance(entry, Mark)]
    assert marks == [f"{result}: {row.id} of {row.user}" for result in ("not known", "gone")]
    assert key.decode().partition(":")[2] not in repr((marks, outcome))
    await hub.deployment.close()


async def test_a_server_that_hangs_and_then_does_it_after_all() -> None:
    """The server executes what it had received before it answers the look-up."""
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        key, row = one_row(client)
        deployment = Deployment(Url(server.url))
        node = deployment.nodes[0]
        exchange = node._exchange

        async def hang_at_the_last_word(commands: Sequence[Command]) -> list[object]:
            if commands[0][0] == b"EVAL":
                os.kill(server.pid, signal.SIGSTOP)
            return await exchange(commands)

        node._exchange = hang_at_the_last_word  # type: ignore[method-assign]
        outcome = await carry_out(deployment, RevokeSession(row))
        assert outcome.result == "not known"
        assert outcome.unsettled is not None
        looking = asyncio.create_task(carry_out(deployment, outcome.unsettled))
        with pytest.raises(SourceError):
            await deployment.one(b"PING")
        os.kill(server.pid, signal.SIGCONT)
        assert (await looking).result == "gone"
        assert not client.exists(key)
        await deployment.close()
