"""The truth: what this process counted itself, in memory, and reads back from Redis only after a loss.

It counts only what Redis confirmed, so the two agree exactly while Redis keeps its data. It begins at zero with the
process: on a Redis that already held data they differ by exactly that.
"""

import heapq
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from demo_server import keys
from demo_server.truth.gate import CommandGate
from demo_server.truth.requests import AcceptedRequests

log = logging.getLogger(__name__)

_CLIENTS_KEPT = 10_000  # accepted and refused requests are counted of so many clients
_ENDED_KEPT = 10_000  # sessions


class Truth:
    """The counts of one process. Every method but `snapshot` is synchronous and cheap, however much is remembered."""

    def __init__(self, rate_window: int, caches: Sequence[str] = keys.CACHES) -> None:
        self.gate = CommandGate()
        self._exact_since: float | None = time.time()
        self._session_ends: OrderedDict[str, float] = OrderedDict()  # session id -> monotonic time, the next end first
        self._ended_sessions: OrderedDict[str, None] = OrderedDict()  # a loss may bring them back; the last one is last
        self._caches = {prefix: Counter(hits=0, misses=0) for prefix in caches}
        self._requests = AcceptedRequests(rate_window)
        self._accepted: OrderedDict[str, int] = OrderedDict()  # the client accepted last is the last
        self._refused: OrderedDict[str, int] = OrderedDict()  # the client refused last is the last
        self._published: Counter[str] = Counter(dict.fromkeys(keys.CHANNELS, 0))
        self._unconfirmed: Counter[str] = Counter(dict.fromkeys(keys.CHANNELS, 0))
        self._scores: dict[str, float] = {}
        self._players: set[str] = set()  # a loss may bring a score back, too

    # -- what Redis confirmed ----------------------------------------------------------------------------------------

    def session_lives(self, session_id: str, ttl: float) -> None:
        """Redis holds this session for `ttl` seconds from now; `ttl` is the same for all."""
        self._session_ends[session_id] = time.monotonic() + ttl
        self._ended_sessions.pop(session_id, None)
        self._session_ends.move_to_end(session_id)
        self._forget_ended_sessions()

    def session_gone(self, session_id: str) -> None:
        """Redis does not hold this session."""
        self._session_ends.pop(session_id, None)
        self._ended_sessions[session_id] = None
        if len(self._ended_sessions) > _ENDED_KEPT:
            self._ended_sessions.popitem(last=False)

    def looked_up(self, prefix: str, *, hits: int = 0, misses: int = 0) -> None:
        """Redis counted these lookups of one cache."""
        counts = self._caches.setdefault(prefix, Counter(hits=0, misses=0))
        counts["hits"] += hits
        counts["misses"] += misses

    def accepted(self, client: str, server_time: float) -> None:
        """The limiter let a request of this client in at this server time (epoch seconds)."""
        self._requests.add(client, server_time)
        _count_one_more(self._accepted, client)

    def refused(self, client: str) -> None:
        """The limiter refused a request of this client."""
        _count_one_more(self._refused, client)

    def published(self, channel: str) -> None:
        """A PUBLISH on this channel succeeded."""
        self._published[channel] += 1

    def scored(self, player: str, score: float) -> None:
        """A player's score reached Redis; the best one counts."""
        self._players.add(player)
        self._scores[player] = max(score, self._scores.get(player, score))

    # -- what nobody confirmed ---------------------------------------------------------------------------------------

    def doubt(self, reason: str) -> None:
        """Redis may hold something else than was counted, until `certain` is called."""
        if self._exact_since is not None:
            log.warning("the truth is not exact: %s", reason)
        self._exact_since = None

    def doubt_session(self, session_id: str, ttl: float) -> None:
        """Nobody can tell whether Redis holds this session, or until when."""
        self.session_lives(session_id, ttl)
        self.doubt("a session may be stored or not")

    def doubt_request(self, client: str) -> None:
        """Nobody can tell whether a request of this client was counted."""
        self._requests.doubtful.add(client)
        self.doubt("a request may be counted or not")

    def doubt_score(self, player: str, score: float) -> None:
        """Nobody can tell whether a score reached Redis."""
        self.scored(player, score)
        self.doubt("a score may be stored or not")

    def doubt_message(self, channel: str) -> None:
        """Nobody can tell whether a message was published; Redis does not keep it, so nobody ever can."""
        self._unconfirmed[channel] += 1

    @property
    def is_doubtful(self) -> bool:
        return self._exact_since is None

    # -- what Redis holds, read from it ------------------------------------------------------------------------------

    def known_sessions(self) -> list[str]:
        """Those that live and those that have ended lately: if their end is lost, they live again."""
        return [*self._session_ends, *self._ended_sessions]

    def sessions_are(self, left: Mapping[str, float]) -> None:
        """Redis holds these of the known sessions, for so many seconds."""
        now = time.monotonic()
        for name in self.known_sessions():
            self._ended_sessions.pop(name, None)
            if name not in left:
                self.session_gone(name)
        self._session_ends = OrderedDict((name, now + left[name]) for name in sorted(left, key=left.__getitem__))

    def known_clients(self) -> list[str]:
        return self._requests.clients()

    def requests_are(self, times: Mapping[str, Sequence[float]]) -> None:
        """Redis holds these accepted requests of the known clients: server times in epoch seconds."""
        self._requests.replace(times)

    def known_players(self) -> list[str]:
        return list(self._players)

    def scores_are(self, scores: Mapping[str, float]) -> None:
        """Redis holds these scores of the known players."""
        self._scores = dict(scores)

    def known_caches(self) -> list[str]:
        return list(self._caches)

    def lookups_are(self, prefix: str, *, hits: int, misses: int) -> None:
        """Redis has counted so many lookups of one cache."""
        self._caches[prefix] = Counter(hits=hits, misses=misses)

    def certain(self, since: float) -> None:
        """All of the above was called, and Redis held exactly this since then (epoch seconds)."""
        self._exact_since = since

    # ----------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The truth as `GET /truth` shows it."""
        self._forget_ended_sessions()
        used = self._requests.used()
        # Redis breaks ties by the bytes of the member, the greater first.
        top = heapq.nlargest(10, self._scores.items(), key=lambda item: (item[1], item[0].encode()))
        return {
            "exact_since": self._exact_since,
            "sessions": len(self._session_ends),
            "caches": {prefix: dict(counts) for prefix, counts in self._caches.items()},
            "rate_limits": {
                client: {
                    "used": used.get(client, 0),  # in the window that ends now
                    "accepted": self._accepted.get(client, 0),  # so far
                    "refused": self._refused.get(client, 0),
                }
                for client in used.keys() | self._refused.keys()
            },
            "channels": dict(self._published),
            "unconfirmed": dict(self._unconfirmed),
            "leaderboard": {"players": len(self._scores), "top": [list(item) for item in top]},
        }

    def _forget_ended_sessions(self) -> None:
        now = time.monotonic()
        while self._session_ends and next(iter(self._session_ends.values())) <= now:
            self._session_ends.popitem(last=False)


def _count_one_more(numbers: OrderedDict[str, int], client: str) -> None:
    numbers[client] = numbers.get(client, 0) + 1
    numbers.move_to_end(client)
    if len(numbers) > _CLIENTS_KEPT:
        numbers.popitem(last=False)
