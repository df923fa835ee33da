"""Slots that move to another primary: reads and writes find their keys, and no figure that is called exact is wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.cluster.keys import USERS, Application, session_key
from tests.live.cluster.test_topics import config
from tests.live.conftest import running
from tests.live.test_hub import Desk


@pytest.fixture
async def deployment(app: Application) -> AsyncIterator[Deployment]:
    """It has learned the topology before the slots move, and nobody refreshes it."""
    deployment = Deployment(Url(app.cluster.url))
    await deployment.connect()
    yield deployment
    await deployment.close()


def tagged(app: Application, tag: str, number: int) -> list[str]:
    """Keys of one slot, with their names as values."""
    keys = [f"{{{tag}}}:{one}" for one in range(number)]
    for key in keys:
        app.client_of(key).set(key, key)
    return keys


def move(app: Application, key: str) -> int:
    """Move the slot of a key to the next primary."""
    target = (app.number_of(key) + 1) % 3
    app.cluster.move_slot(slot_of(key.encode()), target)
    return target


async def values(deployment: Deployment, keys: list[str]) -> list[object]:
    return await deployment.pipeline([(b"GET", key.encode()) for key in keys])


async def test_a_slot_that_has_moved_is_found(app: Application, deployment: Deployment) -> None:
    keys = [*tagged(app, "moved", 50), *tagged(app, "stays", 50)]
    assert await values(deployment, keys) == [key.encode() for key in keys]
    for _ in range(3):
        move(app, keys[0])
        assert await values(deployment, keys) == [key.encode() for key in keys]


async def test_a_slot_that_is_moving_is_read_on_both_sides(app: Application, deployment: Deployment) -> None:
    keys = tagged(app, "moving", 200)
    slot, source = slot_of(keys[0].encode()), app.number_of(keys[0])
    target = (source + 1) % 3
    app.cluster.begin_move(slot, target)
    try:
        port = app.cluster.servers[target].port
        app.cluster.clients[source].migrate("127.0.0.1", port, keys[:120], 0, 5000)
        assert (app.cluster.clients[source].dbsize(), app.cluster.clients[target].dbsize()) == (80, 120)
        assert await values(deployment, keys) == [key.encode() for key in keys]
        assert await values(deployment, ["{moving}:none"]) == [None]
        app.cluster.clients[source].migrate("127.0.0.1", port, keys[120:], 0, 5000)
    finally:
        app.cluster.end_move(slot, source, target)
    assert await values(deployment, keys) == [key.encode() for key in keys]


async def test_redirects_are_no_lookups_of_the_application(app: Application, deployment: Deployment) -> None:
    keys = tagged(app, "lookups", 30)
    move(app, keys[0])
    before = (await deployment.info(max_age_s=-1)).application
    await values(deployment, keys)
    assert (await deployment.info(max_age_s=-1)).application == before
    assert deployment.errors == 0


async def rows_of(desk: Desk, number: int) -> dict[str, SessionRow]:
    await until(lambda: desk.all_are("ok") and len(desk.frame("sessions").rows) == number)
    return {row.user.partition("@")[0]: row for row in desk.frame("sessions").rows}


async def test_a_session_is_revoked_and_brought_back_where_its_slot_is_by_now(app: Application) -> None:
    app.sign_in(USERS)
    key = session_key("user7")
    async with running(Hub(config(app, refresh_s=3600.0))) as hub:
        rows = await rows_of(Desk(hub), len(USERS))
        value = app.client_of(key).get(key)
        move(app, key)
        outcome = await hub.submit(RevokeSession(rows["user7"]))
        assert outcome.result == "deleted"
        assert not app.client_of(key).exists(key)
        assert outcome.undo is not None
        move(app, key)
        assert (await hub.submit(outcome.undo)).result == "restored"
        assert app.client_of(key).get(key) == value


@pytest.mark.parametrize("is_moved", [False, True])
async def test_a_session_is_revoked_while_its_slot_is_moving(app: Application, is_moved: bool) -> None:
    app.sign_in(USERS)
    key = session_key("user7")
    slot, source = slot_of(key.encode()), app.number_of(key)
    target = (source + 1) % 3
    async with running(Hub(config(app))) as hub:
        rows = await rows_of(Desk(hub), len(USERS))
        app.cluster.begin_move(slot, target)
        try:
            if is_moved:
                app.cluster.clients[source].migrate("127.0.0.1", app.cluster.servers[target].port, key, 0, 5000)
            outcome = await hub.submit(RevokeSession(rows["user7"]))
            assert outcome.result == "deleted"
            assert sum(client.dbsize() for client in app.cluster.clients[:3]) == len(USERS) - 1
            assert outcome.undo is not None
            assert (await hub.submit(outcome.undo)).result == "restored"
        finally:
            for name in app.cluster.clients[source].execute_command("CLUSTER GETKEYSINSLOT", slot, 100):  # type: ignore[no-untyped-call]
                app.cluster.clients[source].migrate("127.0.0.1", app.cluster.servers[target].port, name, 0, 5000)
            app.cluster.end_move(slot, source, target)
        assert app.client_of(key).exists(key)


async def test_a_write_to_a_slot_without_a_primary_says_why(app: Application, deployment: Deployment) -> None:
    app.sign_in(["ann"])
    async with running(Hub(config(app), deployment)) as hub:
        rows = await rows_of(Desk(hub), 1)
        members = deployment.cluster
        assert members is not None
        node = deployment.node_of(session_key("ann").encode())
        async with members._lock:  # nobody looks meanwhile whether it is there again
            members._set({members.address_of(node): "connection refused"})
            with pytest.raises(SourceError, match="2 of 3 primaries"):
                await hub.submit(RevokeSession(rows["ann"]))
    assert app.client_of(session_key("ann")).exists(session_key("ann"))


async def test_no_exact_figure_is_wrong_while_slots_move(app: Application) -> None:
    """Sessions and boards stay what they are, wherever their slots are."""
    app.sign_in(USERS)
    for number in range(20):
        app.client_of(board := f"leaderboard:{number}").zadd(board, {"member": 1})
    slots = sorted({slot_of(session_key(user).encode()) for user in USERS})
    async with running(Hub(config(app, refresh_s=0.1))) as hub:
        desk = Desk(hub)
        await rows_of(desk, len(USERS))
        over = threading.Event()

        def reshard() -> None:
            try:
                for slot in slots:
                    app.cluster.move_slot(slot, (app.cluster.owner_of(slot) + 1) % 3)
            finally:
                over.set()

        moving = asyncio.get_running_loop().run_in_executor(None, reshard)
        wrong = list[object]()
        while not over.is_set():
            desk.statuses()
            for topic, truth in (("sessions", len(USERS)), ("leaderboards", 20)):
                count = desk.latest[topic].count
                if count is not None and (
                    (count.certainty == "exact" and count.value != truth) or not count.holds(truth)
                ):
                    wrong.append((topic, count))
            await asyncio.sleep(0.005)
        await moving
        assert wrong == []
        await until(lambda: desk.all_are("ok") and desk.frame("sessions").count.certainty == "exact")
        assert desk.frame("sessions").count.value == len(USERS)
        assert hub.errors == 0
