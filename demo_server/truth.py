"""The truth: what this process itself counted, in memory, never read back from Redis.

It counts only what Redis confirmed, so while Redis is up and keeps its data the two agree exactly. It begins at zero
with the process: on a Redis that already held data, or after Redis lost its data, they differ by just that.
"""

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from demo_server import keys

_PRUNE_ABOVE = 10_000  # addresses


@dataclass(slots=True)
class _Client:
    accepted: deque[float] = field(default_factory=deque)  # server times, epoch seconds
    refused: int = 0


class Truth:
    """The counts of one process. Every method is cheap and synchronous."""

    def __init__(self, rate_window: int, caches: Sequence[str] = keys.CACHES) -> None:
        self._window = rate_window
        self._session_ends: dict[str, float] = {}  # session id -> monotonic time of its expiry
        self._caches = {prefix: Counter(hits=0, misses=0) for prefix in caches}
        self._clients: dict[str, _Client] = {}
        self._server_clock = time.time() - time.monotonic()  # server epoch minus our monotonic clock
        self._published: Counter[str] = Counter(dict.fromkeys(keys.CHANNELS, 0))
        self._scores: dict[str, float] = {}

    def session_lives(self, session_id: str, ttl: int) -> None:
        """Redis holds this session for `ttl` seconds from now."""
        self._session_ends[session_id] = time.monotonic() + ttl

    def session_gone(self, session_id: str) -> None:
        """Redis does not hold this session (any more)."""
        self._session_ends.pop(session_id, None)

    def looked_up(self, prefix: str, *, hits: int = 0, misses: int = 0) -> None:
        """Redis counted these lookups of one cache."""
        counts = self._caches.setdefault(prefix, Counter(hits=0, misses=0))
        counts["hits"] += hits
        counts["misses"] += misses

    def accepted(self, address: str, server_time: float) -> None:
        """The limiter let a request of this address in at this server time (epoch seconds)."""
        self._server_clock = server_time - time.monotonic()
        if len(self._clients) > _PRUNE_ABOVE:
            self._forget_idle_clients()
        self._clients.setdefault(address, _Client()).accepted.append(server_time)

    def refused(self, address: str) -> None:
        """The limiter refused a request of this address."""
        self._clients.setdefault(address, _Client()).refused += 1

    def published(self, channel: str) -> None:
        """A PUBLISH on this channel succeeded."""
        self._published[channel] += 1

    def scored(self, player: str, score: float) -> None:
        """A player's score reached Redis; the best one counts."""
        self._scores[player] = max(score, self._scores.get(player, score))

    def snapshot(self) -> dict[str, Any]:
        """The truth as `GET /truth` shows it."""
        now = time.monotonic()
        self._session_ends = {session: end for session, end in self._session_ends.items() if end > now}
        self._forget_idle_clients()
        # Redis breaks ties by the bytes of the member, the greater first.
        ranked = sorted(self._scores.items(), key=lambda item: (item[1], item[0].encode()), reverse=True)
        return {
            "sessions": len(self._session_ends),
            "caches": {prefix: dict(counts) for prefix, counts in self._caches.items()},
            "rate_limits": {
                address: {"used": len(client.accepted), "refused": client.refused}
                for address, client in self._clients.items()
            },
            "channels": dict(self._published),
            "leaderboard": {"players": len(ranked), "top": [list(item) for item in ranked[:10]]},
        }

    def _forget_idle_clients(self) -> None:
        oldest = time.monotonic() + self._server_clock - self._window
        for client in self._clients.values():
            # Replies can arrive out of order, so every time is looked at; there are at most `limit` of them.
            client.accepted = deque(at for at in client.accepted if at > oldest)
        self._clients = {
            address: client for address, client in self._clients.items() if client.accepted or client.refused
        }
