"""The set `online_users`: an index of sessions that end in ways which no index hears of.

A session may expire, and somebody may delete it to sign its user out. So the index is repaired: a user is taken out
when none of the sessions noted for them exists any more.
"""

import logging

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from demo_server import keys
from demo_server.store import RedisError, log_failure

log = logging.getLogger(__name__)

_AT_RANDOM = 20  # users that are looked at besides: repairs what nobody has told us of, as Redis expires keys

# KEYS online users; ARGV how many at random, prefixes of a session's key and of a user's sessions, user ids….
# One live session is enough, and each dead one is looked at once. The keys are computed: this is not for a cluster.
_REPAIR = """
local function look_at(user)
  local sessions = ARGV[3] .. user
  local id = redis.call('SRANDMEMBER', sessions)
  while id and redis.call('EXISTS', ARGV[2] .. id) == 0 do
    redis.call('SREM', sessions, id)
    id = redis.call('SRANDMEMBER', sessions)
  end
  if not id then redis.call('SREM', KEYS[1], user) end
end
for place = 4, #ARGV do look_at(ARGV[place]) end
for _, user in ipairs(redis.call('SRANDMEMBER', KEYS[1], ARGV[1])) do look_at(user) end
"""


class OnlineUsers:
    """Who has a session."""

    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_REPAIR)

    def add(self, pipe: Pipeline, user_id: int, session_id: str) -> None:
        """Note a new session of a user, in the transaction that makes it."""
        pipe.sadd(keys.user_sessions(user_id), session_id)
        pipe.sadd(keys.ONLINE_USERS, user_id)

    async def repair(self, *user_ids: int) -> None:
        """Take these users out, and some others, if they have no session any more. Never fails: it can wait."""
        prefixes = [keys.session(""), keys.user_sessions("")]
        try:
            await self._script(keys=[keys.ONLINE_USERS], args=[_AT_RANDOM, *prefixes, *user_ids])
        except RedisError as error:
            log_failure(log, error, "the online users were not looked at")
