"""FastAPI with fastapi-limiter 0.2 over a bucket of pyrate-limiter, which all clients share."""

from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_limiter.depends import RateLimiter
from pyrate_limiter import Duration, Limiter, Rate, RedisBucket
from redis.asyncio import Redis

from visits import HITS, LIMIT, WINDOW, about, main

KEY = "items-bucket"


def visit(url: str, variant: str) -> dict:
    rate_limiter: list[RateLimiter] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        bucket = await RedisBucket.init([Rate(LIMIT, Duration.HOUR)], Redis.from_url(url), KEY)
        rate_limiter.append(RateLimiter(Limiter(bucket)))
        app.add_api_route("/items", lambda: "items", dependencies=[Depends(rate_limiter[0])])
        yield

    app = FastAPI(lifespan=lifespan)
    let_in = {}
    with TestClient(app) as client:
        for address, hits in HITS.items():
            answers = [client.get("/items", headers={"X-Forwarded-For": address}) for _ in range(hits)]
            let_in[address] = sum(answer.status_code == 200 for answer in answers)
    # The limit belongs to the bucket, so the last client is refused for what the others used.
    row = {
        "keys": [KEY], "client": None, "hits": sum(HITS.values()), "let_in": sum(let_in.values()),
        "used": sum(let_in.values()), "limit": LIMIT, "window_s": WINDOW, "blocked": True, "resets_in_s": None,
        "let_in_by_client": let_in,
    }  # fmt: skip
    return about("fastapi-limiter", "limits", limits=[row])


main(visit)
