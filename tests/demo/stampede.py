"""One process of a stampede across processes: `stampede.py REDIS_URL CALLS`."""

import asyncio
import json
import sys

from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.response_cache import ResponseCache, cache_response, current_cache
from demo_server.redis_client import close_client, open_client
from demo_server.truth.counts import Truth

runs = 0


@cache_response(ttl=30, prefix="cache")
async def slow(text: str) -> str:
    global runs
    runs += 1
    # Long enough for the other process to arrive, which starts at the same time.
    await asyncio.sleep(1.0)
    return text.upper()


async def main(url: str, calls: int) -> None:
    redis = open_client(url)
    truth = Truth(60, caches=("cache",))
    stats = CacheStats(redis, truth)
    current_cache.set(ResponseCache(redis, stats))
    # Wait for the other process before rushing off.
    await redis.incr("stampede:ready")
    while int(await redis.get("stampede:ready") or 0) < 2:  # noqa: ASYNC110 -- it is another process
        await asyncio.sleep(0.005)
    answers = await asyncio.gather(*(slow("x") for _ in range(calls)))
    await stats.flush()
    report = {"runs": runs, "answers": answers.count("X"), "truth": truth.snapshot()["caches"]["cache"]}
    await close_client(redis)
    print(json.dumps(report))  # noqa: T201


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
