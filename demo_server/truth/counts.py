"""The truth: what this process counted itself, in memory, never read back from Redis.

It counts only what Redis confirmed, so the two agree exactly while Redis keeps its data. It begins at zero with the
process: on a Redis that already held data, or after Redis has lost its data, they differ by exactly that.
"""

import heapq
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

from demo_server import keys

_REFUSALS_KEPT = 10_000  # clients


class Truth:
    """The counts of one process. Every method but `snapshot` is synchronous and cheap, however much is remembered."""

    def __init__(self, rate_window: int, caches: Sequence[str] = keys.CACHES) -> None:
        self._window = rate_window
        self._session_ends: OrderedDict[str, float] = OrderedDict()  # session id -> monotonic time, the next end first
        self._caches = {prefix: Counter(hits=0, misses=0) for prefix in caches}
        self._accepted: list[tuple[float, str]] = []  # a heap of server times in epoch seconds, and clients
        self._used: Counter[str] = Counter()  # accepted requests of each client
        self._refused: OrderedDict[str, int] = OrderedDict()  # the client refused last is the last
        self._server_clock = time.time() - time.monotonic()  # server epoch minus our monotonic clock
        self._published: Counter[str] = Counter(dict.fromkeys(keys.CHANNELS, 0))
        self._scores: dict[str, float] = {}

    def session_lives(self, session_id: str, ttl: int) -> None:
        """Redis holds this session for `ttl` seconds from now; `ttl` is the same for all."""
        self._session_ends[session_id] = time.monotonic() + ttl
        self._session_ends.move_to_end(session_id)
        self._forget_ended_sessions()

    def session_gone(self, session_id: str) -> None:
        """Redis does not hold this session."""
        self._session_ends.pop(session_id, None)

    def looked_up(self, prefix: str, *, hits: int = 0, misses: int = 0) -> None:
        """Redis counted these lookups of one cache."""
        counts = self._caches.setdefault(prefix, Counter(hits=0, misses=0))
        counts["hits"] += hits
        counts["misses"] += misses

    def accepted(self, client: str, server_time: float) -> None:
        """The limiter let a request of this client in at this server time (epoch seconds)."""
        self._server_clock = server_time - time.monotonic()
        heapq.heappush(self._accepted, (server_time, client))
        self._used[client] += 1
        self._forget_old_requests()

    def refused(self, client: str) -> None:
        """The limiter refused a request of this client."""
        self._refused[client] = self._refused.get(client, 0) + 1
        self._refused.move_to_end(client)
        if len(self._refused) > _REFUSALS_KEPT:
            self._refused.popitem(last=False)

    def published(self, channel: str) -> None:
        """A PUBLISH on this channel succeeded."""
        self._published[channel] += 1

    def scored(self, player: str, score: float) -> None:
        """A player's score reached Redis; the best one counts."""
        self._scores[player] = max(score, self._scores.get(player, score))

    def snapshot(self) -> dict[str, Any]:
        """The truth as `GET /truth` shows it."""
        self._forget_ended_sessions()
        self._forget_old_requests()
        # Redis breaks ties by the bytes of the member, the greater first.
        top = heapq.nlargest(10, self._scores.items(), key=lambda item: (item[1], item[0].encode()))
        return {
            "sessions": len(self._session_ends),
            "caches": {prefix: dict(counts) for prefix, counts in self._caches.items()},
            "rate_limits": {
                client: {"used": self._used.get(client, 0), "refused": self._refused.get(client, 0)}
                for client in self._used.keys() | self._refused.keys()
            },
            "channels": dict(self._published),
            "leaderboard": {"players": len(self._scores), "top": [list(item) for item in top]},
        }

    def _forget_ended_sessions(self) -> None:
        now = time.monotonic()
        while self._session_ends and next(iter(self._session_ends.values())) <= now:
            self._session_ends.popitem(last=False)

    def _forget_old_requests(self) -> None:
        oldest = time.monotonic() + self._server_clock - self._window
        while self._accepted and self._accepted[0][0] <= oldest:
            _, client = heapq.heappop(self._accepted)
            self._used[client] -= 1
            if not self._used[client]:
                del self._used[client]
