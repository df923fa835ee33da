"""A rate limit that counts the requests of the last seconds; scores are seconds or milliseconds."""

from __future__ import annotations

import heapq
import random
import time
from collections import deque
from typing import Any

from tests.moving.batch import Batch
from tests.moving.levels import Levels
from tests.moving.lifetimes import SETTLED_S, Lifetimes
from tests.moving.timeline import Span, around

ADD_ONE = """redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1"""


class SlidingWindow:
    """One sorted set per client with one member per allowed request. Keys exist a little longer than their window."""

    BEYOND_S = 0.7

    def __init__(self, name: str, limit: int, window_s: float, rng: random.Random) -> None:
        self.name, self.limit, self.window_s = name, limit, window_s
        self.truth, self.levels = Lifetimes(), Levels()
        self.per_second = 1
        """The unit of the scores."""
        self._rng = rng
        self._requests = 0
        self._planned: dict[str, int] = {}
        self._inside: dict[str, deque[float]] = {}
        """For each key: when the requests inside the window leave it."""
        self._leaving: list[tuple[float, str]] = []
        self.requests: dict[str, list[tuple[Span, float]]] = {}
        """For each key: when each request was allowed, and when it leaves the window."""

    @property
    def glob(self) -> str:
        """The glob of the limiter's keys."""
        return f"ratelimit:{self.name}:*"

    def request(self, batch: Batch, client: int) -> None:
        """Allow a request if the window's limit is not reached."""
        key, now = f"ratelimit:{self.name}:{client}", time.time()
        if self.levels.used_now(key) + self._planned.get(key, 0) >= self.limit:
            return
        self._planned[key] = self._planned.get(key, 0) + 1
        self._requests += 1
        per_second = self.per_second
        score = now if per_second == 1 else int(now * per_second)
        since = (now - self.window_s) * per_second
        deadline = round(now + self.window_s + self.BEYOND_S, 3)

        def note(_: Any, span: Span) -> None:
            self._planned[key] -= 1
            self._leave(key, span.begin)
            self.truth.written(key, deadline, span)
            self.levels.change(key, 1, self.limit, span)
            leaves = score / per_second + self.window_s
            self.requests.setdefault(key, []).append((span, leaves))
            self._inside.setdefault(key, deque()).append(leaves)
            heapq.heappush(self._leaving, (leaves, key))

        batch.add("EVAL", ADD_ONE, 1, key, repr(since), repr(score), self._requests, round(deadline * 1000), note=note)

    def change_unit(self, batch: Batch) -> None:
        """Change the unit of scores, as a new release would; the old keys are deleted."""
        self.per_second = 1000 if self.per_second == 1 else 1
        for key in self.truth.keys:
            self._delete(batch, key)

    def pardon(self, batch: Batch) -> None:
        """Delete one client's set."""
        key = self.truth.keys.draw(self._rng)
        if key is not None:
            self._delete(batch, key)

    def _delete(self, batch: Batch, key: str) -> None:
        self.truth.keys.discard(key)

        def note(deleted: Any, span: Span) -> None:
            if deleted:
                self._leave(key, span.begin)
                self._inside.pop(key, None)
                self.truth.deleted(key, span)
                self.levels.change(key, -self.levels.used_now(key), self.limit, span)

        batch.add("DEL", key, note=note)

    def advance(self, now: float) -> None:
        """Note requests that have left the window, long before their key expires."""
        while self._leaving and self._leaving[0][0] < now - SETTLED_S:
            moment, key = heapq.heappop(self._leaving)
            self._leave(key, moment)
        self.truth.advance(now)

    def _leave(self, key: str, until: float) -> None:
        """Note the requests that have left the window until then."""
        inside = self._inside.get(key, deque())
        while inside and inside[0] <= until:
            self.levels.change(key, -1, self.limit, around(inside.popleft()), by_clock=True)

    def wiped(self, span: Span) -> None:
        """All keys are deleted; requests that left their window at that time may have left before."""
        self.advance(span.begin + SETTLED_S)
        for key, inside in self._inside.items():
            for moment in inside:
                if moment < span.end + SETTLED_S:
                    self.levels.change(key, -1, self.limit, span, by_clock=True)
        self.truth.wiped(span)
        self.levels.wiped(span)
        self._inside.clear()
        self._leaving.clear()
