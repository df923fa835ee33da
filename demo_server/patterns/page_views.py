"""Counters with an end: how often each page was seen in a day."""

from redis.asyncio import Redis

# The counter never exists without an end: INCR and EXPIRE are one step, and only the first view sets the end.
_COUNT = """
local views = redis.call('INCR', KEYS[1])
if views == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return views
"""


class PageViews:
    """Counters that end `ttl` seconds after their first view. Raises RedisError while Redis is down."""

    def __init__(self, redis: Redis, *, ttl: int = 86_400, prefix: str = "views") -> None:
        self._ttl = ttl
        self._prefix = prefix
        self._script = redis.register_script(_COUNT)

    async def count(self, page: str) -> int:
        """Count one view of a page; returns how many there were since the counter began."""
        return int(await self._script(keys=[f"{self._prefix}:{page}"], args=[self._ttl]))
