"""Scenarios that a person can start: `PUBLISH demo:control '{"scenario": "burst"}'`.

- `burst`: one address makes 150 requests as fast as it can;
- `stampede`: 200 equal summaries at once, from all addresses, of a text that nobody asked for before;
- `price-change`: the ten most popular products get new prices;
- `login-wave`: 25 people sign in at once;
- `flush-cache`: the demo's own cache keys (`llm:*`, `product:*`) are deleted, and nothing else;
- `calm`: the scenarios above stop, and the rate is a quarter for a minute, or until another scenario;
- `pause`: no requests begin, those in flight end; only `resume` and `flush-cache` work then;
- `resume`: after `pause` or `calm`, as before.

The launcher plays those that need its servers: `failover`, `kill-node` and `reshard`, see `process/`.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection, Coroutine, Iterable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from demo_server import keys
from demo_server.control_channel import scenario_in
from demo_server.process.progress import say
from demo_server.workload.browser import Browser
from demo_server.workload.crowd import Crowd
from demo_server.workload.journey import Call, look_at, set_price, summarize
from demo_server.workload.pacer import Gate
from demo_server.workload.people import ADDRESSES, BURST_ADDRESS, EVERYBODY

_BURST = 150
_BURST_AT_ONCE = 10
_STAMPEDE = 200
_PRICES = 10
_LOGINS = 25
_CALM_TIME = 60.0  # seconds
_SCAN_COUNT = 1000


class Scenarios:
    """Plays scenarios, several at once if needed."""

    def __init__(
        self, browser: Browser, crowd: Crowd, gate: Gate, redis: Redis, seed: int, of_others: Collection[str] = ()
    ) -> None:
        """`of_others` are names of scenarios that somebody else plays."""
        self._of_others = frozenset(of_others)
        self._browser = browser
        self._crowd = crowd
        self._gate = gate
        self._redis = redis
        self._chance = random.Random(f"scenarios {seed}")
        self._running: set[asyncio.Task[None]] = set()
        self._calm_ends: asyncio.TimerHandle | None = None
        self._plays: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "burst": self._burst,
            "stampede": self._stampede,
            "price-change": self._price_change,
            "login-wave": self._login_wave,
            "flush-cache": self._flush_cache,
        }

    async def obey(self, message: bytes) -> None:
        """Take a message of the control channel; a bad one is ignored, with a line on stderr."""
        name = scenario_in(message)
        if name in self._of_others:
            return
        if name is None or (name not in self._plays and name not in {"calm", "pause", "resume"}):
            say(f"workload: not a scenario: {message[:80]!r}")
        elif not self._gate.is_open and name not in {"pause", "resume", "flush-cache"}:
            say(f"workload: paused, so no {name}")
        elif name == "pause":
            self._gate.close()
        elif name == "calm":
            self._calm_down()
        else:
            if name != "flush-cache":
                self._end_calm()
            if name == "resume":
                self._gate.open()
            else:
                self._begin(self._plays[name]())

    def _begin(self, play: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(play)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _calm_down(self) -> None:
        self._end_calm()
        for task in self._running:
            task.cancel()
        self._crowd.calm_down(True)
        self._calm_ends = asyncio.get_running_loop().call_later(_CALM_TIME, self._end_calm)

    def _end_calm(self) -> None:
        if self._calm_ends is not None:
            self._calm_ends.cancel()
            self._calm_ends = None
        self._crowd.calm_down(False)

    async def _burst(self) -> None:
        await self._rush(((look_at(1), BURST_ADDRESS) for _ in range(_BURST)), at_once=_BURST_AT_ONCE)

    async def _stampede(self) -> None:
        call = summarize(f"Stampede of {time.time():.3f}. Everybody wants to know the same, and nobody knows it yet.")
        places = (ADDRESSES[number % len(ADDRESSES)] for number in range(_STAMPEDE))
        await self._rush(((call, address) for address in places), at_once=_STAMPEDE)

    async def _price_change(self) -> None:
        calls = [set_price(product_id, self._chance) for product_id in range(1, _PRICES + 1)]
        await self._rush(((call, self._chance.choice(ADDRESSES)) for call in calls), at_once=2)

    async def _login_wave(self) -> None:
        visitors = self._chance.sample(EVERYBODY, _LOGINS)
        await asyncio.gather(*(self._crowd.sign_in(visitor) for visitor in visitors))

    async def _flush_cache(self) -> None:
        try:
            for prefix in keys.CACHES:
                async for key in self._redis.scan_iter(match=f"{prefix}:*", count=_SCAN_COUNT):
                    await self._redis.unlink(key)
        except RedisError as error:
            say(f"workload: the cache was not flushed: {error}")

    async def _rush(self, calls: Iterable[tuple[Call, str]], at_once: int) -> None:
        """Make calls as fast as possible, `at_once` of them at a time."""
        waiting = iter(calls)

        async def keep_calling() -> None:
            for call, address in waiting:
                await self._browser.call(call, address)

        await asyncio.gather(*(keep_calling() for _ in range(at_once)))
