"""A process that computes a summary for an hour: `lock_holder.py REDIS_URL`."""

import asyncio
import sys

from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.response_cache import ResponseCache, current_cache
from demo_server.redis_client import open_client
from demo_server.shop.summarizer import build_summarizer
from demo_server.truth.counts import Truth


async def main(url: str) -> None:
    redis = open_client(url)
    current_cache.set(ResponseCache(redis, CacheStats(redis, Truth(60))))
    await build_summarizer(3600)("Hello. You.")


asyncio.run(main(sys.argv[1]))
