"""`@cache_response`: remember what an async function returned, compute it once however many ask at the same time.

How lookups are counted, in `cache:stats:{prefix}` and in the truth alike:
- a *miss* is a call that made the function run, whether it returned or raised;
- a *hit* is a call that was answered without running it: from Redis, or by waiting for somebody else's computation;
- calls that shared a failed computation, and calls made while Redis was down, count as neither.
"""

import asyncio
import functools
import inspect
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import Redis

from demo_server import keys
from demo_server.cache_key import digest_of_call
from demo_server.store import RedisError
from demo_server.truth import Truth

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

_POLL = 0.02  # seconds between two looks at a value that another process computes

# KEYS value, stats. -> the value or nil. One round trip reads and counts.
_READ = """
local value = redis.call('GET', KEYS[1])
if value then redis.call('HINCRBY', KEYS[2], 'hits', 1) end
return value
"""
# KEYS value, stats, lock; ARGV token, lock ttl in ms. -> {value or false, 1 if the lock is ours}
_CLAIM = """
local value = redis.call('GET', KEYS[1])
if value then
  redis.call('HINCRBY', KEYS[2], 'hits', 1)
  return {value, 0}
end
if redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then return {false, 1} end
return {false, 0}
"""
# KEYS value, stats, lock; ARGV token, value ('' after a failure), ttl in s, hits of those who waited.
_LAND = """
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
redis.call('HINCRBY', KEYS[2], 'misses', 1)
if ARGV[4] ~= '0' then redis.call('HINCRBY', KEYS[2], 'hits', ARGV[4]) end
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
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
    def all_keys(self) -> list[str]:
        return [self.value_key, keys.cache_stats(self.prefix), keys.cache_lock(self.prefix, self.digest)]


@dataclass(slots=True)
class _Flight:
    """One value on its way; `followers` are the callers who wait beside the one who asked first."""

    task: asyncio.Task[str]
    followers: int = 0


class ResponseCache:
    """The response cache of one process over one Redis."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        self._redis = redis
        self._truth = truth
        self._read = redis.register_script(_READ)
        self._claim = redis.register_script(_CLAIM)
        self._land = redis.register_script(_LAND)
        self._flights: dict[str, _Flight] = {}

    async def fetch(self, entry: _Entry, compute: Callable[[], Awaitable[str]]) -> str:
        """The JSON text of the entry, computed at most once at a time across all processes. Never fails for Redis."""
        if entry.value_key not in self._flights:
            try:
                text: bytes | None = await self._read(keys=entry.all_keys[:2])
            except RedisError as error:
                log.warning("cache %s is bypassed: %s", entry.prefix, error)
                text = None
            if text is not None:
                self._truth.looked_up(entry.prefix, hits=1)
                return text.decode()
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
            log.warning("cache %s is bypassed: %s", entry.prefix, error)
            return await compute()
        if text is not None:
            await self._count_followers(entry, self._flights.pop(entry.value_key).followers)
            return text
        try:
            text = await compute()
        except BaseException:
            self._flights.pop(entry.value_key)
            await self._settle(entry, token, "", followers=0)
            raise
        await self._settle(entry, token, text, self._flights.pop(entry.value_key).followers)
        return text

    async def _wait_for_turn(self, entry: _Entry, token: str) -> str | None:
        """The value as soon as it is there, or None when it is ours to compute; a dead lock holder's lock expires."""
        while True:
            text, ours = await self._claim(keys=entry.all_keys, args=[token, int(entry.lock_ttl * 1000)])
            if text is not None:
                self._truth.looked_up(entry.prefix, hits=1)
                return bytes(text).decode()
            if ours:
                return None
            await asyncio.sleep(_POLL)

    async def _count_followers(self, entry: _Entry, followers: int) -> None:
        if not followers:
            return
        try:
            await self._redis.hincrby(keys.cache_stats(entry.prefix), "hits", followers)
        except RedisError as error:
            log.warning("%d hits of cache %s were not counted: %s", followers, entry.prefix, error)
        else:
            self._truth.looked_up(entry.prefix, hits=followers)

    async def _settle(self, entry: _Entry, token: str, text: str, followers: int) -> None:
        """Store the value ('' for a failure), count, give the lock back: one atomic round trip."""
        try:
            await self._land(keys=entry.all_keys, args=[token, text, entry.ttl, followers])
        except RedisError as error:
            log.warning("cache %s did not keep a value: %s", entry.prefix, error)
        else:
            self._truth.looked_up(entry.prefix, hits=followers, misses=1)


# Which cache the decorated functions use. Set by the application around each request.
current_cache: ContextVar[ResponseCache] = ContextVar("current_cache")


def cache_response(
    *, ttl: int = 300, prefix: str = "cache", lock_ttl: float = 10.0
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Cache an async function's result for `ttl` seconds under `{prefix}:{digest of its name and bound arguments}`.

    Positional and keyword calls that bind alike share an entry. Falsy results are cached too. Callers get what JSON
    holds (a tuple comes back as a list), the first one as well as the later ones. `lock_ttl` seconds is how long other
    processes wait for one that died while it computed; it must be longer than the function takes.

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
