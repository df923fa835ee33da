"""The truth after a loss: a failover or a restart may take back what Redis confirmed, so it is read from Redis then.

Replication is asynchronous: a replica that takes the place of its primary may lack the last writes. Whoever begins to
hold the data, or begins anew, has another replication id, so a change of these ids tells that something may be lost.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from demo_server import keys
from demo_server.patterns.sentinel_client import CircuitSentinelPool
from demo_server.truth.counts import Truth

log = logging.getLogger(__name__)

_INTERVAL = 0.25  # seconds between two checks
_AT_ONCE = 500  # keys read in one round trip


class Recount:
    """Makes the truth right again. While it cannot, the truth tells that it is not exact."""

    def __init__(self, redis: Redis | RedisCluster, truth: Truth) -> None:
        self._redis = redis
        self._truth = truth
        self._holders: frozenset[str] | None = None
        self._checking = asyncio.Lock()

    async def run(self) -> None:
        """Check again and again until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(_INTERVAL)

    async def check(self) -> None:
        """Count anew if something may be lost, or a command was left without an answer."""
        async with self._checking:
            try:
                await self._check()
            except (RedisError, RedisClusterException, OSError) as error:
                self._truth.doubt(f"Redis cannot be asked: {error}")

    async def _check(self) -> None:
        holders = await self._ask_holders()
        if self._holders is None and not self._truth.is_doubtful:
            self._holders = holders
        if holders == self._holders and not self._truth.is_doubtful:
            return
        self._truth.doubt("other servers hold the data" if holders != self._holders else "a command had no answer")
        async with self._truth.gate.alone():
            began = time.time()
            await self._read()
            if await self._ask_holders() != holders:
                return  # the next check reads again
            self._holders = holders
            self._truth.certain(began)
        log.warning("the truth was read from Redis")

    async def _ask_holders(self) -> frozenset[str]:
        """Return the replication id of each primary. Raises RedisError if one of them cannot be asked, or is none."""
        try:
            if isinstance(self._redis, RedisCluster):
                await self._redis.ping()  # raises while a slot has no primary
                told = await self._redis.info("replication", target_nodes=RedisCluster.PRIMARIES)
                facts: list[Mapping[str, Any]] = list(told.values())
            else:
                if isinstance(self._redis.connection_pool, CircuitSentinelPool):
                    # Who was deposed calls itself the primary for a while.
                    await self._redis.connection_pool.get_master_address()
                facts = [await self._redis.info("replication")]
        except ResponseError as error:
            if "NOPERM" not in str(error):
                raise
            return frozenset()  # nobody tells: only restarts that cut a command off are noticed
        if any(one["role"] != "master" for one in facts):
            if isinstance(self._redis, RedisCluster):
                await self._redis.nodes_manager.initialize()
            raise RedisError("a primary has become a replica")
        return frozenset(str(one["master_replid"]) for one in facts)

    async def _read(self) -> None:
        truth = self._truth
        sessions = truth.known_sessions()
        left = await self._all("PTTL", map(keys.session, sessions))
        truth.sessions_are({name: ms / 1000 for name, ms in zip(sessions, left, strict=True) if ms >= 0})
        clients = truth.known_clients()
        windows = await self._all("ZRANGE", map(keys.rate_limit, clients), 0, -1, "WITHSCORES")
        truth.requests_are({name: _scores(flat) for name, flat in zip(clients, windows, strict=True)})
        players = truth.known_players()
        if players:
            scores = await self._redis.zmscore(keys.LEADERBOARD, players)
            truth.scores_are({name: score for name, score in zip(players, scores, strict=True) if score is not None})
        for cache in truth.known_caches():
            stats = await self._redis.hgetall(keys.cache_stats(cache))
            truth.lookups_are(cache, hits=int(stats.get(b"hits", 0)), misses=int(stats.get(b"misses", 0)))

    async def _all(self, command: str, names: Iterable[str], *arguments: int | str) -> list[Any]:
        """Return the reply to one command for each key. Raises RedisError if any is refused."""
        waiting, replies = list(names), list[Any]()
        while waiting:
            now, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
            async with self._redis.pipeline(transaction=False) as pipe:
                for name in now:
                    pipe.execute_command(command, name, *arguments)
                replies += await pipe.execute()
        return replies


def _scores(reply: list[Any]) -> list[float]:
    """Scores of members: redis-py makes pairs of some replies, and leaves others as the server sent them."""
    pairs = reply if reply and isinstance(reply[0], list | tuple) else list(zip(reply[::2], reply[1::2], strict=True))
    return [float(score) for _, score in pairs]
