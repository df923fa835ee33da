"""A leaderboard: each player's best score."""

from dataclasses import dataclass

from redis.asyncio import Redis

# KEYS board; ARGV last rank from 0. A script, because its answer is the same in RESP2 and RESP3.
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
    """One sorted set: player -> best score. Raises RedisError while Redis is down."""

    def __init__(self, redis: Redis, *, key: str = "leaderboard") -> None:
        self._redis = redis
        self._key = key
        self._top = redis.register_script(_TOP)
        self._around = redis.register_script(_AROUND)

    async def score(self, player: str, score: float) -> bool:
        """Record a result; returns whether it is the player's best so far."""
        return bool(await self._redis.zadd(self._key, {player: score}, gt=True, ch=True))

    async def top(self, limit: int) -> list[Place]:
        """Return the first `limit` players."""
        flat = await self._top(keys=[self._key], args=[limit - 1])
        return _places(flat, first_rank=1)

    async def standing(self, player: str, neighbours: int = 2) -> Standing | None:
        """Return where a player stands, or None if the player has no score. One round trip."""
        found = await self._around(keys=[self._key], args=[player, neighbours])
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
