"""The pauses between attempts to connect."""

from __future__ import annotations

import random

FIRST_S = 0.25
"""Pause before the first attempt after a connection that worked."""
SECOND_S, LONGEST_S = 1.0, 30.0
"""The next pause, from which on each is twice as long; and the longest."""
JITTER = 0.2
"""The share of a pause that is left to chance, so that many clients do not return at the same moment."""


class Backoff:
    """The pauses before one connection is tried again."""

    def __init__(self) -> None:
        self._pause_s = FIRST_S

    def next_s(self) -> float:
        """The next pause in seconds."""
        pause_s, self._pause_s = self._pause_s, min(max(SECOND_S, 2 * self._pause_s), LONGEST_S)
        return pause_s * random.uniform(1 - JITTER, 1.0)

    def start_over(self) -> None:
        """The connection works, or the server is known to be there: the next pause is the first one."""
        self._pause_s = FIRST_S
