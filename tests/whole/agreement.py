"""The figures of a dashboard beside those of the application."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any


def settled(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Read until only the sliding windows of the rate limits still change."""
    deadline, before = time.monotonic() + 20, read()
    while time.monotonic() < deadline:
        time.sleep(0.3)  # the interval between two reads, not a wait for something
        now = read()
        if {name: now[name] for name in now if name != "rate_limits"} == {
            name: before[name] for name in before if name != "rate_limits"
        }:
            return now
        before = now
    raise AssertionError("the demo did not come to rest")


def assert_equal(document: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Compare a snapshot of the dashboard with what the application counted just before and after it, at rest."""
    frames = {topic: entry["frame"] for topic, entry in json.loads(document)["topics"].items()}
    sessions, board = frames["sessions"], frames["leaderboards"]["boards"][0]
    assert sessions["low"] == sessions["high"] == sessions["count"] == after["sessions"] == before["sessions"]
    assert board["size"] == after["leaderboard"]["players"]
    assert [[row["member"], row["score"]] for row in board["rows"][:10]] == after["leaderboard"]["top"]
    counted = {group["name"]: {"hits": group["hits"], "misses": group["misses"]} for group in frames["cache"]["groups"]}
    assert counted == after["caches"] == before["caches"]
    used = {row["identity"]: row["used"] for row in frames["rate_limits"]["rows"]}
    assert used.keys() <= before["rate_limits"].keys()
    for address, truth in before["rate_limits"].items():
        # The window slides between the reads: usage can only fall.
        late = after["rate_limits"].get(address, {"used": 0})
        assert truth["used"] >= used.get(address, 0) >= late["used"], address
