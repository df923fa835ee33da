"""The phases of a scene, and its size."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple


class Phase(NamedTuple):
    """A mix of actions for some time."""

    name: str
    seconds: float
    tick_s: float = 0.01
    """Average time between two batches."""
    per_tick: int = 1
    actions: Mapping[str, float] = {}
    """Names of actions, and how often each is chosen relative to the others."""
    at_once: tuple[str, ...] = ()
    """Actions at the beginning."""
    restart: bool = False
    """Whether the server is restarted before the phase."""


ALL = {
    "sign in": 4, "go on": 6, "change role": 1, "stay": 0.3, "rotate": 1, "sign out": 3,
    "request": 20, "fill a limit": 1, "pardon": 0.5,
    "score": 6, "grow board": 0.2, "shrink board": 0.2, "vanish": 0.1, "retype": 0.05,
    "look up": 20, "drop page": 1, "publish": 6,
}  # fmt: skip

PHASES = (
    Phase("still", 2.0),
    Phase("calm", 3.0, 0.3, 1, ALL),
    Phase("one signs in, after a silence", 2.0, 0.9, 1, {"sign in": 1}),
    Phase("busy", 3.0, 0.01, 4, ALL),
    Phase("coming and going", 3.0, 0.005, 6, {"sign in": 1, "sign out": 1}),
    Phase("many sign in", 1.5, 0.05, 1, ALL, ("many sign in",)),
    Phase("many sign out", 1.5, 0.05, 1, ALL, ("many sign out",)),
    Phase("many blocked", 2.0, 0.02, 2, ALL, ("many blocked",)),
    Phase("many requests", 3.0, 0.005, 8, {"request": 10, "fill a limit": 1}),
    Phase("boards", 2.0, 0.05, 1, {"score": 10, "grow board": 3, "shrink board": 3, "vanish": 1, "retype": 0.5}),
    Phase("lookups", 2.0, 0.005, 8, {"look up": 30, "drop page": 1}),
    Phase("statistics reset", 2.0, 0.01, 3, ALL, ("reset stats",)),
    Phase("flush", 2.5, 0.01, 3, ALL, ("flush",)),
    Phase("few that come and go", 3.0, 0.005, 6, {"sign in": 1, "sign out": 1}, ("flush",)),
    Phase("growing", 3.0, 0.02, 2, {**ALL, "grow": 20}),
    Phase("shrinking", 3.0, 0.02, 2, {**ALL, "shrink": 20}),
    Phase("another unit", 2.0, 0.02, 2, ALL, ("change unit",)),
    Phase("connections cut", 2.0, 0.01, 3, ALL, ("cut",)),
    Phase("started again", 4.0, 0.01, 3, ALL, restart=True),
)

COME_AND_GO = {
    "sign in": 8, "go on": 8, "sign out": 2, "request": 12, "fill a limit": 1, "pardon": 1, "score": 2,
    "look up": 20, "drop page": 0.5,
}  # fmt: skip
SLOW_PHASES = (
    Phase("keys come and go", 20.0, 0.02, 4, COME_AND_GO),
    Phase("and are written often", 15.0, 0.01, 4, {**COME_AND_GO, "go on": 40, "score": 20}),
    Phase("windows end", 15.0, 0.02, 4, {**COME_AND_GO, "request": 30, "fill a limit": 2, "pardon": 2}),
)
"""They are so long that a slow first pass ends within them."""


class Size(NamedTuple):
    """The size of a scene, its phases, and how often it is read."""

    name: str
    at_first: Mapping[str, int]
    """Actions that create the initial data, and how often each is done."""
    clients: int
    boards: int
    lifetime_s: float | None
    """Average lifetime of sessions and answers; None if only limits expire."""
    refresh_s: float
    budget: float
    phases: tuple[Phase, ...] = PHASES
    pages: int = 400
    """Different pages of each cache."""
    full_passes: float = 0.2
    """Probability that a phase begins with a pass at full speed."""


SMALL = Size("small", {"sign in": 200, "request": 600, "score": 100, "look up": 300}, 150, 5, 4.0, 0.1, 0.05)
LASTING = Size("lasting", {"sign in": 150, "score": 100, "look up": 200}, 60, 3, None, 0.1, 0.05)
MIDDLE = Size(
    "middle", {"sign in": 1500, "request": 4000, "score": 500, "look up": 600, "grow": 20}, 900, 20, 20.0, 0.25, 0.04
)
LARGE = Size(
    "large", {"sign in": 6000, "request": 9000, "score": 500, "look up": 600, "grow": 100}, 4000, 60, 40.0, 0.25, 0.02
)
"""The budget is at most as large, relative to the refresh interval, as with the defaults: reading uses it, too."""
SLOW = Size(
    "slow", {"grow": 400, "sign in": 400, "request": 1500, "score": 100, "look up": 3000}, 400, 8, 8.0, 0.25, 0.02,
    SLOW_PHASES, pages=1500, full_passes=0.0,
)  # fmt: skip
"""The first pass lasts many times as long as a page."""


def shuffled(seed: int, phases: tuple[Phase, ...]) -> list[Phase]:
    """The same phases in another order."""
    return random.Random(seed).sample(phases, len(phases))
