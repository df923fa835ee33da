"""redis-dash without any configuration, as somebody starts it on the Redis of a running application."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from redis_dash.config import Config
from redis_dash.core.commands import FullPass, Outcome, RestoreSession, RevokeSession
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from redis_dash.core.reading import Reading
from redis_dash.hub import Hub

WITHIN_S = 60.0


class CannotReadError(Exception):
    """redis-dash shows nothing; the message says why."""


class Frames(NamedTuple):
    """What is shown."""

    sessions: SessionsFrame
    limits: RateLimitsFrame
    boards: LeaderboardsFrame
    cache_globs: tuple[str, ...]
    """The patterns of the caches."""


class Dashboard:
    """A running dashboard without a screen."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def frames(self) -> Frames:
        """What is shown after a complete pass over the keys. Raises CannotReadError."""
        hub, deadline = self._hub, time.monotonic() + WITHIN_S
        hub.ask(FullPass(on=True))
        while not (hub.passes and hub.watch.knows_kinds):
            if hub.watch.keyspace.trouble or time.monotonic() > deadline:
                raise CannotReadError(hub.watch.keyspace.trouble or "the keys were not scanned in time")
            await asyncio.sleep(0.01)
        readings: dict[str, Reading[Any]] = {reading.topic: reading for reading in await hub.read_all()}
        for reading in readings.values():
            if reading.frame is None:
                raise CannotReadError(f"{reading.topic}: {reading.note}")
        frames: dict[str, Any] = {topic: reading.frame for topic, reading in readings.items()}
        globs = tuple(cache.keys for cache in hub.watch.config.caches)
        return Frames(frames["sessions"], frames["rate_limits"], frames["leaderboards"], globs)

    async def revoke(self, row: SessionRow) -> Outcome:
        """Sign a session out, as after the question."""
        return await self._hub.submit(RevokeSession(row))

    async def restore(self, undo: RestoreSession) -> Outcome:
        """Take that back."""
        return await self._hub.submit(undo)


@contextlib.asynccontextmanager
async def dashboard(url: str) -> AsyncIterator[Dashboard]:
    """Run it until the end of the context."""
    hub = Hub(Config(url=url))
    task = asyncio.create_task(hub.run())
    try:
        yield Dashboard(hub)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
