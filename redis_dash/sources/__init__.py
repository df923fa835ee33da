"""Sources read frames from Redis: one file per topic, registered here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from redis_dash.config import Config
from redis_dash.core.patterns import Matcher, Pattern
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
    """Tells which topics show a key: by their patterns, or because they read it by its name."""

    def __init__(self, config: Config, follows: Callable[[bytes], bool] = lambda name: False) -> None:
        """``follows`` tells whether the stream of a key is followed."""
        globs = {
            source.topic: [one for group in source.key_groups(config).values() for one in group] for source in SOURCES
        }
        self._matcher = Matcher({topic: found for topic, found in globs.items() if found}, config.ignore)
        named = [(source.topic, source.named_keys(config)) for source in SOURCES]
        self._named = [
            (topic, Pattern(glob), words) for topic, keys in named for glob, words in keys.items() if glob.strip("*")
        ]
        self._follows = follows
        self.key_types = {source.topic: source.key_types for source in SOURCES}
        """By topic, the types of keys that it shows; empty if that is not limited."""

    def __call__(self, names: Sequence[bytes], key_type: str) -> Mapping[str, int]:
        """By topic, how many of these names it shows.

        Args:
            key_type: the type of these keys; empty if it is not known.
        """
        found = self._matcher.sort(names)
        fits = {topic: not (types and key_type) or key_type in types for topic, types in self.key_types.items()}
        shown = {topic: set(keys) for topic, keys in found.items() if fits[topic]}
        for name in names:
            for topic, _ in self._named_as(name):
                shown.setdefault(topic, set()).add(name)
        return {topic: len(keys) for topic, keys in shown.items()}

    def read_as(self, names: Sequence[bytes]) -> str:
        """What these keys are, where a topic reads each of them by its name; empty if not."""
        found = [[words for _, words in self._named_as(name)] for name in names]
        return "; ".join(dict.fromkeys(chain.from_iterable(found))) if all(found) else ""

    def _named_as(self, name: bytes) -> Iterator[tuple[str, str]]:
        """The topics that read this key by its name, and what it is."""
        if self._follows(name):
            yield EventsSource.topic, "followed stream"
        for topic, pattern, words in self._named:
            if pattern.variable(name) is not None:
                yield topic, words
