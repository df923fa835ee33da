"""Which panes are visible, and where: a pure function of the terminal's size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.geometry import Region

NARROW_WIDTH, NARROW_HEIGHT = 100, 28
WIDE_WIDTH, WIDE_HEIGHT = 180, 34
LEAST_WIDTH, LEAST_HEIGHT = 30, 8

OTHERS_WEIGHT = 12
"""The weight of a pane that is in none of these tables."""

Column = tuple[int, tuple[tuple[str, int], ...]]
"""The weight of the column, then its panes with their weights."""
Columns = tuple[Column, ...]

_MEDIUM: Columns = (
    (62, (("events", 23), ("leaderboards", 11))),
    (58, (("sessions", 13), ("rate_limits", 10), ("cache", 11))),
)
_TALL: Columns = (
    (62, (("events", 18), ("leaderboards", 11), ("server", 17))),
    (58, (("sessions", 18), ("rate_limits", 15), ("cache", 13))),
)
_WIDE: Columns = (
    (80, (("events", 58),)),
    (64, (("sessions", 30), ("rate_limits", 28))),
    (56, (("leaderboards", 19), ("cache", 17), ("server", 22))),
)
_TALL_HEIGHT = 44


def is_hopeless(width: int, height: int) -> bool:
    """Whether the terminal is too small to show anything."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def is_narrow(width: int, height: int) -> bool:
    """Whether only one pane has room."""
    return width < NARROW_WIDTH or height < NARROW_HEIGHT


def columns_for(width: int, height: int, topics: Iterable[str] = ()) -> Columns:
    """The columns of panes for a terminal of this size; none where only one pane is visible at a time.

    Args:
        topics: The topics of all panes. Those in no table stand below the last column, where there is room.
    """
    if is_narrow(width, height):
        return ()
    if width >= WIDE_WIDTH and height >= WIDE_HEIGHT:
        return _with_others(_WIDE, topics)
    return _with_others(_TALL, topics) if height >= _TALL_HEIGHT else _MEDIUM


def _with_others(columns: Columns, topics: Iterable[str]) -> Columns:
    others = [topic for topic in topics if topic not in topics_of(columns)]
    weight, panes = columns[-1]
    return (*columns[:-1], (weight, (*panes, *((topic, OTHERS_WEIGHT) for topic in others))))


def topics_of(columns: Columns) -> frozenset[str]:
    """The topics that have a place."""
    return frozenset(topic for _, panes in columns for topic, _ in panes)


def place(columns: Columns, width: int, height: int) -> Mapping[str, Region]:
    """The region of each topic's pane."""
    places: dict[str, Region] = {}
    x = 0
    for column_width, (_, panes) in zip(_shares([c[0] for c in columns], width), columns, strict=True):
        y = 0
        for pane_height, (topic, _) in zip(_shares([p[1] for p in panes], height), panes, strict=True):
            places[topic] = Region(x, y, column_width, pane_height)
            y += pane_height
        x += column_width
    return places


def _shares(weights: list[int], total: int) -> list[int]:
    """Split the total into whole numbers by weight."""
    sums = [sum(weights[: i + 1]) * total // sum(weights) for i in range(len(weights))]
    return [upper - lower for lower, upper in zip([0, *sums], sums, strict=False)]
