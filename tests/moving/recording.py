"""What happened in a world, and what a hub said of it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.moving.application import Application
from tests.moving.observer import Seen
from tests.moving.timeline import Span


class Recording(NamedTuple):
    """Of one world, when it has come to rest."""

    world: Application
    where: str
    """Its size and its seed."""
    phases: Sequence[tuple[float, str]]
    """The moments at which each began."""
    rested_at: float | None
    """From then on nothing was written, and whole passes have gone over the keyspace since it was."""
    seen: Sequence[Seen]
    found: Mapping[str, int]
    """How many keys the server itself had in the end, by what they begin with."""
    looked: Span
    """When it was asked."""
