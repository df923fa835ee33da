"""The set `online_users`: who has a session, kept right although sessions end in ways that no index hears of.

A session may expire, and somebody may delete it to sign its user out. So there is a hash of all sessions and their
users, from which a session is taken when it is known to have ended, and now and then a few are looked at.
"""

import logging

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from demo_server import keys
from demo_server.redis_client import RedisError, log_failure

log = logging.getLogger(__name__)

_AT_RANDOM = 20  # sessions that are looked at besides, much as Redis itself finds what has expired

# KEYS sessions and their users, online users; ARGV prefixes of a session's and of a user's key, how many at random, ids
# of sessions that have ended…. The other keys are computed: this is not for a cluster.
_DROP = """
local function drop(id)
  local user = redis.call('HGET', KEYS[1], id)
  if not user then return end
  redis.call('HDEL', KEYS[1], id)
  if redis.call('HINCRBY', ARGV[2] .. user, 'sessions', -1) <= 0 then redis.call('SREM', KEYS[2], user) end
end
for place = 4, #ARGV do drop(ARGV[place]) end
for _, id in ipairs(redis.call('HRANDFIELD', KEYS[1], ARGV[3])) do
  if redis.call('EXISTS', ARGV[1] .. id) == 0 then drop(id) end
end
"""


class OnlineUsers:
    """Who has a session."""

    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_DROP)

    def add(self, pipe: Pipeline, user_id: int, session_id: str) -> None:
        """Note a new session of a user, in the transaction that makes it."""
        pipe.hset(keys.ONLINE_SESSIONS, session_id, str(user_id))
        pipe.hincrby(keys.user(user_id), "sessions", 1)
        pipe.sadd(keys.ONLINE_USERS, user_id)

    async def drop(self, session_id: str) -> None:
        """Note that a session has ended. Never fails: what is missed is found later."""
        arguments: list[str | int] = [keys.session(""), keys.user(""), _AT_RANDOM, session_id]
        try:
            await self._script(keys=[keys.ONLINE_SESSIONS, keys.ONLINE_USERS], args=arguments)
        except RedisError as error:
            log_failure(log, error, "the end of a session was not noted")
