"""FastAPI with fastapi-limiter 0.1, which counts in one key for each client."""

from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_limiter import FastAPILimiter
from fastapi_limiter.depends import RateLimiter
from redis.asyncio import Redis

from visits import HITS, LIMIT, WINDOW, about, limit, main


def visit(url: str, variant: str) -> dict:
    @asynccontextmanager
    async def lifespan(app: FastAPI):
        await FastAPILimiter.init(Redis.from_url(url))
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/items", dependencies=[Depends(RateLimiter(times=LIMIT, seconds=WINDOW))])
    def items() -> str:
        return "items"

    route = next(number for number, one in enumerate(app.routes) if one.path == "/items")
    limits = []
    with TestClient(app) as client:
        for address, hits in HITS.items():
            answers = [client.get("/items", headers={"X-Forwarded-For": address}) for _ in range(hits)]
            let_in = sum(answer.status_code == 200 for answer in answers)
            resets = answers[-1].headers.get("retry-after")  # only a refused client is told
            key = f"fastapi-limiter:{address}:/items:{route}:0"
            limits.append(limit([key], address, let_in, let_in, resets and float(resets)))
    return about("fastapi-limiter", "limits", limits=limits)


main(visit)
