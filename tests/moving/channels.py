"""The application's messages."""

from __future__ import annotations

import random

from tests.moving.batch import Batch
from tests.moving.timeline import Timeline

NAMES = ("orders", "payments", "sessions")


class Channels:
    """Counts the published messages of each channel."""

    def __init__(self, rng: random.Random) -> None:
        self.published = {name: Timeline() for name in NAMES}
        self._rng = rng

    def publish(self, batch: Batch) -> None:
        """Publish one message."""
        name = self._rng.choice(NAMES)
        batch.add("PUBLISH", name, '{"type": "order.created"}', note=lambda _, span: self.published[name].step(span, 1))
