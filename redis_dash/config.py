"""The configuration: defaults, then the TOML file, then the environment, then flags."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

import msgspec

from redis_dash.core.errors import ConfigError
from redis_dash.dialects.base import Rule, SessionPattern

SCHEMES = ("redis", "rediss", "unix")
ESCAPE = "in a password / # ? @ are written %2F %23 %3F %40"
DEFAULT_URL = "redis://127.0.0.1:6379/0"


class Url:
    """A Redis URL that never shows its password: not in ``repr``, not in ``str``, not in a traceback's locals."""

    __slots__ = ("_raw", "database", "shown", "user")

    def __init__(self, raw: str) -> None:
        try:
            raw.encode()
            parts = urlsplit(raw)
            port = parts.port
        except ValueError:  # its text quotes the port, which may be a part of the password
            raise ConfigError(f"the Redis URL cannot be read; {ESCAPE}, and the port a number") from None
        if parts.scheme not in SCHEMES:
            raise ConfigError(f"a Redis URL begins with redis://, rediss:// or unix://; {_example(raw)}")
        _check_place(parts)
        self._raw = raw
        self.database = _database(parts.path if parts.scheme != "unix" else "", parts.query)
        """The number of the database."""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        where = f"{host}:{port or 6379}" if parts.scheme != "unix" else ""
        user = f"{quote(unquote(parts.username))}@" if parts.username else ""
        path = parts.path if parts.path not in ("", "/") or parts.scheme == "unix" else "/0"
        self.shown = f"{parts.scheme}://{user}{where}{path}"
        """The URL without password and options: for screens, logs and exports."""
        self.user = unquote(parts.username or parse_qs(parts.query).get("username", [""])[0]) or "default"
        """The name of the ACL user."""

    def reveal(self) -> str:
        """The whole URL, for the driver only."""
        return self._raw

    def __repr__(self) -> str:
        return f"Url({self.shown!r})"

    def __str__(self) -> str:
        return self.shown


def _example(raw: str) -> str:
    """The probable intention. Only a bare host is repeated, since anything else may hold a password."""
    if re.fullmatch(r"localhost|[\w-]+(\.[\w-]+)+|(localhost|[\w.-]+):\d{1,5}(/\d*)?", raw, re.ASCII):
        return f"did you mean 'redis://{raw}'?"
    if raw.startswith("/"):
        return "did you mean unix:// and the path of a socket?"
    return f"for example {DEFAULT_URL}"


def _check_place(parts: SplitResult) -> None:
    """Check the host or the socket. Errors do not repeat it, since it may be a part of a password.

    Raises:
        ConfigError: it cannot exist.
    """
    host = unquote(parts.hostname or "")
    if parts.scheme == "unix":
        if host:
            raise ConfigError("a socket's path begins with a slash, the third one: unix:///run/redis.sock")
        if "\0" in unquote(parts.path):
            raise ConfigError("a socket's path holds no NUL")
        return
    if not host:
        raise ConfigError(f"the Redis URL names no host; for example {DEFAULT_URL}")
    if parts.port == 0:
        raise ConfigError("the Redis URL's port is a number from 1 to 65535")
    try:
        host.encode("idna")
    except UnicodeError:  # an empty label, or one of more than 63 characters
        is_name = ":" in host
    else:
        is_name = host.isprintable() and " " not in host
    if not is_name:
        reason = "between its dots are 1 to 63 characters, none of them blank"
        raise ConfigError(f"no host can have the name that the Redis URL gives: {reason}; {ESCAPE}")


