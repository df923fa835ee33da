"""A thin bar, precise to half a cell."""

from __future__ import annotations

import math

from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import Role


def meter(share: float | None, width: int, role: Role) -> list[Segment]:
    """A bar filled by ``share`` (0..1) of its width. Only 1 fills it, and only 0 leaves it empty."""
    if share is None or not math.isfinite(share):
        return [(Plain(" " * width), "blank")]
    share = min(max(share, 0.0), 1.0)
    halves = round(share * width * 2)
    if share < 1:
        halves = min(halves, width * 2 - 1)
    if share > 0:
        halves = max(halves, 1)
    full, half = divmod(halves, 2)
    bar = "━" * full + "╸" * half
    return [(Plain(bar), role), (Plain("─" * (width - len(bar))), "faint")]
