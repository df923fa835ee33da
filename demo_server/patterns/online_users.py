"""A set of the users who have a session, kept right although sessions end in ways that no index notices.

A session may expire, and somebody may delete its key to sign its user out. So there is also a hash of all sessions and
their users. A session leaves the hash when it is known to have ended, and a few at random are checked besides.
"""

import logging

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_SAMPLES = 20  # sessions checked each time, much as Redis itself finds expired keys

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
    """The set `online_users`, the hash `online_sessions`, and the field `sessions` of each hash `user:{id}`."""

    def __init__(
        self,
        redis: Redis,
        *,
        users: str = "online_users",
        sessions: str = "online_sessions",
        session_prefix: str = "session",
        user_prefix: str = "user",
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._session_prefix = session_prefix
        self._user_prefix = user_prefix
        self._script = redis.register_script(_DROP)

    def add(self, pipe: Pipeline, user_id: int, session_id: str) -> None:
        """Add a new session of a user, in the transaction that makes it."""
        pipe.hset(self._sessions, session_id, str(user_id))
        pipe.hincrby(f"{self._user_prefix}:{user_id}", "sessions", 1)
        pipe.sadd(self._users, user_id)

    async def drop(self, session_id: str) -> None:
        """Remove a session that has ended. Never fails: what is missed is found later."""
        arguments: list[str | int] = [f"{self._session_prefix}:", f"{self._user_prefix}:", _SAMPLES, session_id]
        try:
            await self._script(keys=[self._sessions, self._users], args=arguments)
        except RedisError as error:
            log.warning("the end of a session was not noted: %s", error)
