"""Sorted sets that are no leaderboards although a pattern finds them: queues, limiters, indexes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from redis_dash.core.decoding import raw
from redis_dash.core.frames.leaderboards import Board
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.layout import Layout
from redis_dash.dialects.registry import layouts
from redis_dash.sources.base import Note

TEN_YEARS_S = 315_360_000
TIMES, WITHOUT_SCORES = "their scores are times", "all their scores are 0"
"""Why a sorted set is not shown."""


class OtherSortedSets:
    """Tells why a sorted set is no leaderboard. One that is configured by its full name is one in any case."""

    def __init__(self, globs: Sequence[str], named: Sequence[bytes]) -> None:
        """``named`` are the keys that ``globs`` give by their full names."""
        self._named = named
        self._asked_for = [Pattern(glob) for glob in globs if any(Glob.of(glob).runs)]
        """The patterns that name a part of the key, unlike ``*``."""
        self._layouts = [layout for layout in layouts() if layout.type == "zset" and layout.topic != "leaderboards"]
        self._by_name: dict[bytes, tuple[Layout, ...]] = {}
        """The layouts that a key's name fits."""

    def forget(self, key: bytes) -> None:
        """Forget a key that is gone."""
        self._by_name.pop(key, None)

    def why(self, board: Board) -> str:
        """Why it is no leaderboard; empty if it may be one."""
        key = raw(board.key)
        if key in self._named:
            return ""
        scores = [row.score for row in board.rows]
        if _are_times(scores):
            return TIMES
        members = [(raw(row.member), row.score) for row in board.rows]
        if layout := next((one for one in self._of_name(key) if one.value(members)), None):
            return f"they are of {layout.name.partition(' (')[0]}"
        is_first = bool(board.rows) and board.rows[0].rank == 1
        is_index = is_first and len(scores) > 1 and not any(scores)
        return WITHOUT_SCORES if is_index and not self._is_asked_for(key) else ""

    def _of_name(self, key: bytes) -> tuple[Layout, ...]:
        if key not in self._by_name:
            self._by_name[key] = tuple(one for one in self._layouts if one.read_name(key) is not None)
        return self._by_name[key]

    def _is_asked_for(self, key: bytes) -> bool:
        return any(pattern.variable(key) is not None for pattern in self._asked_for)


def _are_times(scores: Sequence[float]) -> bool:
    """Whether the scores are points in time, as in queues and limiters: in seconds, ms, µs or ns."""
    now = time.time()
    return any(all(abs(score / unit - now) < TEN_YEARS_S for score in scores) for unit in (1, 1e3, 1e6, 1e9))


def notes_of(reasons: Sequence[str]) -> list[Note]:
    """A note for each reason why sorted sets are not shown."""
    return [
        Note(f"{reasons.count(reason):,} not shown, {reason}: name one with --leaderboard to see it")
        for reason in dict.fromkeys(reasons)
    ]
