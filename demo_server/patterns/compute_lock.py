"""Of all processes that miss the same cache entry, one computes it, and the others wait for its value.

The lock is short, and renewed for as long as its holder lives: the lock of a killed process expires by itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_POLL = 0.02  # seconds between two attempts to get the value or the lock

# KEYS value, lock; ARGV token, lock ttl in ms. -> {value or false, 1 if the lock is ours}
_CLAIM = """
local value = redis.call('GET', KEYS[1])
if value then return {value, 0} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {false, 1} end
return {false, 0}
"""
# KEYS value, lock; ARGV token, lock ttl in ms.
_RENEW = "if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end"
# KEYS value, lock; ARGV token, value ('' after a failure), ttl in s. The lock goes even if Redis refuses the value.
_STORE = """
local stored = ARGV[2] ~= '' and redis.pcall('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return stored
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a cache."""

    prefix: str
    digest: str
    ttl: int  # seconds
    lock_ttl: float  # seconds

    @property
    def key(self) -> str:
        return f"{self.prefix}:{self.digest}"

    @property
    def keys(self) -> list[str]:
        """The value's key and the lock's: no entry to who scans for `{prefix}:*`, but in the same slot of a cluster."""
        return [self.key, f"lock:{{{self.key}}}"]

    @property
    def lock_ttl_ms(self) -> int:
        return int(self.lock_ttl * 1000)


class ComputeLock:
    """Locks in Redis, one for each entry that is being computed; `token` says whose lock it is."""

    def __init__(self, redis: Redis) -> None:
        self._claim = redis.register_script(_CLAIM)
        self._renew = redis.register_script(_RENEW)
        self._store = redis.register_script(_STORE)

    async def acquire(self, entry: Entry, token: str) -> bytes | None:
        """Return the value as soon as it is cached, or None as soon as the lock is ours. Raises RedisError."""
        while True:
            value, is_ours = await self._claim(keys=entry.keys, args=[token, entry.lock_ttl_ms])
            if value is not None:
                return bytes(value)
            if is_ours:
                return None
            await asyncio.sleep(_POLL)

    @contextlib.asynccontextmanager
    async def renewed(self, entry: Entry, token: str) -> AsyncIterator[None]:
        """Renew the lock until the block ends."""

        async def keep_renewing() -> None:
            while True:
                await asyncio.sleep(entry.lock_ttl / 4)
                try:
                    await self._renew(keys=entry.keys, args=[token, entry.lock_ttl_ms])
                except RedisError as error:
                    log.warning("a lock of cache %s was not renewed: %s", entry.prefix, error)

        renewal = asyncio.create_task(keep_renewing())
        try:
            yield
        finally:
            renewal.cancel()

    async def release(self, entry: Entry, token: str, value: str) -> None:
        """Store the value ('' for a failure: nothing) and delete the lock, in one step."""
        try:
            await self._store(keys=entry.keys, args=[token, value, entry.ttl])
        except RedisError as error:
            log.warning("a value of cache %s was not stored: %s", entry.prefix, error)
