"""What would be watched if kinds of keys could be read that may belong to a topic."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from redis_dash.config import CachePattern, Config, LimitPattern
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.unread import COMPARED, Kind


def as_recognised(config: Config, topic: str, kinds: Sequence[Kind]) -> Config:
    """The settings as they would be with these kinds, in each format that their names allow."""
    found = [
        (pattern.glob, layout.name)
        for pattern, _ in kinds
        for layout in layouts()
        if layout.topic == topic and any(layout.read_name(name) is not None for name in pattern.keys[:COMPARED])
    ]
    match topic:
        case "sessions":
            patterns = (SessionPattern(glob, name) for glob, name in found)
            return msgspec.structs.replace(config, sessions=(*patterns, *config.sessions))
        case "rate_limits":
            limits = (LimitPattern(glob, format=name) for glob, name in found)
            return msgspec.structs.replace(config, limits=(*limits, *config.limits))
        case "cache":
            caches = (CachePattern(glob, glob) for glob, _ in dict.fromkeys(found))
            return msgspec.structs.replace(config, caches=(*caches, *config.caches))
    return config
