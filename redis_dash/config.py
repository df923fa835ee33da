"""What to watch and how: defaults, then the TOML file, then the environment, then flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

import msgspec

from redis_dash.dialects.base import Rule
from redis_dash.model import ConfigError

SCHEMES = ("redis", "rediss", "unix")
ESCAPE = "in a password / # ? @ are written %2F %23 %3F %40"
DEFAULT_URL = "redis://127.0.0.1:6379/0"


class Url:
    """A Redis URL that never shows its password: not in ``repr``, not in ``str``, not in a traceback's locals."""

    __slots__ = ("_raw", "database", "shown")

    def __init__(self, raw: str) -> None:
        try:
            parts = urlsplit(raw)
            port = parts.port
        except ValueError:  # whose text quotes what it takes for the port: it may be a part of the password
            raise ConfigError(f"the Redis URL cannot be read; {ESCAPE}, and the port a number") from None
        if parts.scheme not in SCHEMES:
            raise ConfigError(f"a Redis URL begins with redis://, rediss:// or unix://; for example {DEFAULT_URL}")
        if parts.scheme != "unix" and not parts.hostname:
            raise ConfigError(f"the Redis URL names no host; for example {DEFAULT_URL}")
        self._raw = raw
        self.database = _database(parts.path if parts.scheme != "unix" else "", parts.query)
        """The number of the database."""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        where = f"{host}:{port or 6379}" if parts.scheme != "unix" else ""
        user = f"{quote(unquote(parts.username))}@" if parts.username else ""
        path = parts.path if parts.path not in ("", "/") else "/0"
        self.shown = urlunsplit((parts.scheme, user + where, path, "", ""))
        """The URL without password and options: for screens, logs and exports."""

    def reveal(self) -> str:
        """The whole URL, for the driver only."""
        return self._raw

    def __repr__(self) -> str:
        return f"Url({self.shown!r})"

    def __str__(self) -> str:
        return self.shown


def _database(path: str, query: str) -> int:
    text = parse_qs(query).get("db", [path.strip("/")])[0] or "0"
    if not text.isdecimal():
        raise ConfigError(f"the Redis URL's path is the database's number, for example /0; {ESCAPE}")
    return int(text)


def parse_rule(text: str) -> Rule:
    """Read ``100/60`` (100 requests in 60 seconds).

    Raises:
        ConfigError: it is something else.
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
    """Keys of one limiter; ``limit`` as in ``"100/60"``, empty where it is unknown."""

    keys: str
    limit: str = ""

    def __post_init__(self) -> None:
        try:
            self.rule  # noqa: B018 - for its error
        except ConfigError as error:
            raise ValueError(str(error)) from None  # which msgspec completes with the place in the file

    @property
    def rule(self) -> Rule | None:
        """The limit, or None where it is unknown."""
        return parse_rule(self.limit) if self.limit else None


class CachePattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of one cache, and the hash in which the application counts its hits and misses."""

    name: str
    keys: str
    stats: str = ""

    @property
    def stats_key(self) -> str:
        """The counters' key, by the demo application's convention where none is given."""
        return self.stats or f"cache:stats:{self.name}"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set; the defaults assume no limit and no cache, which Redis does not tell."""

    url: str = DEFAULT_URL
    channels: tuple[str, ...] = ("*",)
    sessions: tuple[str, ...] = ("session:*",)
    limits: tuple[LimitPattern, ...] = (LimitPattern("ratelimit:*"),)
    leaderboards: tuple[str, ...] = ("leaderboard", "leaderboard:*")
    caches: tuple[CachePattern, ...] = ()
    refresh_s: float = 1.0
    budget: float = 0.01
    """Share of one server core that scanning may take."""

    def __post_init__(self) -> None:
        if not 0.1 <= self.refresh_s <= 3600:
            raise ValueError("refresh_s must lie between 0.1 and 3600 seconds")
        if not 0 < self.budget <= 1:
            raise ValueError("budget is a share of one core, above 0 and at most 1")

    def __repr__(self) -> str:
        return "Config(…)"  # `url` may hold a password, and tracebacks print locals


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the configuration file is looked for."""
    base = environ.get("XDG_CONFIG_HOME")
    if base:
        return Path(base) / "redis-dash" / "config.toml"
    import platformdirs  # here, and not above, for a quick start

    folder = platformdirs.user_config_path("redis-dash")
    return folder / "config.toml"


def load(path: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Config:
    """Merge file, environment and flags (those that were given; a flag replaces the file's value).

    Args:
        path: a file named by the user, which must exist; None looks at ``config_path``.
        flags: field name -> value in TOML's terms; besides, ``limit`` replaces the limit of every limiter's pattern.

    Raises:
        ConfigError: names the file and the field, or the flag.
    """
    place = path or config_path(environ)
    values: dict[str, Any] = {}
    if path is not None or place.exists():
        values = _read_toml(place)
        _convert(values, str(place))
    if environ.get("REDIS_URL"):
        values["url"] = environ["REDIS_URL"]
    flags = dict(flags)
    limit = flags.pop("limit", None)
    values.update(flags)
    config = _convert(values, "the options")
    if limit is None:
        return config
    return msgspec.structs.replace(config, limits=tuple(LimitPattern(one.keys, limit) for one in config.limits))


def _read_toml(place: Path) -> dict[str, Any]:
    import tomllib  # here, and not above, for a quick start: most people have no file

    try:
        return tomllib.loads(place.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{place}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: not valid TOML: {error}") from None


def _convert(values: dict[str, Any], place: str) -> Config:
    try:
        return msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}: {_in_toml_terms(str(error))}") from None


def _in_toml_terms(message: str) -> str:
    """msgspec speaks of objects and ``$.limits[0]``; TOML users know tables and names."""
    known = ", ".join(Config.__struct_fields__)
    message = message.replace("Object contains unknown field", "unknown setting").replace("at `$.", "at `")
    return f"{message} (settings are {known})" if message.startswith("unknown setting") else message
