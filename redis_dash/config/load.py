"""Reads the settings: defaults, then the TOML file, then the environment, then flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from redis_dash.config.errors import in_users_words
from redis_dash.config.settings import Config, LimitPattern
from redis_dash.config.url import Url
from redis_dash.core.errors import ConfigError


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
        flags: field name -> value as in TOML. The flag ``limit`` replaces the limit of each of ``limits``, and
            ``database`` that of the URL.

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
    limit, database = flags.pop("limit", None), flags.pop("database", None)
    values.update(flags)
    config = _convert(values, "")
    try:
        url = Url(config.url)
    except ConfigError as error:
        raise ConfigError(f"{'' if 'url' in flags else origin}{error}") from None
    if database is not None:
        config = msgspec.structs.replace(config, url=url.with_database(database).reveal())
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
        raise ConfigError(f"{place}{in_users_words(str(error))}") from None
