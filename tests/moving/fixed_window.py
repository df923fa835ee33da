"""A rate limit that counts requests in fixed windows."""

from __future__ import annotations

import random
import time
from typing import Any

from tests.moving.batch import Batch
from tests.moving.levels import Levels
from tests.moving.lifetimes import SETTLED_S, Lifetimes
from tests.moving.timeline import Span, around

COUNT_ONE = """local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end
return used"""


class FixedWindow:
    """One counter per client, which expires one window after the first request; refused requests are counted too."""

    def __init__(self, name: str, limit: int | None, window_s: float, rng: random.Random) -> None:
        self.name, self.limit, self.window_s = name, limit, window_s
        self.truth, self.levels = Lifetimes(), Levels()
        self._rng = rng

    @property
    def glob(self) -> str:
        """The glob of the limiter's keys."""
        return f"ratelimit:{self.name}:*"

    def request(self, batch: Batch, client: int) -> None:
        """Count a request and set the expiry in one step, so that no counter lasts for ever."""
        key, deadline = f"ratelimit:{self.name}:{client}", round(time.time() + self.window_s, 3)

        def note(used: Any, span: Span) -> None:
            if used == 1:
                self._begin(key, deadline, span)
            self.levels.change(key, 1, self.limit, span)

        batch.add("EVAL", COUNT_ONE, 1, key, round(deadline * 1000), note=note)

    def _begin(self, key: str, deadline: float, span: Span) -> None:
        if key in self.truth.deadlines:  # it has just expired
            self._end(key, self.truth.expire_now(key))
        self.truth.created(key, deadline, span)

    def pardon(self, batch: Batch) -> None:
        """Delete one counter."""
        key = self.truth.keys.draw(self._rng)
        if key is None:
            return
        self.truth.keys.discard(key)

        def note(deleted: Any, span: Span) -> None:
            if deleted:
                self.truth.deleted(key, span)
                self.levels.change(key, -self.levels.used_now(key), self.limit, span)

        batch.add("DEL", key, note=note)

    def advance(self, now: float) -> None:
        """Note expired counters: their usage is 0."""
        self.truth.advance(now)
        for deadline, key in self.truth.expired:
            self._end(key, deadline)

    def _end(self, key: str, deadline: float) -> None:
        self.levels.change(key, -self.levels.used_now(key), self.limit, around(deadline), by_clock=True)

    def wiped(self, span: Span) -> None:
        """All keys are deleted."""
        self.advance(span.begin + SETTLED_S)
        self.truth.wiped(span)
        self.levels.wiped(span)
