"""The dashboard without Redis: ``python -m tests.tui.playground [living|still|empty|hostile|stale|...]``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import msgspec

from redis_dash.core.feed import Feed
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.reading import Reading
from redis_dash.demo import SCENARIOS
from redis_dash.sources import SOURCES
from redis_dash.tui.app import DashApp
from tests.tui import fakes, hostile
from tests.tui.huge import HugeFeed
from tests.tui.living import LivingFeed

TOPICS = [source.topic for source in SOURCES]


def _empty() -> Feed:
    return fakes.FakeFeed(
        fakes.ok("server", fakes.server()),
        fakes.ok("events", fakes.events(fakes.log_of())),
        fakes.ok("sessions", fakes.sessions(), coverage=1.0),
        fakes.ok("rate_limits", fakes.rate_limits(), coverage=1.0),
        fakes.ok("leaderboards", fakes.leaderboards(), coverage=1.0),
        fakes.ok("cache", msgspec.structs.replace(fakes.cache(), hits=0, misses=0, groups=(), history=())),
    )


class _Losing(LivingFeed):
    async def run(self) -> None:
        self._publish()
        self._read()
        self.trouble = "connection refused, trying again"
        await super().run()


def _error() -> Feed:
    readings: list[Reading[ServerFrame]] = [
        Reading(topic, "error", None, note="WRONGTYPE Operation against a key holding the wrong kind of value")
        for topic in TOPICS
    ]
    return fakes.FakeFeed(*readings)


FEEDS: dict[str, Callable[[], Feed]] = {
    "living": LivingFeed,
    "quiet": lambda: LivingFeed(0.0),
    "flood": lambda: LivingFeed(20_000.0),
    "still": lambda: fakes.FakeFeed(*fakes.everything()),
    "empty": _empty,
    "loading": fakes.FakeFeed,
    "hostile": lambda: fakes.FakeFeed(*hostile.readings()),
    "stale": _Losing,
    "error": _error,
    "huge": HugeFeed,
}


def play(variant: str, *, is_ascii: bool = False) -> None:
    """Run the dashboard until somebody quits it."""
    DashApp(FEEDS[variant], title="demo", scenarios=SCENARIOS, is_ascii=is_ascii).run()


if __name__ == "__main__":
    play(sys.argv[1] if len(sys.argv) > 1 else "living")
