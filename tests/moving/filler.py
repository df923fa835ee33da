"""Many other keys, which a dashboard must scan too."""

from __future__ import annotations

from tests.moving.batch import Batch, Note
from tests.moving.timeline import Span, Timeline

CHUNK = 500


class Filler:
    """Keys ``other:<n>``; the newest are deleted first."""

    def __init__(self) -> None:
        self.count = Timeline()
        self._planned = 0

    def grow(self, batch: Batch, count: int = CHUNK) -> None:
        """Add keys."""
        for begin in range(0, count, CHUNK):
            size = min(CHUNK, count - begin)
            parts = [part for n in range(self._planned, self._planned + size) for part in (f"other:{n}", "x")]
            self._planned += size
            batch.add("MSET", *parts, note=self._note(size))

    def shrink(self, batch: Batch) -> None:
        """Delete some keys."""
        size = min(CHUNK, self._planned)
        if not size:
            return
        self._planned -= size
        keys = [f"other:{n}" for n in range(self._planned, self._planned + size)]
        batch.add("UNLINK", *keys, note=self._note(-size))

    def _note(self, delta: int) -> Note:
        return lambda _, span: self.count.step(span, delta)

    def wiped(self, span: Span) -> None:
        """All keys are deleted at one moment."""
        self.count.step(span, -self.count.value)
        self._planned = 0
