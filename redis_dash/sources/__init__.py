"""Sources read frames from Redis: one file per topic, registered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis_dash.config import Config
from redis_dash.core.patterns import Matcher
from redis_dash.sources.base import Source
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.events import EventsSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.server import ServerSource
from redis_dash.sources.sessions import SessionsSource

SOURCES: list[type[Source[Any]]] = [
    ServerSource,
    EventsSource,
    SessionsSource,
    RateLimitsSource,
    LeaderboardsSource,
    CacheSource,
]
"""To add a topic, add its source here and its pane to ``tui.panes.PANES``."""


def tracked(config: Config) -> dict[str, tuple[str, ...]]:
    """The key groups whose keys the server is asked to name as they are written."""
    return {name: globs for source in SOURCES if source.tracked for name, globs in source.key_groups(config).items()}


def key_groups(config: Config) -> dict[str, tuple[str, ...]]:
    """What the shared scan looks for: the names of key groups, and the globs of their keys."""
    return {name: globs for source in SOURCES for name, globs in source.key_groups(config).items()}


class WatchedTopics:
    """Tells which topics' patterns match a key."""

    def __init__(self, config: Config, follows: Callable[[bytes], bool] = lambda name: False) -> None:
        """``follows`` tells whether the stream of a key is followed."""
        globs = {
            source.topic: [one for group in source.key_groups(config).values() for one in group] for source in SOURCES
        }
        self._matcher = Matcher({topic: found for topic, found in globs.items() if found}, config.ignore)
        self._follows = follows
        self._types = {source.topic: source.key_types for source in SOURCES}

    def __call__(self, names: Sequence[bytes], key_type: str) -> Mapping[str, int]:
        """By topic, how many of these names its patterns match.

        Args:
            key_type: the type of these keys; empty if it is not known.
        """
        found = self._matcher.sort(names)
        fits = {topic: not (types and key_type) or key_type in types for topic, types in self._types.items()}
        counts = {topic: len(keys) for topic, keys in found.items() if fits[topic]}
        followed = sum(map(self._follows, names))
        return counts | {EventsSource.topic: followed} if followed else counts
