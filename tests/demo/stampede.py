"""One process of a stampede across processes: `stampede.py REDIS_URL CALLS`."""

import asyncio
import json
import sys

from demo_server.patterns.redis_client import close_client, open_client
from demo_server.patterns.response_cache import ResponseCache
from demo_server.truth.counted import CountedCacheStats
from demo_server.truth.counts import Truth


async def main(url: str, calls: int) -> None:
    redis = open_client(url)
    truth = Truth(60, caches=("cache",))
    stats = CountedCacheStats(redis, truth)
    runs = 0

    @ResponseCache(redis, stats.count).cached(ttl=30, prefix="cache")
    async def slow(text: str) -> str:
        nonlocal runs
        runs += 1
        # Long enough for the other process to arrive, which starts at the same time.
        await asyncio.sleep(1.0)
        return text.upper()

    # Wait for the other process.
    await redis.incr("stampede:ready")
    while int(await redis.get("stampede:ready") or 0) < 2:  # noqa: ASYNC110 -- it is another process
        await asyncio.sleep(0.005)
    answers = await asyncio.gather(*(slow("x") for _ in range(calls)))
    await stats.flush()
    report = {"runs": runs, "answers": answers.count("X"), "truth": truth.snapshot()["caches"]["cache"]}
    await close_client(redis)
    print(json.dumps(report))  # noqa: T201


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
