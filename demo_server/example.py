"""A complete application: a slow answer behind the response cache, and ten requests a minute for each client.

REDIS_URL=redis://127.0.0.1:6379/0 uvicorn demo_server.example:app
"""

import asyncio
import os

from fastapi import FastAPI
from redis.asyncio import Redis

from demo_server.patterns.rate_limit_middleware import RateLimitMiddleware
from demo_server.patterns.rate_limiter import RateLimiter
from demo_server.patterns.response_cache import ResponseCache

redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
cache = ResponseCache(redis)
app = FastAPI()
app.add_middleware(RateLimitMiddleware, limiter=RateLimiter(redis, limit=10, window=60))


@app.get("/squares/{number}")
@cache.cached(ttl=300, prefix="squares")
async def square(number: int) -> int:
    await asyncio.sleep(0.1)  # a slow computation
    return number * number
