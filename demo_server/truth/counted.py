"""The patterns that the truth needs, extended so that they count what Redis confirmed.

No await lies between an answer of Redis and its count, so the truth is never seen in between.
"""

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.cache_stats import CacheStats, Counts
from demo_server.patterns.events import Events
from demo_server.patterns.leaderboard import Leaderboard
from demo_server.patterns.rate_limiter import RateLimiter, Verdict
from demo_server.patterns.sessions import AddCommands, Data, Sessions
from demo_server.truth.counts import Truth


class CountedEvents(Events):
    """Counts the events that were published."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis)
        self._truth = truth

    async def publish(self, channel: str, event_type: str, **fields: object) -> bool:
        published = await super().publish(channel, event_type, **fields)
        if published:
            self._truth.published(channel)
        return published


class CountedCacheStats(CacheStats):
    """Counts the lookups that Redis counted."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis, prefix=keys.CACHE_STATS)
        self._truth = truth

    async def flush(self) -> Counts:
        counts = await super().flush()
        for (cache, field), number in counts.items():
            self._truth.looked_up(cache, **{field: number})
        return counts


class CountedSessions(Sessions):
    """Knows which sessions Redis holds, and until when."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis, prefix=keys.SESSION)
        self._truth = truth

    async def start(
        self, data: Data, *, old_id: str | None = None, also: AddCommands | None = None
    ) -> tuple[str, Data | None]:
        session_id, replaced = await super().start(data, old_id=old_id, also=also)
        self._truth.session_lives(session_id, self.ttl)
        if old_id:
            self._truth.session_gone(old_id)
        return session_id, replaced

    async def end(self, session_id: str) -> Data | None:
        data = await super().end(session_id)
        self._truth.session_gone(session_id)
        return data

    async def _get_and_renew(self, session_id: str) -> tuple[bytes | None, bool]:
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

    async def admit(self, client: str) -> Verdict | None:
        verdict = await super().admit(client)
        if verdict is not None and verdict.accepted:
            self._truth.accepted(client, verdict.at)
        elif verdict is not None:
            self._truth.refused(client)
        return verdict


class CountedLeaderboard(Leaderboard):
    """Knows each player's best score."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        super().__init__(redis, key=keys.LEADERBOARD)
        self._truth = truth

    async def score(self, player: str, score: float) -> bool:
        best = await super().score(player, score)
        # The best score is the same in whatever order two results of one player arrive, here and in Redis.
        self._truth.scored(player, score)
        return best
