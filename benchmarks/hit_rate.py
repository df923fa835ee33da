"""The interval hit rates on the screen against the application's own, while a thousand sessions a second are read.

    python -m benchmarks.hit_rate [--seconds 60]

The demo runs with 5,000 sessions more than its own, which the hub reads as it does for the dashboard, twice a
second. Its interval figures are summed up from frame to frame, between two moments at which the workload is paused, so
that they can be compared with what ``/truth`` counted meanwhile.
For the server's own counters, which hold every client's lookups, there is no ``/truth``: there an application of the
benchmark's own makes lookups that it counts itself, and the demo is paused.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from redis import Redis

from benchmarks.harness import Figure, demo, options_of, say
from benchmarks.report import show
from redis_dash.config import Config
from redis_dash.core.frames.cache import CacheFrame
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub

SESSIONS = 5000
REFRESH_S = 0.5
"""Each poll reads 250 lifetimes and 50 values again, and the scan all lifetimes. INFO is shared for 0.4 s."""
SETTLE_S = 5.0
"""A summary takes the demo two seconds: those under way when the workload is paused must have ended."""
KEYS = 1000
"""Of the benchmark's own application: nine in ten exist."""


@dataclass
class Tally:
    """Interval figures, summed up."""

    server: tuple[int, int] = (0, 0)
    groups: dict[str, list[float]] = field(default_factory=dict)
    frames: int = 0

    def add(self, frame: CacheFrame) -> None:
        """One frame's interval."""
        self.frames += 1
        hits, misses = frame.interval_hits or 0, frame.interval_misses or 0
        self.server = self.server[0] + hits, self.server[1] + misses
        for group in frame.groups:
            sums = self.groups.setdefault(group.name, [0.0, 0.0])
            lookups = group.interval_lookups or 0
            sums[0] += (group.interval_hit_rate or 0.0) * lookups
            sums[1] += lookups


def figures(quick: bool) -> list[Figure]:
    """Differences in percentage points."""
    return measure(6.0 if quick else 60.0)


def measure(seconds: float) -> list[Figure]:
    """With the demo."""
    with demo() as (redis_url, http_url):
        admin: Redis = Redis.from_url(redis_url)
        pipe = admin.pipeline(transaction=False)
        for number in range(SESSIONS):
            pipe.set(f"session:bench-{number:08d}", '{"email":"bench@example.com","role":"student"}', ex=3600)
        pipe.execute()
        results = asyncio.run(compare(redis_url, http_url, admin, seconds))
        admin.close()
    return results


async def compare(redis_url: str, http_url: str, admin: Redis, seconds: float) -> list[Figure]:
    """First the caches of the demo, then the server's own counters."""
    async with watching(redis_url) as (hub, tally):
        own = hub.deployment.nodes[0].own
        play(admin, "pause")
        await asyncio.sleep(SETTLE_S)
        tally.groups.clear()
        before, looked_up, began = truth(http_url), own.hits + own.misses, time.monotonic()
        play(admin, "resume")
        await asyncio.sleep(seconds)
        play(admin, "pause")
        await asyncio.sleep(SETTLE_S)
        after = truth(http_url)
        reads_per_s = (own.hits + own.misses - looked_up) / (time.monotonic() - began)
        found = [difference(name, tally, before[name], after[name]) for name in sorted(before)]
        tally.server = (0, 0)
        hits, misses = await asyncio.to_thread(look_up, admin, seconds / 4)
        await asyncio.sleep(SETTLE_S)
        say(f"hit rate: server told {tally.server}, made {(hits, misses)}; own lookups {reads_per_s:,.0f}/s")
    told = 100 * tally.server[0] / max(1, sum(tally.server))
    made = 100 * hits / (hits + misses)
    name = "interval hit rate of the server, difference"
    found.append(Figure(name, "points", abs(told - made), at_most=0.1, note=f"{told:.3f} %, made {made:.3f} %"))
    return [*found, Figure("own lookups meanwhile", "a second", reads_per_s, at_least=1000)]


def difference(name: str, tally: Tally, before: dict[str, int], after: dict[str, int]) -> Figure:
    """Of one cache."""
    hits, misses = after["hits"] - before["hits"], after["misses"] - before["misses"]
    true = 100 * hits / max(1, hits + misses)
    told = 100 * tally.groups[name][0] / max(1.0, tally.groups[name][1])
    note = f"{told:.3f} %, /truth {true:.3f} % of {hits + misses:,} lookups"
    return Figure(f"interval hit rate of {name}, difference", "points", abs(told - true), at_most=0.1, note=note)


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[tuple[Hub, Tally]]:
    """A hub at work, and what its cache frames add up to."""
    hub, tally = Hub(Config(url=url, refresh_s=REFRESH_S, budget=0.05, **CONFIGURATION)), Tally()

    async def collect() -> None:
        while True:
            for reading in hub.drain():
                if isinstance(reading.frame, CacheFrame) and reading.status == "ok":
                    tally.add(reading.frame)
            await asyncio.sleep(REFRESH_S / 4)

    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(collect())]
    try:
        await asyncio.sleep(SETTLE_S)
        yield hub, tally
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def look_up(admin: Redis, seconds: float) -> tuple[int, int]:
    """An application that counts its own hits and misses."""
    for number in range(KEYS):
        if number % 10:
            admin.set(f"bench:{number}", "x")
    rng, deadline, found = random.Random(7), time.monotonic() + seconds, [0, 0]
    while time.monotonic() < deadline:
        found[admin.get(f"bench:{rng.randrange(KEYS)}") is None] += 1
    return found[0], found[1]


def play(admin: Redis, scenario: str) -> None:
    """Ask the demo's workload for something."""
    admin.publish("demo:control", json.dumps({"scenario": scenario}))


def truth(http_url: str) -> dict[str, dict[str, int]]:
    """What the demo counted, by cache."""
    with urllib.request.urlopen(f"{http_url}/truth", timeout=5) as reply:
        return dict(json.load(reply)["caches"])


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    show(figures(True) if options.quick else measure(options.seconds))


if __name__ == "__main__":
    main()
