"""FastAPI with fastapi-cache2, values in JSON (the default) or pickle."""

from collections.abc import Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.testclient import TestClient
from fastapi_cache import FastAPICache
from fastapi_cache.backends.redis import RedisBackend
from fastapi_cache.coder import JsonCoder, PickleCoder
from fastapi_cache.decorator import cache
from fastapi_cache.key_builder import default_key_builder
from redis.asyncio import Redis

from visits import about, escaped, main


def visit(url: str, variant: str) -> dict:
    made = {}  # each key that the framework makes, with the time to live of what is cached under it

    def remember(function: Callable, namespace: str = "", **rest) -> str:
        key = default_key_builder(function, namespace, **rest)
        made[key] = None if namespace.endswith(":menu") else 600
        return key

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        coder = PickleCoder if variant == "pickle" else JsonCoder
        FastAPICache.init(RedisBackend(Redis.from_url(url)), prefix="fastapi-cache", coder=coder, key_builder=remember)
        yield

    app = FastAPI(lifespan=lifespan)
    calls = []

    @app.get("/items/{number}")
    @cache(expire=600)
    async def item(number: int) -> dict:
        calls.append(number)
        return {"number": number, "name": "tea", "price": 12.5}

    @app.get("/menu")
    @cache(namespace="menu")
    async def menu() -> list[str]:
        calls.append(0)
        return ["tea", "zoë"]

    known = []
    with TestClient(app) as client:
        for path in ("/items/1", "/items/2", "/items/1", "/items/1", "/menu", "/menu"):
            known.append(client.get(path).headers["x-fastapi-cache"])
    hits, misses = known.count("HIT"), known.count("MISS")
    assert misses == len(calls)
    rows = [{"key": escaped(key), "expires_in_s": left} for key, left in made.items()]
    return about("fastapi-cache2", "caches", caches=rows, hits=hits, misses=misses)


main(visit)
