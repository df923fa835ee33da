"""The application's caches: pages with their own counters, answers without counters."""

from __future__ import annotations

import random
import time
from typing import Any

from tests.moving.batch import Batch
from tests.moving.lifetimes import Lifetimes
from tests.moving.timeline import Span, Timeline


class Cache:
    """A read-through cache: a missing page is made and stored."""

    def __init__(
        self, name: str, lookups: Lookups, rng: random.Random, *, counters: bool, lifetime_s: float | None, pages: int
    ) -> None:
        self.name, self.counters, self._lifetime_s, self._pages = name, counters, lifetime_s, pages
        self.truth = Lifetimes()
        self.hits, self.misses = Timeline(), Timeline()
        """The cache's own counters over time."""
        self._lookups, self._rng = lookups, rng
        self._after: list[tuple[str, bool]] = []
        """Lookups whose consequences are not written yet, and whether they were hits."""

    @property
    def glob(self) -> str:
        """The glob of the cache's keys."""
        return f"cache:{self.name}:*"

    @property
    def stats(self) -> str:
        """The key of the cache's counters."""
        return f"cache:stats:{self.name}"

    def look_up(self, batch: Batch) -> None:
        """Read a page; after a miss it is stored, and counted, in the next batch."""
        key = f"cache:{self.name}:{int(self._rng.triangular(0, self._pages, 0))}"

        def note(value: Any, span: Span) -> None:
            self._lookups.step(value is not None, span)
            self._after.append((key, value is not None))

        batch.add("GET", key, note=note)

    def follow_up(self, batch: Batch) -> None:
        """Write what follows from the lookups of the last batch."""
        for key, hit in self._after:
            if self.counters:
                self._count(batch, hit)
            if not hit:
                self._put(batch, key)
        self._after.clear()

    def _count(self, batch: Batch, hit: bool) -> None:
        name, timeline = ("hits", self.hits) if hit else ("misses", self.misses)
        batch.add("HINCRBY", self.stats, name, 1, note=lambda _, span: timeline.step(span, 1))

    def _put(self, batch: Batch, key: str) -> None:
        deadline = (
            None if self._lifetime_s is None else round(time.time() + self._rng.uniform(0.3, 1.7) * self._lifetime_s, 3)
        )

        until = () if deadline is None else ("PXAT", round(deadline * 1000))
        batch.add("SET", key, "x" * 50, *until, note=lambda _, span: self.truth.written(key, deadline, span))

    def drop(self, batch: Batch) -> None:
        """Delete one page."""
        key = self.truth.keys.draw(self._rng)
        if key is None:
            return
        self.truth.keys.discard(key)

        def note(deleted: Any, span: Span) -> None:
            if deleted:
                self.truth.deleted(key, span)

        batch.add("UNLINK", key, note=note)

    def advance(self, now: float) -> None:
        """Note pages that have expired."""
        self.truth.advance(now)

    def wiped(self, span: Span) -> None:
        """All keys are deleted, including the counters."""
        self.truth.wiped(span)
        self._after.clear()
        for timeline in (self.hits, self.misses):
            timeline.step(span, -timeline.value)


class Lookups:
    """The application's lookups as the server counts them: every reading command is a hit or a miss."""

    def __init__(self) -> None:
        self.hits, self.misses = Timeline(), Timeline()
        self.beginnings: list[tuple[Span, bool]] = []
        """When the server's counters were reset, or other clients' lookups became unknown; False for a restart."""

    def step(self, hit: bool, span: Span) -> None:
        """Note one lookup."""
        (self.hits if hit else self.misses).step(span, 1)

    def begin(self, span: Span, *, by_command: bool) -> None:
        """The server's counters are reset."""
        self.beginnings.append((span, by_command))
        for timeline in (self.hits, self.misses):
            timeline.step(span, -timeline.value)
