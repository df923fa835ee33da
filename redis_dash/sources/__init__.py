"""Redis -> frames: one file a topic, registered here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis_dash.config import Config
from redis_dash.sources import leaderboards, rate_limits, sessions
from redis_dash.sources.base import Context, Source
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.cache import family as cache_family
from redis_dash.sources.events import EventsSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.server import ServerSource
from redis_dash.sources.sessions import SessionsSource

SOURCES: tuple[Callable[[Context], Source[Any]], ...] = (
    ServerSource,
    EventsSource,
    SessionsSource,
    RateLimitsSource,
    LeaderboardsSource,
    CacheSource,
)


def tracked(config: Config) -> dict[str, tuple[str, ...]]:
    """The kinds whose keys the server is asked to name as they are written: all but boards, which are read anyway."""
    found = families(config)
    return {name: globs for name, globs in found.items() if name != leaderboards.FAMILY}


def families(config: Config) -> dict[str, tuple[str, ...]]:
    """What the shared scan looks for: family name -> globs."""
    return {
        sessions.FAMILY: config.sessions,
        rate_limits.FAMILY: tuple(limit.keys for limit in config.limits),
        leaderboards.FAMILY: config.leaderboards,
        **{cache_family(cache.name): (cache.keys,) for cache in config.caches},
    }
