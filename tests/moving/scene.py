"""One world: it plays its phases while a hub watches, then it rests, and the readings are judged."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence

import redis

from demo_server.embedded import EmbeddedServer
from redis_dash.commands import FullPass, ShowRanks
from tests.conftest import until
from tests.moving.application import Application
from tests.moving.bench import Bench
from tests.moving.judge import judge
from tests.moving.lifetimes import SETTLED_S
from tests.moving.observer import Observer
from tests.moving.phases import Phase, Size
from tests.moving.tally import Tally
from tests.moving.timeline import Span

REST_S = 10.0
"""How long two complete passes over a world at rest may take, at full speed."""


class Scene:
    """Plays on a server that is ours alone."""

    def __init__(self, server: EmbeddedServer, size: Size, seed: int, phases: Sequence[Phase]) -> None:
        self._server, self._phases = server, phases
        self._size, self._seed = size, seed
        self._began: list[tuple[float, str]] = []

    async def play(self) -> Tally:
        """The judge's findings."""
        with redis.Redis(port=self._server.port) as client:
            client.flushall()
            client.config_resetstat()
        world = Application(self._server.port, self._size, self._seed)
        bench = Bench(world, f"{self._size.name}, seed {self._seed}", self._began)
        await asyncio.to_thread(world.settle_in)
        observer = Observer(world.config(self._server.url))
        running = asyncio.create_task(observer.run())
        try:
            await self._watch(world, observer)
            await self._rest(world, observer, bench)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        await asyncio.sleep(2 * SETTLED_S)  # what expired during the last reading is known by then
        found, span = await asyncio.to_thread(world.look)
        await asyncio.sleep(2 * SETTLED_S)
        world.rest()
        world.close()
        await asyncio.to_thread(self._judge, bench, observer, found, span)
        return bench.tally

    async def _watch(self, world: Application, observer: Observer) -> None:
        self._began.append((time.time(), "beginning"))
        await until(lambda: observer.subscribed)
        stop = threading.Event()
        try:
            for phase in self._phases:
                self._began.append((time.time(), phase.name))
                if phase.restart:
                    await asyncio.to_thread(world.restart, self._start_again)
                if world.rng.random() < 0.2:
                    observer.ask(FullPass(on=True))
                observer.ask(ShowRanks("leaderboard", world.rng.choice((1, 1, 50, 150))))
                await asyncio.to_thread(world.play, phase, stop)
        finally:
            stop.set()

    def _start_again(self) -> None:
        self._server.stop()
        self._server.start()

    async def _rest(self, world: Application, observer: Observer, bench: Bench) -> None:
        """Nothing is written any more: after two more passes every figure must be right, whatever it says of itself."""
        self._began.append((time.time(), "at rest"))
        deadline, passes = time.monotonic() + REST_S, observer.passes
        while observer.passes < passes + 3 and time.monotonic() < deadline:
            if not observer.scan().full_speed:
                observer.ask(FullPass(on=True))
            await asyncio.sleep(0.05)
            world.rest()
        bench.rested_at = time.time() if observer.passes >= passes + 3 else None
        readings = len(observer.seen) + 12
        await until(lambda: len(observer.seen) >= readings)

    def _judge(self, bench: Bench, observer: Observer, found: dict[str, int], span: Span) -> None:
        """The truth itself first."""
        for beginning, timeline in bench.world.numbers().items():
            truth = timeline.values(*span)
            told = f"{beginning}*: the server has {found[beginning]}, the truth is thought to be {truth}"
            bench.check("the truth itself", truth.has(found[beginning]), span, told, timeline)
        judge(bench, observer.seen)
