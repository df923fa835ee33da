"""`@cache_response`: remember what an async function returned, compute it once however many ask at the same time.

How lookups are counted, in `cache:stats:{prefix}` and in the truth alike:
- a *miss* is a call that made the function run, whether it returned or raised;
- a *hit* is a call that was answered without running it: from Redis, or by waiting for somebody else's computation;
- calls that shared a failed computation, and calls made while Redis could not be used, count as neither.
"""

import asyncio
import contextlib
import functools
import inspect
import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_key import digest_of_call
from demo_server.patterns.cache_stats import CacheStats
from demo_server.redis_client import RedisError, log_failure

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

_POLL = 0.02  # seconds between two looks at a value that another process computes

# KEYS value, lock; ARGV token, lock ttl in ms. -> {value or false, 1 if the lock is ours}
_CLAIM = """
local value = redis.call('GET', KEYS[1])
if value then return {value, 0} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {false, 1} end
return {false, 0}
"""
# KEYS value, lock; ARGV token, lock ttl in ms.
_RENEW = "if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end"
# KEYS value, lock; ARGV token, value ('' after a failure), ttl in s. A value that is refused keeps no lock.
_LAND = """
local stored = ARGV[2] ~= '' and redis.pcall('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return stored
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    prefix: str
    digest: str
    ttl: int  # seconds
    lock_ttl: float  # seconds

    @property
    def value_key(self) -> str:
        return keys.cache_entry(self.prefix, self.digest)

    @property
    def both_keys(self) -> list[str]:
        return [self.value_key, keys.cache_lock(self.prefix, self.digest)]


@dataclass(slots=True)
class _Flight:
    """One value on its way; `followers` are the callers who wait beside the one who asked first."""

    task: asyncio.Task[str]
    followers: int = 0


class ResponseCache:
    """The response cache of one process over one Redis."""

    def __init__(self, redis: Redis, stats: CacheStats) -> None:
        self._redis = redis
        self._stats = stats
        self._claim = redis.register_script(_CLAIM)
        self._renew = redis.register_script(_RENEW)
        self._land = redis.register_script(_LAND)
        self._flights: dict[str, _Flight] = {}

    async def fetch(self, entry: _Entry, compute: Callable[[], Awaitable[str]]) -> str:
        """The JSON text of the entry, computed at most once at a time across all processes. Never fails for Redis."""
        if entry.value_key not in self._flights:
            try:
                value: Any = await self._redis.get(entry.value_key)
            except RedisError as error:
                log_failure(log, error, "cache %s is bypassed", entry.prefix)
                value = None
            if value is not None:
                self._stats.count(entry.prefix, hits=1)
                return bytes(value).decode()
        flight = self._flights.get(entry.value_key)
        if flight is None:
            flight = self._take_off(entry, compute)
        else:
            flight.followers += 1
        # A caller who gives up must not take the value away from the others.
        return await asyncio.shield(flight.task)

    def _take_off(self, entry: _Entry, compute: Callable[[], Awaitable[str]]) -> _Flight:
        flight = self._flights[entry.value_key] = _Flight(asyncio.create_task(self._fly(entry, compute)))

        def clear_away(task: asyncio.Task[str]) -> None:
            if self._flights.get(entry.value_key) is flight:
                del self._flights[entry.value_key]
            if not task.cancelled():
                task.exception()  # if every caller gave up, nobody else asks for it, and asyncio would complain

        flight.task.add_done_callback(clear_away)
        return flight

    async def _fly(self, entry: _Entry, compute: Callable[[], Awaitable[str]]) -> str:
        token = secrets.token_hex(16)
        try:
            text = await self._wait_for_turn(entry, token)
        except RedisError as error:
            log_failure(log, error, "cache %s is bypassed", entry.prefix)
            return await compute()
        if text is not None:
            self._stats.count(entry.prefix, hits=1 + self._flights.pop(entry.value_key).followers)
            return text
        try:
            async with self._lock_kept(entry, token):
                text = await compute()
        except BaseException:
            self._flights.pop(entry.value_key)
            self._stats.count(entry.prefix, misses=1)
            await self._settle(entry, token, "")
            raise
        # Whoever comes while the value is being stored has not waited for it any more, and looks for it in Redis.
        self._stats.count(entry.prefix, misses=1, hits=self._flights.pop(entry.value_key).followers)
        await self._settle(entry, token, text)
        return text

    async def _wait_for_turn(self, entry: _Entry, token: str) -> str | None:
        """The value as soon as it is there, or None when it is ours to compute; a dead lock holder's lock expires."""
        while True:
            text, ours = await self._claim(keys=entry.both_keys, args=[token, int(entry.lock_ttl * 1000)])
            if text is not None:
                return bytes(text).decode()
            if ours:
                return None
            await asyncio.sleep(_POLL)

    @contextlib.asynccontextmanager
    async def _lock_kept(self, entry: _Entry, token: str) -> AsyncIterator[None]:
        """Renew the lock for as long as the block takes, so that it can be short: it tells that its holder lives."""

        async def keep_renewing() -> None:
            while True:
                await asyncio.sleep(entry.lock_ttl / 4)
                try:
                    await self._renew(keys=entry.both_keys, args=[token, int(entry.lock_ttl * 1000)])
                except RedisError as error:
                    log_failure(log, error, "a lock of cache %s was not renewed", entry.prefix)

        renewal = asyncio.create_task(keep_renewing())
        try:
            yield
        finally:
            renewal.cancel()

    async def _settle(self, entry: _Entry, token: str, text: str) -> None:
        """Store the value ('' for a failure) and give the lock back: one atomic round trip."""
        try:
            await self._land(keys=entry.both_keys, args=[token, text, entry.ttl])
        except RedisError as error:
            log_failure(log, error, "cache %s did not keep a value", entry.prefix)


# Which cache the decorated functions use. Set by the application around each request.
current_cache: ContextVar[ResponseCache] = ContextVar("current_cache")


def cache_response(
    *, ttl: int = 300, prefix: str = "cache", lock_ttl: float = 2.0
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Cache an async function's result for `ttl` seconds under `{prefix}:{digest of its name and bound arguments}`.

    Positional and keyword calls that bind alike share an entry. Falsy results are cached too. Callers get what JSON
    holds (a tuple comes back as a list), the first one as well as the later ones. `lock_ttl` seconds is how long other
    processes wait for one that died while it computed; the function itself may take longer.

    The function's call raises TypeError if an argument or the result does not fit into JSON.
    """

    def decorate(function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        signature = inspect.signature(function)
        name = f"{function.__module__}.{function.__qualname__}"

        @functools.wraps(function)
        async def cached(*args: P.args, **kwargs: P.kwargs) -> R:
            async def compute() -> str:
                return _to_json(name, await function(*args, **kwargs))

            entry = _Entry(prefix, digest_of_call(name, signature.bind(*args, **kwargs)), ttl, lock_ttl)
            result: R = json.loads(await current_cache.get().fetch(entry, compute))
            return result

        return cached

    return decorate


def _to_json(name: str, result: object) -> str:
    try:
        return json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{name} returned a {type(result).__qualname__} that JSON cannot hold: {error}") from error
