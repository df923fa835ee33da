"""A set of the users who have a session, kept right although sessions end in ways that no index notices.

A session may expire, and somebody may delete its key to sign its user out. So there is also a hash of all sessions and
their users. A session leaves the hash when it is known to have ended, and a few at random are checked besides.
"""

import logging
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_SAMPLES = 20  # sessions checked each time, much as Redis itself finds expired keys

# KEYS online users, sessions and their users, number of sessions of each user; ARGV session id, user.
_ADD = """
if redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[3], ARGV[2], 1) end
redis.call('SADD', KEYS[1], ARGV[2])
"""
# KEYS as above; ARGV how many at random, ids of sessions that have ended…. -> ids of sessions, chosen at random
_DROP = """
for place = 2, #ARGV do
  local user = redis.call('HGET', KEYS[2], ARGV[place])
  if user then
    redis.call('HDEL', KEYS[2], ARGV[place])
    if redis.call('HINCRBY', KEYS[3], user, -1) <= 0 then
      redis.call('HDEL', KEYS[3], user)
      redis.call('SREM', KEYS[1], user)
    end
  end
end
return redis.call('HRANDFIELD', KEYS[2], ARGV[1])
"""


class OnlineUsers:
    """The set `online_users`, and two hashes that the braces in their names put into its slot of a cluster.

    Sessions are in other slots, so no script reads them: they are looked up between two scripts.
    """

    def __init__(self, redis: Redis, *, users: str = "online_users", session_prefix: str = "session") -> None:
        self._redis = redis
        self._keys = [users, f"online_sessions:{{{users}}}", f"online_counts:{{{users}}}"]
        self._session_prefix = session_prefix
        self._add = redis.register_script(_ADD)
        self._drop = redis.register_script(_DROP)

    async def add(self, user_id: int, session_id: str) -> None:
        """Add a session of a user, after it was stored: one that is in no index yet is never taken for ended."""
        await self._add(keys=self._keys, args=[session_id, user_id])

    async def drop(self, session_id: str) -> None:
        """Remove a session that has ended. Never fails: what is missed is found later."""
        try:
            some = await self._drop(keys=self._keys, args=[_SAMPLES, session_id])
            if ended := await self._ended([bytes(one).decode() for one in some]):
                await self._drop(keys=self._keys, args=[0, *ended])
        except RedisError as error:
            log.warning("the end of a session was not noted: %s", error)

    async def _ended(self, session_ids: Sequence[str]) -> list[str]:
        """Return those sessions whose keys are gone."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for session_id in session_ids:
                pipe.exists(f"{self._session_prefix}:{session_id}")
            exist = await pipe.execute()
        return [session_id for session_id, there in zip(session_ids, exist, strict=True) if not there]
