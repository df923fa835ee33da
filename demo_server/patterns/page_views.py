"""How often each page was seen in its day."""

from redis.asyncio import Redis

from demo_server import keys

TTL = 86_400  # seconds since the first view

# The counter never exists without an end: INCR and EXPIRE are one step, and only the first view sets the end.
_COUNT = """
local views = redis.call('INCR', KEYS[1])
if views == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return views
"""


class Views:
    """Page counters. Raises RedisError while Redis is down."""

    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_COUNT)

    async def count(self, page: str) -> int:
        """Count one view of a page; how many there were since the counter began."""
        return int(await self._script(keys=[keys.views(page)], args=[TTL]))
