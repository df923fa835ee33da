"""Learns the kinds of keys from some passes of the scan: now and then, and soon after keys of a new kind have come."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.keyspace.new_kinds import NewKinds

LEAST_S, REST, REST_SHOWN = 5.0, 300.0, 50.0
"""How long the kinds are not learned again: at least, and as a multiple of the time that it took, less while shown."""
SHOWN_S = 3.0
"""The kinds are shown as long as somebody asks for them so often."""
SOON_S = 1.0
"""The same after keys of a new kind have come. It is doubled each time when they were of no new kind after all."""
MOST_SHAPES = 20_000
"""New kinds that are remembered."""


class Learning:
    """One database's; it outlasts the scan of one configuration."""

    def __init__(self, patterns: KeyPatterns) -> None:
        self._patterns = patterns
        self._new = NewKinds()
        self._globs: frozenset[str] = frozenset()
        self._given: set[bytes] = set()
        """Shapes of which ``new_names`` has returned a name."""
        self._is_on = self._is_by_names = False
        """Whether the running pass is learned from; and only because keys of a new kind have come."""
        self._took_s = self._due_at = self._shown_due_at = self._soon_at = self._shown_at = 0.0
        self._soon_s = SOON_S
        self._ended = asyncio.Event()

    @property
    def is_due(self) -> bool:
        """Whether the next pass is learned from."""
        return self._is_old or (bool(self._new.names) and time.monotonic() >= self._soon_at)

    @property
    def _is_old(self) -> bool:
        """Whether the kinds were learned long ago."""
        now = time.monotonic()
        return now >= (self._shown_due_at if now < self._shown_at + SHOWN_S else self._due_at)

    def soon(self) -> None:
        """Learn from the next pass."""
        self._due_at = self._shown_due_at = 0.0

    def shown(self) -> None:
        """Somebody looks at the kinds now."""
        self._shown_at = time.monotonic()

    def begin(self) -> None:
        """Begin a pass."""
        self._new.begin()
        self._is_on, self._is_by_names = self.is_due, not self._is_old
        if self._is_on:
            self._took_s = 0.0
            self._patterns.begin()

    def add(self, keys: Sequence[bytes], size: int) -> None:
        """Add one slice of a database with ``size`` keys."""
        self._new.add(keys, size)
        if self._is_on:
            began = time.perf_counter()
            self._patterns.add(keys, size)
            self._took_s += time.perf_counter() - began

    def end(self) -> None:
        """End a complete pass."""
        if self._new.names:
            self._ended.set()
        if not self._is_on:
            return
        self._is_on = False
        self._patterns.end()
        began = time.perf_counter()
        globs = frozenset(pattern.glob for pattern in self._patterns.found)
        self._took_s += time.perf_counter() - began
        rest_s = max(LEAST_S, REST * self._took_s)
        if not globs <= self._globs:
            self._soon_s = SOON_S
        elif self._is_by_names:
            self._soon_s = min(rest_s, 2 * self._soon_s)
        self._globs = globs
        now = time.monotonic()
        self._due_at, self._soon_at = now + rest_s, now + self._soon_s
        self._shown_due_at = now + max(LEAST_S, REST_SHOWN * self._took_s)
        self._new.learned(self._patterns.shapes)
        self._ended.set()

    def new_names(self) -> list[bytes]:
        """Names of kinds that had no keys in the passes that were learned from; each kind is given once."""
        if len(self._given) > MOST_SHAPES:
            self._given.clear()
        named = {shape: key for shape, key in self._new.names.items() if shape not in self._given}
        self._given.update(named)
        return list(named.values())

    async def wait(self, within_s: float) -> None:
        """Return when the kinds have been learned, or new ones have come, since the last call; or after this time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        self._ended.clear()
