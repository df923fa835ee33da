"""All settings, with their defaults."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from redis_dash.config.way_in import WayIn
from redis_dash.core.errors import ConfigError
from redis_dash.dialects.base import Rule, SessionPattern

MOST_STREAMS = 32
"""Streams that are followed at once."""


PATTERNS = ("channels", "shard_channels", "streams", "sessions", "limits", "leaderboards", "caches", "ignore")
"""Settings that are lists of patterns, or of tables with patterns."""


def _check_patterns(name: str, entries: Sequence[object]) -> None:
    for number, one in enumerate(entries, 1):
        if not (one if isinstance(one, str) else getattr(one, "keys")):  # noqa: B009 - each table has it
            place = f"{name}, entry {number}" if isinstance(one, str) else f"{name}, entry {number}, keys"
            raise ValueError(f"{place}: a pattern is empty")


def parse_rule(text: str) -> Rule:
    """Read ``100/60`` (100 requests in 60 seconds).

    Raises:
        ConfigError: the text has another form.
    """
    count, _, window = text.partition("/")
    try:
        rule = Rule(int(count), float(window))
    except ValueError:
        rule = Rule(0, 0)
    if rule.limit < 1 or not 0 < rule.window_s < float("inf"):
        raise ConfigError(f"a limit is written REQUESTS/SECONDS, for example 100/60, not {text!r}")
    return rule


class LimitPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of one limiter; ``limit`` as in ``"100/60"``, empty if it is unknown."""

    keys: str
    limit: str = ""
    format: str = ""
    """The name of a layout or a dialect; empty if it is to be found out key by key."""

    def __post_init__(self) -> None:
        if self.limit == "none":
            raise ValueError("limit: 'none' is for the flag --limit; in a file leave out `limit` where it is unknown")
        try:
            self.rule  # noqa: B018 - raises its error
        except ConfigError as error:
            raise ValueError(f"limit: {error}") from None  # msgspec adds the place in the file

    @property
    def rule(self) -> Rule | None:
        """The limit, or None if it is unknown."""
        return parse_rule(self.limit) if self.limit else None


class CachePattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of one cache, and the hash in which the application counts its hits and misses."""

    name: str
    keys: str
    stats: str = ""

    @property
    def stats_key(self) -> str:
        """The key of the counters; the default is the demo application's convention."""
        return self.stats or f"cache:stats:{self.name}"


class BoardPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of leaderboards; ``name`` is shown in place of the part of a key that the pattern fixes."""

    keys: str
    name: str = ""


class Config(WayIn, frozen=True, forbid_unknown_fields=True):
    """All settings. The defaults assume no limit and no cache, since Redis does not store either.

    After loading, ``url`` holds the whole way to the server, with the password.
    """

    channels: tuple[str, ...] = ("*",)
    shard_channels: tuple[str, ...] = ()
    """Channels of SPUBLISH, by their full names."""
    streams: tuple[str, ...] = ()
    """The keys of streams that are followed: names, no patterns."""
    sessions: tuple[str | SessionPattern, ...] = ("session:*",)
    limits: tuple[LimitPattern, ...] = (LimitPattern("ratelimit:*"),)
    leaderboards: tuple[str | BoardPattern, ...] = ("leaderboard", "leaderboard:*")
    caches: tuple[CachePattern, ...] = ()
    ignore: tuple[str, ...] = ()
    """Patterns of keys that are shown nowhere."""
    refresh_s: float = 1.0
    budget: float = 0.01
    """Share of one server core that scanning may take."""
    ascii: bool | None = None
    """Whether the dashboard is drawn in ASCII; None: as the locale says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.refresh_s <= 3600:
            raise ValueError("refresh_s must lie between 0.1 and 3600 seconds")
        if not 0 < self.budget <= 1:
            raise ValueError("budget is a share of one core, above 0 and at most 1")
        for name in PATTERNS:
            _check_patterns(name, getattr(self, name))
        if len(self.streams) > MOST_STREAMS:
            raise ValueError(f"at most {MOST_STREAMS} streams can be followed")
        self._check_formats()

    def _check_formats(self) -> None:
        """Check formats and paths, if there are any: only then the dialects are imported, for a quick start."""
        if not any(one.format or one.is_described for one in self.session_patterns) and not any(
            one.format for one in self.limits
        ):
            return
        from redis_dash.dialects.registry import check_limit_format, dialect_of

        place = ""
        try:
            for number, one in enumerate(self.session_patterns, 1):
                place = f"sessions, entry {number}"
                dialect_of(one)
            for number, limit in enumerate(self.limits, 1):
                place = f"limits, entry {number}"
                check_limit_format(limit.format)
        except ConfigError as error:
            raise ValueError(f"{place}, {error}") from None

    @property
    def session_patterns(self) -> tuple[SessionPattern, ...]:
        """The patterns of session keys, and their formats."""
        return tuple(SessionPattern(one) if isinstance(one, str) else one for one in self.sessions)

    @property
    def session_globs(self) -> tuple[str, ...]:
        """The patterns of session keys."""
        return tuple(pattern.keys for pattern in self.session_patterns)

    @property
    def companion_globs(self) -> tuple[str, ...]:
        """The patterns of keys that change when a session ends."""
        return tuple(one.glob(pattern.keys) for pattern in self.session_patterns for one in pattern.companions)

    @property
    def board_globs(self) -> tuple[str, ...]:
        """The patterns of leaderboards."""
        return tuple(one if isinstance(one, str) else one.keys for one in self.leaderboards)

    def __repr__(self) -> str:
        return "Config(…)"  # `url` may hold a password, and tracebacks print locals
