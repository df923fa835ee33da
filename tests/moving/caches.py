"""The application's caches: pages with counters of their own, answers without."""

from __future__ import annotations

import random
import time
from typing import Any

from tests.moving.batch import Batch
from tests.moving.lifetimes import Lifetimes
from tests.moving.timeline import Span, Timeline

PAGES = 400
"""Different ones that are asked for."""


class Cache:
    """Read through: what is not there is put there."""

    def __init__(self, name: str, lookups: Lookups, rng: random.Random, *, counters: bool, lifetime_s: float | None):
        self.name, self.counters, self._lifetime_s = name, counters, lifetime_s
        self.truth = Lifetimes()
        self.hits, self.misses = Timeline(), Timeline()
        """As its own counters tell."""
        self._lookups, self._rng = lookups, rng
        self._after: list[tuple[str, bool]] = []
        """What was looked up, and whether it was there; not followed up yet."""

    @property
    def glob(self) -> str:
        """Of its keys."""
        return f"cache:{self.name}:*"

    @property
    def stats(self) -> str:
        """Where its counters are."""
        return f"cache:stats:{self.name}"

    def look_up(self, batch: Batch) -> None:
        """Somebody reads a page; who misses makes it, and counts, in the next batch."""
        key = f"cache:{self.name}:{int(self._rng.triangular(0, PAGES, 0))}"

        def note(value: Any, span: Span) -> None:
            self._lookups.step(value is not None, span)
            self._after.append((key, value is not None))

        batch.add("GET", key, note=note)

    def follow_up(self, batch: Batch) -> None:
        """What the lookups of the last batch lead to."""
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
        deadline = None if self._lifetime_s is None else round(time.time() + self._lifetime_s, 3)

        until = () if deadline is None else ("PXAT", round(deadline * 1000))
        batch.add("SET", key, "x" * 50, *until, note=lambda _, span: self.truth.written(key, deadline, span))

    def drop(self, batch: Batch) -> None:
        """One page is out of date."""
        key = self.truth.keys.draw(self._rng)
        if key is None:
            return
        self.truth.keys.discard(key)

        def note(deleted: Any, span: Span) -> None:
            if deleted:
                self.truth.deleted(key, span)

        batch.add("UNLINK", key, note=note)

    def advance(self, now: float) -> None:
        """Notice what has expired."""
        self.truth.advance(now)

    def wiped(self, span: Span) -> None:
        """All keys are gone, the counters with them."""
        self.truth.wiped(span)
        self._after.clear()
        for timeline in (self.hits, self.misses):
            timeline.step(span, -timeline.value)


class Lookups:
    """What the server counts of the application's: every reading command finds its key or does not."""

    def __init__(self) -> None:
        self.hits, self.misses = Timeline(), Timeline()
        self.beginnings: list[tuple[Span, bool]] = []
        """When the server began to count anew, or what others looked up became unknown; False for a restart."""

    def step(self, hit: bool, span: Span) -> None:
        """One lookup."""
        (self.hits if hit else self.misses).step(span, 1)

    def begin(self, span: Span, *, by_command: bool) -> None:
        """The server begins to count anew."""
        self.beginnings.append((span, by_command))
        for timeline in (self.hits, self.misses):
            timeline.step(span, -timeline.value)
