"""What happened in a scene, and the hub's readings meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.moving.application import Application
from tests.moving.observer import Seen
from tests.moving.timeline import Span


class Recording(NamedTuple):
    """The recording of one scene after its end."""

    world: Application
    where: str
    """The scene's size and seed."""
    phases: Sequence[tuple[float, str]]
    """When each phase began."""
    rested_at: float | None
    """From this moment on, nothing was written, and complete passes were made after the last write."""
    seen: Sequence[Seen]
    requests: Sequence[Span]
    """When the hub sent its requests, and when it had the answers."""
    found: Mapping[str, int]
    """The number of keys on the server at the end, by prefix."""
    looked: Span
    """When these were counted."""
