"""What an application keeps on the primary of some sentinels, and what is shown of it."""

from __future__ import annotations

import json
import time

import redis

from demo_server.process.embedded_sentinel import EmbeddedSentinel
from redis_dash.config import Config, LimitPattern
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.test_hub import FAST, Desk

USERS = [f"user{number}" for number in range(40)]
LIMITED, BOARDS = 20, 10


def session_key(user: str) -> str:
    """The key of a user's session."""
    return f"session:{user}-0123456789-0123456789"


class Application:
    """Writes to whatever server is the primary."""

    def __init__(self, sentinels: EmbeddedSentinel) -> None:
        self.sentinels = sentinels

    @property
    def primary(self) -> redis.Redis:
        return self.sentinels.clients[self.sentinels.primary()]

    def address(self, number: int) -> str:
        """Where a server listens."""
        return f"127.0.0.1:{self.sentinels.servers[number].port}"

    def sign_in(self, user: str) -> None:
        value = json.dumps({"email": f"{user}@example.com", "role": "user", "created_at": 1.7e9})
        self.primary.set(session_key(user), value, ex=86_400)

    def write_all(self) -> None:
        """Empty everything, and write sessions, limits and boards."""
        primary = self.primary
        primary.flushall()
        for user in USERS:
            self.sign_in(user)
        for number in range(LIMITED):
            primary.set(f"ratelimit:10.0.0.{number}", number, ex=3600)
        for number in range(BOARDS):
            primary.zadd(f"leaderboard:{number}", {"ann": number})
        self.synchronise()

    def synchronise(self) -> None:
        """Return when a replica has everything."""
        assert self.primary.wait(1, 10_000) >= 1


def config(app: Application, url: str = "", **settings: object) -> Config:
    limits = (LimitPattern("ratelimit:*"),)  # no window: the counters last as long as a slow test
    return Config(url=url or app.sentinels.url, **(CONFIGURATION | {"refresh_s": FAST, "limits": limits} | settings))


def exact(desk: Desk, topic: str) -> int | None:
    """The exact count of a topic; None if it is not called exact."""
    count = desk.latest[topic].count if topic in desk.latest else None
    return count.value if count is not None and count.certainty == "exact" else None


def counts(desk: Desk) -> list[int | None]:
    """Sessions, limits and boards, if all topics are well and these counts are called exact."""
    if not desk.all_are("ok"):
        return []
    return [exact(desk, topic) for topic in ("sessions", "rate_limits", "leaderboards")]


def truth(sessions: int = len(USERS)) -> list[int | None]:
    return [sessions, LIMITED, BOARDS]


async def whole(hub: Hub, desk: Desk, sessions: int = len(USERS)) -> None:
    """Return when all topics show the truth, and messages are received."""
    await until(lambda: counts(desk) == truth(sessions) and hub.subscribed)


class Watcher:
    """Follows what is shown through a failover: nothing that is called exact may be wrong."""

    def __init__(self, hub: Hub, desk: Desk, possible: set[int]) -> None:
        self._hub, self._desk, self._possible = hub, desk, possible
        self.notes: set[str] = set()
        """What was said meanwhile."""

    async def until_right(self, server: str, sessions: int) -> float:
        """Return after how many seconds all topics are right, of this server."""
        began = time.monotonic()

        def is_right() -> bool:
            found = counts(self._desk)
            self.notes |= {reading.note for reading in self._desk.latest.values()}
            shown = exact(self._desk, "sessions")
            assert shown is None or shown in self._possible
            return found == truth(sessions) and self._shown_server() == server and self._hub.subscribed

        await until(is_right)
        return time.monotonic() - began

    def _shown_server(self) -> str:
        state = self._desk.frame("server").sentinel
        return "" if state is None else str(state.primary)
