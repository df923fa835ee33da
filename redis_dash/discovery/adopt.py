"""Adds what was recognised to the configuration, where the user has configured nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from redis_dash.config import CachePattern, Config, LimitPattern
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.layout import Claim, Topic

DEFAULTS = Config()


def may_adopt(config: Config) -> bool:
    """Whether the user has left a topic unconfigured."""
    names = ("sessions", "limits", "caches", "leaderboards")
    return any(getattr(config, name) == getattr(DEFAULTS, name) for name in names)


def adopted(config: Config, claims: Sequence[Claim]) -> Config:
    """The configuration with the recognised keys. A topic that the user has configured stays as it is."""
    changes: dict[str, object] = {}
    if config.sessions == DEFAULTS.sessions and (globs := _globs(claims, "sessions")):
        found = [SessionPattern(glob, name) for glob, name in globs.items()]
        changes["sessions"] = (*found, *(one for one in config.session_patterns if one.keys not in globs))
    if config.limits == DEFAULTS.limits and (globs := _globs(claims, "rate_limits")):
        limits = [LimitPattern(glob, format=name) for glob, name in globs.items()]
        changes["limits"] = (*limits, *(one for one in config.limits if one.keys not in globs))
    if config.caches == DEFAULTS.caches and (globs := _globs(claims, "cache")):
        changes["caches"] = tuple(CachePattern(f"{name}: {glob}", glob) for glob, name in globs.items())
    if config.leaderboards == DEFAULTS.leaderboards and (globs := _globs(claims, "leaderboards")):
        changes["leaderboards"] = (*globs, *(glob for glob in config.leaderboards if glob not in globs))
    return msgspec.structs.replace(config, **changes) if changes else config


def _globs(claims: Sequence[Claim], topic: Topic) -> dict[str, str]:
    """The globs of a topic, with the names of their layouts."""
    return {claim.glob: claim.layout.name for claim in claims if claim.layout.topic == topic}
