"""Companion keys of a session: changed in one step if they are in its slot, left as they are and told otherwise."""

from __future__ import annotations

import json

import pytest

from redis_dash.client.cluster.slots import slot_of
from redis_dash.core.commands import RevokeSession
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.cluster.keys import Application
from tests.live.cluster.test_topics import config
from tests.live.conftest import running
from tests.live.test_hub import Desk

ID = "Kx9f2LqP7TzW4mNb"
KEY = f"app:{{ann}}:s:{ID}"


def pattern(companion: str) -> SessionPattern:
    return SessionPattern("app:{ann}:s:*", format="json", user="mail", companions=(Companion(companion, "{id}"),))


@pytest.mark.parametrize(
    ("companion", "is_together"), [("user:{{{user}}}:sessions", True), ("user:{user}:sessions", False)]
)
async def test_one_in_the_slot_of_the_session_and_one_in_another(
    app: Application, companion: str, is_together: bool
) -> None:
    users_key = "user:{ann}:sessions" if is_together else "user:ann:sessions"
    assert (slot_of(KEY.encode()) == slot_of(users_key.encode())) is is_together
    app.client_of(KEY).set(KEY, json.dumps({"mail": "ann"}), ex=3600)
    members = {ID.encode(), b"another"}
    app.client_of(users_key).sadd(users_key, *members)
    async with running(Hub(config(app, sessions=(pattern(companion),)))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok", "reduced") and bool(desk.frame("sessions").rows))
        outcome = await hub.submit(RevokeSession(desk.frame("sessions").rows[0]))
        assert outcome.result == "deleted"
        left = app.client_of(users_key).smembers(users_key)
        if is_together:
            assert left == {b"another"}
            assert outcome.undo is not None
            assert (await hub.submit(outcome.undo)).result == "restored"
            assert app.client_of(users_key).smembers(users_key) == members
        else:
            assert left == members
            assert "it is in another slot of the cluster" in outcome.detail