def _database(path: str, query: str) -> int:
    text = parse_qs(query).get("db", [path.strip("/")])[0] or "0"
    if not text.isdecimal():
        raise ConfigError(f"the Redis URL's path is the database's number, for example /0; {ESCAPE}")
    return int(text)


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
        try:
            self.rule  # noqa: B018 - raises its error
        except ConfigError as error:
            raise ValueError(str(error)) from None  # msgspec adds the place in the file

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


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. The defaults assume no limit and no cache, since Redis does not store either."""

    url: str = DEFAULT_URL
    channels: tuple[str, ...] = ("*",)
    sessions: tuple[str | SessionPattern, ...] = ("session:*",)
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
        keys = [*(limit.keys for limit in self.limits), *(cache.keys for cache in self.caches)]
        if "" in (*self.channels, *self.session_globs, *self.leaderboards, *keys):
            raise ValueError("a pattern is empty")
        self._check_formats()

    def _check_formats(self) -> None:
        if not any([*(one.format for one in self.session_patterns), *(one.format for one in self.limits)]):
            return
        # Imported here, for a quick start: all dialects, and what they decode with.
        from redis_dash.dialects.registry import limit_dialect, session_dialect

        for pattern in self.session_patterns:
            if pattern.format and session_dialect(pattern.format) is None:
                raise ValueError(f"no format of sessions has the name {pattern.format!r}")
        for limit in self.limits:
            if limit.format and limit_dialect(limit.format) is None:
                raise ValueError(f"no format of limits has the name {limit.format!r}")

    @property
    def session_patterns(self) -> tuple[SessionPattern, ...]:
        """The patterns of session keys, and their formats."""
        return tuple(SessionPattern(one) if isinstance(one, str) else one for one in self.sessions)

    @property
    def session_globs(self) -> tuple[str, ...]:
        """The patterns of session keys."""
        return tuple(pattern.keys for pattern in self.session_patterns)

    def __repr__(self) -> str:
        return "Config(…)"  # `url` may hold a password, and tracebacks print locals


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The default path of the configuration file."""
    base = environ.get("XDG_CONFIG_HOME")
    if base:
        return Path(base) / "redis-dash" / "config.toml"
    import platformdirs  # imported here for a quick start

    folder = platformdirs.user_config_path("redis-dash")
    return folder / "config.toml"


def load(path: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Config:
    """Merge file, environment and flags (those that were given; a flag replaces the file's value).

    Args:
        path: a file named by the user, which must exist; None means ``config_path``.
        flags: field name -> value as in TOML. The flag ``limit`` replaces the limit of each of ``limits``.

    Raises:
        ConfigError: the text names the file and the field, the variable or the flag.
    """
    place = path or config_path(environ)
    values = _read_toml(place, must_exist=path is not None)
    _convert(values, f"{place}: ")
    origin = f"{place}: url: " if "url" in values else ""
    if environ.get("REDIS_URL"):
        values["url"], origin = environ["REDIS_URL"], "REDIS_URL: "
    flags = dict(flags)
    limit = flags.pop("limit", None)
    values.update(flags)
    config = _convert(values, "")
    try:
        Url(config.url)
    except ConfigError as error:
        raise ConfigError(f"{'' if 'url' in flags else origin}{error}") from None
    if limit is None:
        return config
    return msgspec.structs.replace(config, limits=tuple(LimitPattern(one.keys, limit) for one in config.limits))


def _read_toml(place: Path, *, must_exist: bool) -> dict[str, Any]:
    import tomllib  # imported here for a quick start: most users have no file

    try:
        return tomllib.loads(place.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise ConfigError(f"{place}: {error.strerror}") from None
        return {}
    except OSError as error:
        raise ConfigError(f"{place}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: not valid TOML: {error}") from None


def _convert(values: dict[str, Any], place: str) -> Config:
    try:
        return msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}{_in_users_words(str(error))}") from None


_KINDS = {
    "array": "a list",
    "object": "a table",
    "str": "a text in quotes",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date",
    "time": "a time of day",
}
_SETTINGS: Mapping[str, type[msgspec.Struct]] = {
    "sessions": SessionPattern,
    "limits": LimitPattern,
    "caches": CachePattern,
}


def _in_users_words(message: str) -> str:
    """Replace msgspec's objects, arrays and ``$.limits[0]`` by TOML's tables, lists and names."""
    message, _, path = message.partition(" - at `")
    path = path.removeprefix("$.").removesuffix("`").replace(".", ", ")
    where = re.sub(r"\[(\d+)\]", lambda entry: f", entry {int(entry[1]) + 1}", path)
    table = where.partition(",")[0]
    if unknown := re.fullmatch("Object contains unknown field (.*)", message):
        known = ", ".join(_SETTINGS.get(table, Config).__struct_fields__)
        message = f"unknown setting {unknown[1]} (settings are {known})"
    elif missing := re.fullmatch("Object missing required field (.*)", message):
        message = f"{missing[1]} is missing"
    elif wrong := re.fullmatch("Expected `(.*)`, got `(.*)`", message):
        wanted, given = (_KINDS.get(kind, kind) for kind in wrong.groups())
        message = f"{wanted} is expected, not {given}"
        if where in _SETTINGS:
            message += f"; tables in a list are written [[{where}]]"
    return f"{where}: {message}" if where else message
