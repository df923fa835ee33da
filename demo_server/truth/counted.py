"""The patterns that the truth needs, extended so that they count what Redis confirmed.

No await lies between an answer of Redis and its count, so the truth is never seen in between.
"""

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_stats import CacheStats, Counts
from demo_server.patterns.events import Events
from demo_server.patterns.leaderboard import Leaderboard
from demo_server.patterns.rate_limiter import RateLimiter, Verdict
from demo_server.patterns.sessions import Sessions
from demo_server.truth.counts import Truth


class CountedEvents(Events):
    """Counts the events that were published."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis)
        self._truth = truth

    async def _send(self, channel: str, message: str) -> None:
        async with self._truth.gate.command(lambda: self._truth.doubt_message(channel)):
            await super()._send(channel, message)
            self._truth.published(channel)


class CountedCacheStats(CacheStats):
    """Counts the lookups that Redis counted."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis, prefix=keys.CACHE_STATS)
        self._truth = truth

    async def _write(self, counts: Counts) -> Counts:
        async with self._truth.gate.command(lambda: self._truth.doubt("lookups may be counted or not")):
            confirmed = await super()._write(counts)
            for (cache, field), number in confirmed.items():
                self._truth.looked_up(cache, **{field: number})
        return confirmed


class CountedSessions(Sessions):
    """Knows which sessions Redis holds, and until when."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis, prefix=keys.SESSION)
        self._truth = truth

    async def _store(self, session_id: str, value: str) -> None:
        async with self._truth.gate.command(lambda: self._truth.doubt_session(session_id, self.ttl)):
            await super()._store(session_id, value)
            self._truth.session_lives(session_id, self.ttl)

    async def _take(self, session_id: str) -> bytes | None:
        async with self._truth.gate.command(lambda: self._truth.doubt("a session may be deleted or not")):
            value = await super()._take(session_id)
            self._truth.session_gone(session_id)
        return value

    async def _get_and_renew(self, session_id: str) -> tuple[bytes | None, bool]:
        async with self._truth.gate.command(lambda: self._truth.doubt("a session may be renewed or not")):
            value, renewed = await super()._get_and_renew(session_id)
            if value is None:
                self._truth.session_gone(session_id)
            elif renewed:
                self._truth.session_lives(session_id, self.ttl)
        return value, renewed


class CountedRateLimiter(RateLimiter):
    """Counts the requests that were accepted and refused."""

    def __init__(self, redis: Redis, truth: Truth, *, limit: int, window: int) -> None:
        super().__init__(redis, limit=limit, window=window, prefix=keys.RATE_LIMIT)
        self._truth = truth

    async def _ask(self, client: str) -> Verdict:
        async with self._truth.gate.command(lambda: self._truth.doubt_request(client)):
            verdict = await super()._ask(client)
            if verdict.accepted:
                self._truth.accepted(client, verdict.at)
            else:
                self._truth.refused(client)
        return verdict


class CountedLeaderboard(Leaderboard):
    """Knows each player's best score."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis, key=keys.LEADERBOARD)
        self._truth = truth

    async def score(self, player: str, score: float) -> bool:
        async with self._truth.gate.command(lambda: self._truth.doubt_score(player, score)):
            best = await super().score(player, score)
            # The best score is the same in whatever order two results of one player arrive, here and in Redis.
            self._truth.scored(player, score)
        return best
