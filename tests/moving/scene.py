"""One scene: the application plays its phases while a hub reads; then it rests, and the readings are judged."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence

import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.core.commands import FullPass, ShowRanks
from tests.conftest import until
from tests.moving.application import Application
from tests.moving.judge import judge
from tests.moving.lifetimes import SETTLED_S
from tests.moving.observer import Observer
from tests.moving.phases import Phase, Size
from tests.moving.recording import Recording
from tests.moving.tally import Tally

REST_S = 10.0
"""Longest duration of two complete passes at full speed while nothing is written."""
READINGS_AT_REST = 42
"""Readings of all topics together after the last write."""


class Scene:
    """Plays on a private server."""

    def __init__(self, server: EmbeddedServer, size: Size, seed: int, phases: Sequence[Phase]) -> None:
        self._server, self._phases = server, phases
        self._size, self._seed = size, seed
        self._began: list[tuple[float, str]] = []

    async def play(self) -> Tally:
        """Record and judge; returns the findings."""
        recording = await self.record()
        return await asyncio.to_thread(judge, recording)

    async def record(self) -> Recording:
        """Play all phases; returns what the judge needs."""
        with redis.Redis(port=self._server.port) as client:
            client.flushall()
            client.config_resetstat()
        world = Application(self._server.port, self._size, self._seed)
        await asyncio.to_thread(world.settle_in)
        observer = Observer(world.config(self._server.url))
        running = asyncio.create_task(observer.run())
        try:
            await self._watch(world, observer)
            rested_at = await self._rest(world, observer)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        found, looked = await asyncio.to_thread(world.look)
        await asyncio.sleep(2 * SETTLED_S)  # expired keys are known then
        world.rest()
        world.close()
        where = f"{self._size.name}, seed {self._seed}"
        return Recording(world, where, self._began, rested_at, observer.seen, observer.requests, found, looked)

    async def _watch(self, world: Application, observer: Observer) -> None:
        self._began.append((time.time(), "beginning"))
        await until(lambda: observer.subscribed)
        stop = threading.Event()
        try:
            for phase in self._phases:
                self._began.append((time.time(), phase.name))
                if phase.restart:
                    await asyncio.to_thread(world.restart, self._start_again)
                if world.rng.random() < self._size.full_passes:
                    observer.ask(FullPass(on=True))
                observer.ask(ShowRanks("leaderboard", world.rng.choice((1, 1, 50, 150))))
                await asyncio.to_thread(world.play, phase, stop)
        finally:
            stop.set()

    def _start_again(self) -> None:
        self._server.stop()
        self._server.start()

    async def _rest(self, world: Application, observer: Observer) -> float | None:
        """Stop writing; returns when complete passes have been made since, None if that takes too long."""
        self._began.append((time.time(), "at rest"))
        deadline, passes = time.monotonic() + REST_S, observer.passes
        while observer.passes < passes + 3 and time.monotonic() < deadline:
            if not observer.scan().full_speed:
                observer.ask(FullPass(on=True))
            await asyncio.sleep(0.05)
            world.rest()
        rested_at = time.time() if observer.passes >= passes + 3 else None
        readings = len(observer.seen) + READINGS_AT_REST
        await until(lambda: len(observer.seen) >= readings)
        return rested_at
