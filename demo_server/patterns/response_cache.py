"""A response cache: `@cache.cached(ttl=300)` stores what an async function returns, and computes it once at a time.

How lookups are counted:
- a *miss* is a call that made the function run, whether it returned or raised;
- a *hit* is a call that was answered without running it: from Redis, or by waiting for another caller's result;
- calls that shared a failed computation, and calls made while Redis could not be used, count as neither.
"""

import functools
import inspect
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from demo_server.patterns.cache_key import digest_of_call
from demo_server.patterns.compute_lock import ComputeLock, Entry
from demo_server.patterns.single_flight import SingleFlight

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


class ResponseCache:
    """The response cache of one process. While Redis cannot be used, functions run as if they were not cached."""

    def __init__(self, redis: Redis, count: Callable[[str, int, int], None] = lambda cache, hits, misses: None) -> None:
        """`count` is called with the prefix of a cache, and how many hits and misses there were."""
        self._redis = redis
        self._count = count
        self._lock = ComputeLock(redis)
        self._flights = SingleFlight[str]()

    def cached(
        self, *, ttl: int = 300, prefix: str = "cache", lock_ttl: float = 2.0
    ) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
        """Cache an async function's result for `ttl` seconds under `{prefix}:{digest of its name and arguments}`.

        Positional and keyword calls that bind alike share an entry. Falsy results are cached too. Every caller gets
        what JSON holds: a tuple comes back as a list. `lock_ttl` seconds is how long other processes wait for one
        that died while it computed; the function itself may take longer.

        A call raises TypeError if an argument or the result does not fit into JSON.
        """

        def decorate(function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
            signature = inspect.signature(function)
            name = f"{function.__module__}.{function.__qualname__}"

            @functools.wraps(function)
            async def cached(*args: P.args, **kwargs: P.kwargs) -> R:
                async def compute() -> str:
                    return _to_json(name, await function(*args, **kwargs))

                entry = Entry(prefix, digest_of_call(name, signature.bind(*args, **kwargs)), ttl, lock_ttl)
                result: R = json.loads(await self._fetch(entry, compute))
                return result

            return cached

        return decorate

    async def _fetch(self, entry: Entry, compute: Callable[[], Awaitable[str]]) -> str:
        """Return the JSON of the entry, from Redis, from a computation under way, or from a new one."""
        if self._flights.find(entry.key) is None:
            try:
                value: Any = await self._redis.get(entry.key)
            except RedisError as error:
                log.warning("cache %s is bypassed: %s", entry.prefix, error)
                value = None
            if value is not None:
                self._count(entry.prefix, 1, 0)
                return bytes(value).decode()
        flight = self._flights.find(entry.key)
        if flight is None:
            flight = self._flights.start(entry.key, self._wait_or_compute(entry, compute))
        else:
            flight.joined += 1
        return await flight.result()

    async def _wait_or_compute(self, entry: Entry, compute: Callable[[], Awaitable[str]]) -> str:
        token = secrets.token_hex(16)
        try:
            value = await self._lock.acquire(entry, token)
        except RedisError as error:
            log.warning("cache %s is bypassed: %s", entry.prefix, error)
            return await compute()
        if value is not None:
            self._count(entry.prefix, 1 + self._flights.close(entry.key), 0)
            return value.decode()
        try:
            async with self._lock.renewed(entry, token):
                text = await compute()
        except BaseException:
            self._flights.close(entry.key)
            self._count(entry.prefix, 0, 1)
            await self._lock.release(entry, token, "")
            raise
        # Callers that come while the value is being stored have waited for nothing: they look for it in Redis.
        self._count(entry.prefix, self._flights.close(entry.key), 1)
        await self._lock.release(entry, token, text)
        return text


def _to_json(name: str, result: object) -> str:
    try:
        return json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{name} returned a {type(result).__qualname__} that JSON cannot hold: {error}") from error
