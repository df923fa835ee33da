"""Everybody who uses the demo: the visitors, and one client that exceeds its limit."""

import asyncio
import itertools
import random
import time
from collections import defaultdict

from demo_server.workload.browser import Browser
from demo_server.workload.journey import Journey, plan_greed, plan_journey, play
from demo_server.workload.pacer import Gate, Pacer
from demo_server.workload.people import EVERYBODY, GREEDY_ADDRESS, Visitor

_OPENING_LOGINS = 12
_CALM = 0.25  # of the rate

# The greedy client, again and again: it reaches the limit, keeps asking for a while, and stops for a while.
_HAMMERING = 40.0  # requests per second until the first refusal
_HAMMERING_CALLS = 150  # at most; no limit may be in force
_INSISTING = 2.2  # requests per second, above the 1.67 that the limit allows
_INSISTING_TIME = 45.0  # seconds
_RESTING_TIME = 20.0  # seconds, in which a third of the window becomes free
_GREEDY_SHARE = 0.4  # of the whole rate at most


class Crowd:
    """Makes about `rate` requests per second in all; the opening and the greedy client's first round come on top."""

    def __init__(self, browser: Browser, gate: Gate, rate: float, seed: int) -> None:
        self._browser = browser
        self._rate = rate
        self._seed = seed
        greedy_rate = min(_INSISTING, _GREEDY_SHARE * rate)
        self._pacer = Pacer(rate - greedy_rate, gate)
        self._greedy_pacer = Pacer(greedy_rate, gate)
        self._greedy_rate = greedy_rate
        self._calm = False
        self._numbers = itertools.count()
        # A browser does one thing at a time: two sign-ins at once would leave a session that no browser has.
        self._busy: defaultdict[Visitor, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self) -> None:
        """Until cancelled."""
        visitors_at_once = round(min(100, max(12, self._rate / 1.5)))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._open())
            group.create_task(self._be_greedy())
            for _ in range(visitors_at_once):
                group.create_task(self._keep_walking())

    def calm_down(self, calm: bool) -> None:
        """Go at a quarter of the rate, or at all of it."""
        self._calm = calm
        self._pacer.rate = (self._rate - self._greedy_rate) * (_CALM if calm else 1)

    async def sign_in(self, visitor: Visitor) -> None:
        """Sign a visitor in, outside of any journey."""
        async with self._busy[visitor]:
            await self._browser.sign_in(visitor)

    async def _open(self) -> None:
        """A few people sign in at once, so that a dashboard is not empty at first."""
        chance = random.Random(f"opening {self._seed}")
        async with asyncio.TaskGroup() as group:
            for visitor in chance.sample(EVERYBODY, _OPENING_LOGINS):
                group.create_task(self.sign_in(visitor))
                group.create_task(self._browser.call(play(visitor.account, 0, chance), visitor.address))

    async def _keep_walking(self) -> None:
        while True:
            await self._walk(plan_journey(self._seed, next(self._numbers)))

    async def _walk(self, journey: Journey) -> None:
        visitor = journey.visitor
        async with self._busy[visitor]:
            for call in journey.calls:
                if call.needs_session and not self._browser.is_signed_in(visitor):
                    await self._pacer.turn()
                    await self._browser.sign_in(visitor)
                await self._pacer.turn()
                status = await self._browser.call(call, visitor.address, visitor)
                if status in {0, 429} or status >= 500:
                    return  # the visitor leaves and comes back later

    async def _be_greedy(self) -> None:
        numbers = itertools.count()
        while True:
            self._greedy_pacer.rate = max(self._greedy_rate, min(_HAMMERING, self._rate * 2))
            for _ in range(_HAMMERING_CALLS):
                if await self._ask_greedily(next(numbers)) != 200:
                    break
            self._greedy_pacer.rate = self._greedy_rate
            deadline = time.monotonic() + _INSISTING_TIME
            while time.monotonic() < deadline:
                await self._ask_greedily(next(numbers))
            await asyncio.sleep(_RESTING_TIME)

    async def _ask_greedily(self, number: int) -> int:
        await self._greedy_pacer.turn()
        return await self._browser.call(plan_greed(self._seed, number), GREEDY_ADDRESS)
