"""Everything that is said of companion keys names the user, and no id in clear: neither the session's nor another's."""

from __future__ import annotations

import json

import redis

from redis_dash.config import Config
from redis_dash.core.commands import RevokeSession
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.messages import Mark
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running

ID, SHORT, LONG = "Kx9f2LqP7TzW4mNb", "k3J9xQ", "Qw8e7Rt6Yu5Io4Pa"
WANTED = SessionPattern(
    "app:s:*",
    format="json",
    user="mail",
    companions=(
        Companion("user:{user}:sessions", "{id}"),
        Companion("of:{parent}", "{key}"),
        Companion("of:{other}:{id}"),
    ),
)


async def test_the_ids_of_other_sessions_are_masked_before_and_after(redis_url: str, client: redis.Redis) -> None:
    """A session may name the one that it was made from."""
    value = {"mail": "ann@example.com", "parent": SHORT, "other": LONG}
    client.set(f"app:s:{ID}", json.dumps(value), ex=3600)
    for one in (SHORT, LONG):
        client.set(f"app:s:{one}", json.dumps({"mail": "eve@example.com"}), ex=60)
    client.sadd("user:ann@example.com:sessions", ID)
    client.sadd(f"of:{SHORT}", f"app:s:{ID}")
    client.set(f"of:{LONG}:{ID}", "x")
    hub = Hub(Config(url=redis_url, sessions=(WANTED,), refresh_s=0.1))
    async with running(hub):
        frames: list[SessionsFrame] = []
        events: list[EventsFrame] = []

        def has_all() -> bool:
            latest = [one.frame for one in hub.drain()]
            frames.extend(one for one in latest if isinstance(one, SessionsFrame))
            events.extend(one for one in latest if isinstance(one, EventsFrame))
            return bool(events and frames and len(frames[-1].rows) == 3)

        await until(has_all)
        row = frames[-1].rows[0]
        assert row.companions == (
            "Kx9f… is removed from user:ann@example.com:sessions",
            "app:s:Kx9f… is removed from of:k3…",
            "of:Qw8e…:Kx9f… is deleted",
        )
        outcome = await hub.submit(RevokeSession(row))
        assert outcome.result == "deleted"
        assert outcome.detail == f"the session Kx9f… is deleted; {'; '.join(row.companions)}"
        assert outcome.undo is not None
        undone = await hub.submit(outcome.undo)
        assert undone.detail == (
            "the session is there again; user:ann@example.com:sessions is as it was; "
            "of:k3… is as it was; of:Qw8e…:Kx9f… is as it was"
        )
        log = events[-1].log
        marks = [one.text for one in log.read(log.start, log.end) if isinstance(one, Mark)]
        assert marks[-2:] == ["deleted: Kx9f… of ann@example.com", "revocation undone"]
    for one in (ID, SHORT, LONG):
        assert one not in repr([outcome, undone, marks, *frames])
