"""The numbers of clients that are blocked or near their limits, over time."""

from __future__ import annotations

from tests.moving.timeline import Span, Timeline

NEAR = 0.8


class Levels:
    """Receives every change of a client's usage."""

    def __init__(self) -> None:
        self.blocked = Timeline()
        self.near = Timeline()
        self.used: dict[str, Timeline] = {}
        self.blocked_of: dict[str, Timeline] = {}

    def change(self, key: str, delta: int, limit: int | None, span: Span, *, by_clock: bool = False) -> None:
        """Note that a client's usage rises or falls."""
        used = self.used.setdefault(key, Timeline())
        before = used.value
        used.step(span, delta, by_clock=by_clock)
        if limit is None:
            return
        after = used.value
        blocked = (after >= limit) - (before >= limit)
        if blocked:
            self.blocked.step(span, blocked, by_clock=by_clock)
            self.blocked_of.setdefault(key, Timeline()).step(span, blocked, by_clock=by_clock)
        near = _is_near(after, limit) - _is_near(before, limit)
        if near:
            self.near.step(span, near, by_clock=by_clock)

    def used_now(self, key: str) -> int:
        """The client's usage, as far as known."""
        used = self.used.get(key)
        return 0 if used is None else used.value

    def wiped(self, span: Span) -> None:
        """All keys are deleted at one moment."""
        for timeline in (self.blocked, self.near, *self.used.values(), *self.blocked_of.values()):
            if timeline.value:
                timeline.step(span, -timeline.value)


def _is_near(used: int, limit: int) -> bool:
    return NEAR * limit <= used < limit
