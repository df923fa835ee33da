"""A dashboard that watches a demo at rest while its servers change: no figure that it calls exact is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis_dash.hub import Hub
from tests.live.test_hub import Desk

T = TypeVar("T")


class Watch:
    """Compares each reading with a truth that does not change, except for the windows of the limits, which slide."""

    def __init__(self, hub: Hub, truth: dict[str, Any]) -> None:
        self._desk = Desk(hub)
        self._truth = truth
        self.wrong: set[str] = set()
        self.notes: set[str] = set()
        self.seen: set[str] = set()
        """Topics that had an exact figure."""

    def look(self) -> bool:
        """Judge the latest readings; returns whether all are there and exact."""
        self._desk.statuses()
        figures = [figure for topic in self._desk.latest for figure in self._figures(topic)]
        for topic, is_exact, shown, true in figures:
            if is_exact and shown != true:
                self.wrong.add(f"{topic}: {shown} for {true}")
            elif is_exact:
                self.seen.add(topic)
        self.notes |= {reading.note for reading in self._desk.latest.values() if reading.note}
        return len(figures) >= 4 and all(one[1] for one in figures) and self._desk.all_are("ok")

    def _figures(self, topic: str) -> list[tuple[str, bool, Any, Any]]:
        reading, truth = self._desk.latest[topic], self._truth
        is_ok, frame = reading.status == "ok", reading.frame
        if frame is None:
            return [(topic, False, None, None)]
        if topic == "sessions":
            exact = is_ok and frame.count.certainty == "exact"
            return [
                (topic, exact, frame.count.value, truth["sessions"]),
                (topic, exact, len(frame.rows), truth["sessions"]),
            ]
        if topic == "leaderboards":
            board = next((one for one in frame.boards if one.key == "leaderboard"), None)
            if board is None:
                return [(topic, is_ok and frame.count.certainty == "exact", "no board", "a board")]
            top = [[row.member, row.score] for row in board.rows[:10]]
            return [
                (topic, is_ok, board.size, truth["leaderboard"]["players"]),
                (topic, is_ok, top, truth["leaderboard"]["top"]),
            ]
        if topic == "cache":
            shown = {group.name: {"hits": group.hits, "misses": group.misses} for group in frame.groups}
            return [(topic, is_ok, shown, truth["caches"])]
        if topic == "rate_limits":
            most = {client: one["used"] for client, one in truth["rate_limits"].items()}
            over = {row.identity: row.used for row in frame.rows if row.used > most.get(row.identity, 0)}
            return [(topic, is_ok and frame.count.certainty == "exact", over, {})]
        return []

    async def during(self, event: Awaitable[T]) -> T:
        """Look again and again until something is over, and then until all is exact again; returns its result."""
        task = asyncio.ensure_future(event)
        while not task.done():
            self.look()
            await asyncio.sleep(0.02)
        await self.until_exact()
        return await task

    async def until_exact(self, within_s: float = 30.0) -> None:
        """Look until all figures are there and exact."""
        deadline = time.monotonic() + within_s
        while not self.look():
            assert time.monotonic() < deadline, self._desk.statuses()
            await asyncio.sleep(0.02)
