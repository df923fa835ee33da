"""Judges the server topic: the number of keys, and values that cannot be zero."""

from __future__ import annotations

from redis_dash.core.frames.server import ServerFrame
from tests.moving.bench import Bench
from tests.moving.merged import merged
from tests.moving.observer import Seen


class ServerJudge:
    """Judges the number of keys; expired keys count until the server deletes them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._keys = merged(list(bench.world.numbers().values()))

    def judge(self, seen: Seen) -> None:
        """Judge one frame."""
        frame = seen.reading.frame
        assert isinstance(frame, ServerFrame)
        truth = self._keys.values(*seen.info)
        self._bench.check(
            "server: keys", (frame.keys or 0) >= truth.low, seen, f"{frame.keys} keys, truth {truth} or more"
        )
        ping = frame.ping_ms is None or frame.ping_ms > 0
        self._bench.check("server: ping", ping, seen, f"ping {frame.ping_ms} ms")
