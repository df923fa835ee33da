"""A process that computes a summary for an hour: `lock_holder.py REDIS_URL`."""

import asyncio
import sys

from demo_server.patterns.redis_client import open_client
from demo_server.patterns.response_cache import ResponseCache
from demo_server.shop.summarizer import build_summarizer


async def main(url: str) -> None:
    await build_summarizer(ResponseCache(open_client(url)), 3600)("Hello. You.")


asyncio.run(main(sys.argv[1]))
