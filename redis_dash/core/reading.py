"""A reading: a topic's latest frame with its status, age and certainty."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from redis_dash.core.certainty import Count, Scope
from redis_dash.core.frames.base import Frame

Status = Literal["ok", "stale", "reduced", "off", "error"]

F = TypeVar("F", bound=Frame)

AGAIN = "connected again"
"""The note of the last reading before the connection was lost, until the next one."""


class Reading(msgspec.Struct, Generic[F], frozen=True):
    """A topic's latest frame with its status.

    ``ok``: up to date. ``stale``: too old, or the server is away; the frame is the last good one.
    ``reduced``: a right or a feature is missing; ``note`` says which. ``off``: not available here; ``note`` says why.
    ``error``: the source failed; ``note`` says how.
    """

    topic: str
    status: Status
    frame: F | None = None
    taken_at: float = 0.0
    note: str = ""
    count: Count | None = None
    """The topic's count (of several, the least certain one); None for topics that need no scan."""
    scope: Scope | None = None
    """None for topics that need no scan."""
    away: bool = False
    """Whether the server cannot be reached; ``note`` says why."""
    remedy: str = ""
    """The command that grants the rights that are missing, if any is."""

    @property
    def coverage(self) -> float | None:
        """Share of the keyspace that the values come from, 0..1; None for topics that need no scan."""
        return None if self.count is None else self.count.coverage


AnyReading = Reading[Any]


def agreed(reading: Reading[Any], trouble: str) -> Reading[Any]:
    """The reading, changed to agree with ``trouble``: why the server is away, or empty if it is not."""
    if trouble:
        if reading.away or reading.status != "error":
            status: Status = "error" if reading.frame is None else "stale"
            return msgspec.structs.replace(reading, status=status, note=trouble, away=True, remedy="")
    elif reading.away:
        note = "" if reading.frame is None else AGAIN
        return msgspec.structs.replace(reading, status="stale", note=note, away=False, remedy="")
    return reading


def aged(
    before: Reading[Any] | None, note: str, status: Status = "stale", *, away: bool = False
) -> Reading[Any] | None:
    """The previous reading with its frame, marked as stale; None without a frame."""
    if before is None or before.frame is None:
        return None
    return msgspec.structs.replace(before, status=status, note=note, away=away, remedy="")
