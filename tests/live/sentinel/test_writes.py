"""Nothing is ever written to a server that is no longer the primary, even if it would take it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.commands import Publish, RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.sentinel.keys import BOARDS, LIMITED, USERS, Application, Watcher, config, session_key, whole
from tests.live.test_hub import Desk

ALL = len(USERS) + LIMITED + BOARDS


@pytest.fixture
async def connected(app: Application) -> AsyncIterator[Callable[..., Deployment]]:
    """Makes deployments that do not follow failovers: they stay connected to the primary of the beginning."""
    made = list[Deployment]()

    def make(url: str = "") -> Deployment:
        made.append(Deployment(Url(url or app.sentinels.url)))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def row_of(app: Application, user: str) -> SessionRow:
    async with running(Hub(config(app))) as hub:
        desk = Desk(hub)
        await whole(hub, desk, app.primary.dbsize() - LIMITED - BOARDS)
        rows: list[SessionRow] = desk.frame("sessions").rows
        return next(row for row in rows if row.user == f"{user}@example.com")


def written(app: Application, number: int) -> list[int]:
    """Keys of a server, and how often it has run the commands that write sessions."""
    client = app.sentinels.clients[number]
    stats = client.info("commandstats")
    return [client.dbsize(), *(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "restore", "del"))]


def flags_of_others(app: Application, number: int) -> list[str]:
    """What a sentinel thinks of the others."""
    told: list[dict[str, str]] = app.sentinels.sentinel_clients[number].sentinel_sentinels("mymaster")  # type: ignore[assignment]
    return [str(one["flags"]) for one in told]


async def refusal(deployment: Deployment, command: RevokeSession | Publish) -> str:
    with pytest.raises(SourceError) as caught:
        await carry_out(deployment, command)
    return str(caught.value)


async def test_signing_out_and_undoing_it(app: Application, connected: Callable[..., Deployment]) -> None:
    """Also if one of the named sentinels never answers."""
    silent = socket.create_server(("127.0.0.1", 0))
    hosts = f"sentinel://127.0.0.1:{silent.getsockname()[1]},"
    deployment, row = connected(app.sentinels.url.replace("sentinel://", hosts)), await row_of(app, "user7")
    outcome = await carry_out(deployment, RevokeSession(row))
    assert (outcome.result, app.primary.exists(session_key("user7"))) == ("deleted", 0)
    assert outcome.undo is not None
    assert (await carry_out(deployment, outcome.undo)).result == "restored"
    assert app.primary.dbsize() == ALL
    assert (await carry_out(deployment, Publish("orders", "x"))).result == "not received"
    silent.close()


async def test_signing_out_where_scripts_are_not_allowed(
    app: Application, connected: Callable[..., Deployment]
) -> None:
    """The role of the server is asked before the transaction, and not within it."""
    row = await row_of(app, "user7")
    app.primary.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all", "-eval"], keys=["*"])
    deployment = connected(app.sentinels.url.replace("sentinel://", "sentinel://poor:pw@"))
    assert (await carry_out(deployment, RevokeSession(row))).result == "deleted"
    assert app.primary.exists(session_key("user7")) == 0
    app.primary.acl_deluser("poor")


async def test_an_old_primary_that_goes_on_after_a_pause(
    app: Application, connected: Callable[..., Deployment]
) -> None:
    """It still believes that it is the primary, until a sentinel tells it."""
    sentinels, row = app.sentinels, await row_of(app, "user7")
    deployments = [connected() for _ in range(3)]
    undo = (await carry_out(deployments[0], RevokeSession(await row_of(app, "user8")))).undo
    assert undo is not None
    for one in deployments:
        await one.connect()
    app.synchronise()
    old = sentinels.primary()
    before = written(app, old)
    sentinels.pause(old)
    try:
        await until(lambda: sentinels.agree_on(1 - old))
        there = written(app, 1 - old)
    finally:
        sentinels.resume(old)
    assert sentinels.role_of(old) == "master"
    outcomes = await asyncio.gather(
        carry_out(deployments[0], RevokeSession(row)),
        carry_out(deployments[1], undo),
        carry_out(deployments[2], Publish("orders", "x")),
        return_exceptions=True,
    )
    assert all(isinstance(one, SourceError) for one in outcomes)
    assert any(f"nothing was written: {app.address(1 - old)} is the primary now" in str(one) for one in outcomes)
    assert written(app, old) == before
    assert written(app, 1 - old) == there


async def test_a_primary_that_only_we_can_reach(app: Application, connected: Callable[..., Deployment]) -> None:
    """It stays a primary and takes writes for as long as the sentinels cannot reach it: all of these would be lost."""
    sentinels, row, old = app.sentinels, await row_of(app, "user7"), app.sentinels.primary()
    for client in sentinels.clients:
        client.acl_setuser("w", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["*"], channels=["*"])
    url = sentinels.url.replace("sentinel://", "sentinel://w:pw@")
    deployment = connected(url)
    await deployment.connect()
    alone = redis.Redis(port=sentinels.servers[old].port, username="w", password="pw")
    async with running(Hub(config(app, url))) as hub:
        desk = Desk(hub)
        await whole(hub, desk)
        alone.acl_setuser("default", enabled=False)
        alone.client_kill_filter(user="default")
        try:
            await Watcher(hub, desk, {len(USERS)}).until_right(app.address(1 - old), len(USERS))
            before = alone.dbsize(), alone.info("commandstats").get("cmdstat_eval")
            said = await refusal(deployment, RevokeSession(row))
            assert (
                said
                == f"nothing was written: {app.address(1 - old)} is the primary now; look again before you repeat it"
            )
            assert (alone.dbsize(), alone.info("commandstats").get("cmdstat_eval")) == before
            assert (await hub.submit(RevokeSession(row))).result == "deleted"
            assert alone.exists(session_key("user7"))
            assert alone.info("replication")["role"] == "master"
            assert not sentinels.clients[1 - old].exists(session_key("user7"))
        finally:
            alone.acl_setuser("default", enabled=True)
            alone.close()


async def test_a_primary_that_was_made_a_replica(app: Application, connected: Callable[..., Deployment]) -> None:
    """It takes writes, and for a while the sentinels still call it the primary."""
    deployments, row, number = [connected() for _ in range(2)], await row_of(app, "user7"), app.sentinels.primary()
    for one in deployments:
        await one.connect()
    client, before = app.primary, written(app, number)
    client.config_set("replica-read-only", "no")
    try:
        client.replicaof("127.0.0.1", 1)
        said = {
            await refusal(deployments[0], RevokeSession(row)),
            await refusal(deployments[1], Publish("orders", "x")),
        }
        assert said == {f"nothing was written: {app.address(number)} says that it is a replica"}
        assert written(app, number) == before
    finally:
        client.replicaof("NO", "ONE")
        client.config_set("replica-read-only", "yes")


async def test_sentinels_that_are_too_few(app: Application, connected: Callable[..., Deployment]) -> None:
    """Others may have chosen another primary."""
    sentinels, deployment, number = app.sentinels, connected(), app.sentinels.primary()
    rows = [await row_of(app, user) for user in ("user1", "user2")]
    await deployment.connect()
    sentinels.kill_sentinel(0)
    assert (await carry_out(deployment, RevokeSession(rows[0]))).result == "deleted"
    sentinels.kill_sentinel(1)
    await until(lambda: all("s_down" in flags for flags in flags_of_others(app, 2)))
    before = written(app, number)
    said = await refusal(deployment, RevokeSession(rows[1]))
    address = app.address(number)
    assert said == (
        f"nothing was written: 1 of 3 sentinels can be asked, too few to know that {address} still is the primary"
    )
    sentinels.kill_sentinel(2)
    assert (await refusal(deployment, RevokeSession(rows[1]))).startswith(
        "nothing was written: no sentinel can be asked"
    )
    assert written(app, number) == before
    assert app.sentinels.clients[number].exists(session_key("user2"))
