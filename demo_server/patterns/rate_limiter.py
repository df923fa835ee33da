"""A rate limiter: a true sliding window in one atomic round trip, by the server's clock."""

import itertools
import logging
import math
import secrets
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# KEYS window; ARGV window in s, limit, unique suffix. -> {accepted, used, server time, oldest accepted time}
# A refused request adds nothing, so it does not lengthen the wait. The suffix makes members unique.
_ADMIT = """
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d.%06d', time[1] - ARGV[1], time[2]))
local used = redis.call('ZCARD', KEYS[1])
local accepted = 0
if used < tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], now, now .. '-' .. ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  accepted = 1
  used = used + 1
end
return {accepted, used, now, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]}
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The limiter's answer to one request."""

    accepted: bool
    remaining: int  # requests that would still be accepted now
    reset: int  # whole seconds until the oldest counted request leaves the window; then one more is accepted
    at: float  # the server's time, in epoch seconds


class RateLimiter:
    """Accepts `limit` requests of a client in any `window` seconds."""

    def __init__(self, redis: Redis, *, limit: int, window: int, prefix: str = "ratelimit") -> None:
        self.limit = limit
        self.window = window
        self._prefix = prefix
        self._script = redis.register_script(_ADMIT)
        self._process = secrets.token_hex(4)
        self._counter = itertools.count()

    async def admit(self, client: str) -> Verdict | None:
        """Count a request of this client; returns None if Redis cannot count it, and then nobody is limited."""
        try:
            return await self._ask(client)
        except RedisError as error:
            log.warning("nobody is limited: %s", error)
            return None

    async def _ask(self, client: str) -> Verdict:
        suffix = f"{self._process}{next(self._counter)}"
        accepted, used, now, oldest = await self._script(
            keys=[f"{self._prefix}:{client}"], args=[self.window, self.limit, suffix]
        )
        at = float(now)
        # No request stays for longer than the window; `min` hides the rounding of a double.
        reset = min(self.window, max(1, math.ceil(float(oldest) + self.window - at)))
        return Verdict(bool(accepted), max(0, self.limit - used), reset, at)
