"""The sum of several timelines."""

from __future__ import annotations

from collections.abc import Sequence

from tests.moving.timeline import Timeline


def merged(timelines: Sequence[Timeline]) -> Timeline:
    """The sum as one timeline; steps of the same moment keep their order."""
    total = Timeline()
    for timeline in timelines:
        for step in timeline.steps:
            total.step(step.span, step.delta, by_clock=step.by_clock)
    return total
