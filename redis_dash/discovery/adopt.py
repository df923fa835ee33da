"""Adds what was recognised to the configuration, where the user has configured nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress, islice
from typing import NamedTuple

import msgspec

from redis_dash.config import BoardPattern, CachePattern, Choices, Config, LimitPattern
from redis_dash.core.decoding import raw
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Pattern
from redis_dash.core.toml_text import without_odd_bytes
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.layout import Claim, Topic
from redis_dash.dialects.registry import layouts

DEFAULTS = Config()
MOST_GLOBS = 30
"""Recognised kinds of keys of one topic that are watched. There may be one for each customer."""


FIELDS: Mapping[str, str] = {
    "sessions": "sessions",
    "rate_limits": "limits",
    "cache": "caches",
    "leaderboards": "leaderboards",
}
"""The field of the configuration that names the keys of a topic."""


def open_topics(config: Config) -> frozenset[str]:
    """The topics that the user has left unconfigured, and whose keys some framework writes."""
    topics = {layout.topic for layout in layouts()} & FIELDS.keys()
    return frozenset(topic for topic in topics if _is_open(config, topic))


def _is_open(config: Config, topic: str) -> bool:
    return bool(getattr(config, FIELDS[topic]) == getattr(DEFAULTS, FIELDS[topic]))


def may_adopt(config: Config) -> bool:
    """Whether the user has left a topic unconfigured."""
    return bool(open_topics(config))


class Adopted(NamedTuple):
    """The configuration with the recognised keys, and what it leaves out."""

    config: Config
    left_out: Mapping[str, int]
    """By topic: how many recognised kinds are not watched, because they are too many."""


def adopted(config: Config, claims: Sequence[Claim], choices: Choices | None = None) -> Adopted:
    """Add the recognised keys, the first claims first. A topic that the user has configured stays as it is.

    Args:
        choices: what the user has chosen in the dashboard. It is added in any case.
    """
    choices = choices or Choices()
    ignored = {*config.ignore, *choices.ignored}
    # Those of sessions stay: by their patterns their keys are masked wherever they are named.
    is_left = [claim.layout.topic == "sessions" or without_odd_bytes(claim.glob) not in ignored for claim in claims]
    found = _adopted(config, list(compress(claims, is_left)))
    return found._replace(config=_with_choices(found.config, claims, choices))


def _with_choices(config: Config, claims: Sequence[Claim], choices: Choices) -> Config:
    """Add the keys that the user has chosen for a pane, first, and those that are to be ignored."""
    changes: dict[str, object] = {}
    if sessions := _chosen_for("sessions", set(config.session_globs), claims, choices):
        patterns = (SessionPattern(keys, format_) for keys, format_, _ in sessions)
        changes["sessions"] = (*patterns, *config.sessions)
    if limits := _chosen_for("rate_limits", {limit.keys for limit in config.limits}, claims, choices):
        changes["limits"] = (*(LimitPattern(keys, format=format_) for keys, format_, _ in limits), *config.limits)
    if caches := _chosen_for("cache", {cache.keys for cache in config.caches}, (), choices):
        changes["caches"] = (*config.caches, *(CachePattern(name or keys, keys) for keys, _, name in caches))
    if boards := _chosen_for("leaderboards", set(config.board_globs), (), choices):
        named = (BoardPattern(keys, name) if name else keys for keys, _, name in boards)
        changes["leaderboards"] = (*named, *config.leaderboards)
    if ignored := [keys for keys in choices.ignored if keys not in config.ignore]:
        changes["ignore"] = (*config.ignore, *ignored)
    return msgspec.structs.replace(config, **changes) if changes else config


def _chosen_for(
    topic: str, known: Collection[str], claims: Sequence[Claim], choices: Choices
) -> list[tuple[str, str, str]]:
    """The patterns that the user has chosen for a topic, with format and name; first those that were recognised in it.

    Args:
        known: patterns that are watched in any case.
        claims: what was recognised.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for kind in choices.kinds:
        if kind.topic != topic or kind.ignored:
            continue
        pattern = Pattern(kind.keys)
        for claim in claims:
            if claim.layout.topic == topic and pattern.variable(raw(claim.glob)) is not None:
                found.setdefault(claim.glob, (claim.glob, claim.layout.name, kind.name))
        found.setdefault(kind.keys, (kind.keys, kind.format, kind.name))
    return [one for keys, one in found.items() if keys not in known]


def _adopted(config: Config, claims: Sequence[Claim]) -> Adopted:
    changes: dict[str, object] = {}
    left_out: dict[str, int] = {}

    def globs_of(topic: Topic) -> dict[str, str]:
        if not _is_open(config, topic):
            return {}
        globs: dict[str, str] = {}
        for claim in claims:
            if claim.layout.topic == topic:
                globs.setdefault(claim.glob, claim.layout.name)
        if len(globs) > MOST_GLOBS:
            left_out[topic] = len(globs) - MOST_GLOBS
        return dict(islice(globs.items(), MOST_GLOBS))

    if globs := globs_of("sessions"):
        # The default also matches `session:count`; beside an exact glob of the same prefix it would count too many.
        rest = (one for one in config.session_patterns if not any(_covers(one.keys, glob) for glob in globs))
        changes["sessions"] = (*(SessionPattern(glob, name) for glob, name in globs.items()), *rest)
    if globs := globs_of("rate_limits"):
        limits = [LimitPattern(glob, format=name) for glob, name in globs.items()]
        changes["limits"] = (*limits, *(one for one in config.limits if one.keys not in globs))
    if globs := globs_of("cache"):
        changes["caches"] = tuple(CachePattern(f"{name}: {glob}", glob) for glob, name in globs.items())
    if globs := globs_of("leaderboards"):
        changes["leaderboards"] = (*globs, *(one for one in config.leaderboards if one not in globs))
    return Adopted(msgspec.structs.replace(config, **changes) if changes else config, left_out)


def _covers(default: str, glob: str) -> bool:
    """Whether a default, a prefix and ``*``, matches all keys of a glob."""
    return Glob.of(glob).before.startswith(Glob.of(default).before)
