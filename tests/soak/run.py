"""One run: faults for a while, every figure judged, and what the process holds before and after."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec

from redis_dash.config import Config
from redis_dash.demo import CONFIGURATION
from tests.conftest import until
from tests.demo.living import living_demo
from tests.deployments.events import Messages
from tests.deployments.truths import Recorder
from tests.deployments.verdicts import Verdicts
from tests.live.test_hub import Desk
from tests.moving.observer import Observer
from tests.moving.tally import Tally
from tests.soak.usage import MOST_GROWTH_MB, Usage, least, most
from tests.soak.world import Kind, World, world

PAUSE_S, LINK_S = (1.0, 4.0), (1.0, 4.0)
"""How long it is quiet between two faults, and how long a fault of the link lasts."""
JUDGED_AFTER_S = 30.0
"""A reading is judged when the truth around it is known; after a loss the application takes some seconds."""
RECOVERY_S = 60.0
"""The longest pause between two attempts to connect is 30 s, and a failover takes some seconds."""
MEASURED = 12
"""Measurements. What is held goes up and down while topics are read: something has grown if even the least of the last
ones is more than the most of the first ones."""
REST_S = 12.0


class Result(msgspec.Struct):
    """What a run has shown."""

    tally: Tally
    faults: Counter[str]
    before: Usage
    after: Usage
    messages: str
    problems: list[str]


class Soak:
    """A dashboard without a screen, beside the demo."""

    def __init__(self, place: World, observer: Observer, recorder: Recorder, chance: random.Random) -> None:
        self._acts: list[tuple[float, str]] = []
        self.verdicts = Verdicts(recorder, self._acts)
        self.faults = Counter[str]()
        self._place = place
        self._observer = observer
        self._recorder = recorder
        self._chance = chance
        self.desk = Desk(observer)

    async def suffer(self, seconds: float) -> None:
        """One fault after the other."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            name = self._chance.choice(self._place.names)
            self._acts.append((time.time(), name))
            told = await self._fault(name)
            self.faults[name] += 1
            say(f"  {name}: {told}")
            await self.watch(self._chance.uniform(*PAUSE_S))

    async def _fault(self, name: str) -> str:
        if fault := self._place.faults.get(name):
            happening = asyncio.create_task(asyncio.to_thread(fault))
            while not happening.done():
                await self.watch(0.1)
            return await happening
        assert self._place.link is not None
        end = self._place.link.begin(name)
        try:
            lasting_s = self._chance.uniform(*LINK_S)
            await self.watch(lasting_s)
        finally:
            end()
        return f"for {lasting_s:.1f} s"

    async def watch(self, seconds: float) -> None:
        """Let the dashboard watch, and judge what can be judged."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.desk.statuses()
            self._judge(time.time() - JUDGED_AFTER_S)
            await asyncio.sleep(min(left, 0.05))

    def _judge(self, before: float) -> None:
        """Judge the readings that are older, and forget them, so that only the dashboard's own memory can grow."""
        seen = self._observer.seen
        old = next((place for place, one in enumerate(seen) if one.span.end > before), len(seen))
        for one in seen[:old]:
            self.verdicts.judge(one)
        del seen[:old]
        self._observer.requests.clear()
        self._recorder.forget(before - JUDGED_AFTER_S)

    async def recover(self) -> None:
        """Wait until every topic is well.

        Raises:
            AssertionError: it takes too long.
        """
        await until(lambda: self.desk.all_are("ok"), RECOVERY_S)

    async def measured(self, rest_s: float) -> list[Usage]:
        """What the process holds when all is quiet, a few times."""
        await self.recover()
        await self.watch(rest_s)
        self._place.close_own_connections()
        measured = []
        for _ in range(MEASURED):
            await self.watch(0.13)  # no multiple of the time between two readings, whose tasks come and go
            measured.append(Usage.now())
        return measured

    def judge_rest(self) -> None:
        """Judge all that is left."""
        self._judge(time.time())


async def run(
    kind: Kind, seconds: float, seed: int, rate: float, *, rest_s: float = REST_S, growth_mb: float = MOST_GROWTH_MB
) -> Result:
    """Run on one deployment; a quarter of the time passes before the first measurement.

    Args:
        rest_s: how long nothing happens before what the process holds is measured.
        growth_mb: by how much its memory may grow.
    """
    chance = random.Random(seed)
    async with world(kind, chance) as place:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            options = ("--redis-url", place.url, "--rate", str(rate), "--seed", str(seed))
            demo = stack.enter_context(living_demo(folder, *options))
            recorder = stack.enter_context(Recorder(demo.http_url))
            observer = Observer(Config(url=place.watched_url, **CONFIGURATION))
            running = asyncio.create_task(observer.run())
            try:
                soak = Soak(place, observer, recorder, chance)
                await soak.recover()
                messages = Messages(demo, observer)
                await messages.begin()
                await soak.suffer(seconds / 4)
                before = most(await soak.measured(rest_s))
                say(f"{kind}: {before.told()}")
                await soak.suffer(seconds * 3 / 4)
                after = least(await soak.measured(rest_s))
                say(f"{kind}: {after.told()}")
                await messages.settle()
                soak.judge_rest()
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
    problems = [f"grown: {what}" for what in after.grown(before, growth_mb)]
    problems += [f"wrong: {what}, {count} times" for what, count in soak.verdicts.tally.wrong.items()]
    problems += [] if messages.good else ["messages are missing, and no gap says so, or came twice"]
    problems += [f"{observer.errors} errors in redis-dash itself"] if observer.errors else []
    return Result(soak.verdicts.tally, soak.faults, before, after, messages.told(), problems)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
