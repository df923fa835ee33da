"""The leaderboard: each player's best score."""

from dataclasses import dataclass

from redis.asyncio import Redis

from demo_server import keys
from demo_server.truth.counts import Truth

# KEYS board; ARGV last rank from 0. A script, because then scores look alike in either version of the protocol.
_TOP = "return redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1], 'WITHSCORES')"
# KEYS board; ARGV player, neighbours on each side. -> false or {rank from 0, first rank shown, {member, score, …}}
_AROUND = """
local rank = redis.call('ZREVRANK', KEYS[1], ARGV[1])
if not rank then return false end
local first = math.max(0, rank - ARGV[2])
return {rank, first, redis.call('ZREVRANGE', KEYS[1], first, rank + ARGV[2], 'WITHSCORES')}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the board; the best player has rank 1."""

    rank: int
    player: str
    score: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A player among the neighbours above and below, who include the player."""

    rank: int
    player: str
    score: float
    neighbours: list[Place]


class Leaderboard:
    """The sorted set `leaderboard`. Raises RedisError while Redis is down."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        self._redis = redis
        self._truth = truth
        self._top = redis.register_script(_TOP)
        self._around = redis.register_script(_AROUND)

    async def score(self, player: str, score: float) -> bool:
        """Record a result; True if it is the player's best so far."""
        changed = await self._redis.zadd(keys.LEADERBOARD, {player: score}, gt=True, ch=True)
        # "The best counts" gives the same end in whatever order two results of one player arrive, here and in Redis.
        self._truth.scored(player, score)
        return bool(changed)

    async def top(self, limit: int) -> list[Place]:
        """The first `limit` players."""
        flat = await self._top(keys=[keys.LEADERBOARD], args=[limit - 1])
        return _places(flat, first_rank=1)

    async def standing(self, player: str, neighbours: int = 2) -> Standing | None:
        """Where a player stands, or None if the player has no score. One round trip."""
        found = await self._around(keys=[keys.LEADERBOARD], args=[player, neighbours])
        if found is None:
            return None
        rank, first, flat = found
        places = _places(flat, first_rank=first + 1)
        return Standing(rank + 1, player, places[rank - first].score, places)


def _places(flat: list[bytes], first_rank: int) -> list[Place]:
    """From member, score, member, score, …"""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [
        Place(rank, player.decode("utf-8", "replace"), float(score))
        for rank, (player, score) in enumerate(pairs, start=first_rank)
    ]
