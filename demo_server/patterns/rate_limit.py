"""A true sliding window in one atomic round trip, by the server's clock."""

import itertools
import logging
import math
import secrets
from dataclasses import dataclass

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.events import Events
from demo_server.redis_client import RedisError, log_failure
from demo_server.truth.counts import Truth

log = logging.getLogger(__name__)

_BLOCKS_KEPT = 10_000  # clients whose block was told

# KEYS window; ARGV window in s, limit, unique suffix. -> {accepted, used, server time, oldest accepted time}
# A refused request adds nothing, so it does not lengthen the penalty. The suffix makes members unique.
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
    """What the limiter says to one request."""

    accepted: bool
    remaining: int  # requests that would still be accepted now
    reset: int  # whole seconds until the oldest counted request leaves the window; then one more is accepted


class RateLimiter:
    """Accepts `limit` requests of a client in any `window` seconds."""

    def __init__(self, redis: Redis, events: Events, truth: Truth, *, limit: int, window: int) -> None:
        self.limit = limit
        self.window = window
        self._events = events
        self._truth = truth
        self._script = redis.register_script(_ADMIT)
        self._process = secrets.token_hex(4)
        self._counter = itertools.count()
        self._blocked: set[str] = set()

    async def admit(self, client: str) -> Verdict | None:
        """Count a request of this client; None if Redis cannot count it, and then nobody is limited."""
        member = f"{self._process}{next(self._counter)}"
        try:
            accepted, used, now, oldest = await self._script(
                keys=[keys.rate_limit(client)], args=[self.window, self.limit, member]
            )
        except RedisError as error:
            log_failure(log, error, "nobody is limited")
            return None
        server_time = float(now)
        # The window never holds more than `window` seconds; the upper bound hides the rounding of a double.
        reset = min(self.window, max(1, math.ceil(float(oldest) + self.window - server_time)))
        verdict = Verdict(bool(accepted), max(0, self.limit - used), reset)
        if verdict.accepted:
            self._truth.accepted(client, server_time)
            # The window slides, so a blocked client gets a request in now and then. It counts as the same block until
            # a fifth of the limit is free again.
            if verdict.remaining * 5 >= self.limit:
                self._blocked.discard(client)
        else:
            self._truth.refused(client)
            if client not in self._blocked:
                if len(self._blocked) >= _BLOCKS_KEPT:
                    self._blocked.clear()  # of most of them nobody will hear again; a few are told once more
                self._blocked.add(client)
                await self._events.publish(keys.SECURITY, "client.blocked", ip=client, retry_after=verdict.reset)
        return verdict
