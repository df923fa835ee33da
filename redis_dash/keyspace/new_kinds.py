"""Notices keys whose names have another shape than all that were there when the kinds were learned."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from redis_dash.keyspace.key_shape import shape_of

MOST_KEYS = 50_000
"""The keys of a larger database are not remembered."""
SHAPES_AT_ONCE = 200
"""New keys of one slice whose names are looked at."""


class NewKinds:
    """Remembers the keys of the last pass, so that only the names of new keys are looked at."""

    def __init__(self) -> None:
        self.names: dict[bytes, bytes] = {}
        """By shape: one of the keys that have come since the kinds were learned."""
        self._before: set[int] | None = None
        """Hashes of the keys of the last pass; None if they are not known."""
        self._now: set[int] | None = None
        self._shapes: frozenset[bytes] = frozenset()

    def begin(self) -> None:
        """Begin a pass."""
        self._before, self._now = self._now, set()

    def learned(self, shapes: Collection[bytes]) -> None:
        """Note the shapes of all names from which the kinds have been learned."""
        self._shapes, self.names = frozenset(shapes), {}

    def add(self, keys: Sequence[bytes], size: int) -> None:
        """Add one slice of a database with ``size`` keys."""
        if size > MOST_KEYS or self._now is None:
            self._now = None
            return
        hashes = set(map(hash, keys))
        if self._before is not None and (fresh := hashes - self._before - self._now):
            for key in [key for key in keys if hash(key) in fresh][:SHAPES_AT_ONCE]:
                if len(self.names) < SHAPES_AT_ONCE and (shape := shape_of(key)) not in self._shapes:
                    self.names[shape] = key
        self._now |= hashes
