"""Reads the settings: defaults, then the TOML file, the environment, a profile of the file, then flags."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from redis_dash.config.layers import (
    Layer,
    PasswordSource,
    environment_layer,
    file_layer,
    flags_layer,
    merged,
    password_source,
    profile_layer,
)
from redis_dash.config.password import Secret, from_command, from_file, typed
from redis_dash.config.settings import Config, LimitPattern
from redis_dash.config.toml_file import read_toml
from redis_dash.config.url import Url
from redis_dash.config.way_in import check_together
from redis_dash.core.errors import ConfigError

ASK, DATABASE, LIMIT = "ask_password", "database", "limit"
"""Flags that are no settings: they change one."""


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The default path of the configuration file."""
    base = environ.get("XDG_CONFIG_HOME")
    if base:
        return Path(base) / "redis-dash" / "config.toml"
    import platformdirs  # imported here for a quick start

    folder = platformdirs.user_config_path("redis-dash")
    return folder / "config.toml"


class Settings(NamedTuple):
    """The settings that hold, before a password is read."""

    config: Config
    layers: Mapping[str, Layer]
    """Where each setting is from; those that are missing have their default."""
    password: PasswordSource | None
    """None if the URL holds it, or nothing does."""
    asks: bool
    """Whether the user types the password."""
    changed: Mapping[str, str]
    """The settings that a flag has changed in part."""

    @property
    def url(self) -> Url:
        """The URL with the user, and with the options of TLS and SSH."""
        return Url(self.config.url).with_way_in(self.config.user or None, None, self.config.options())


def settings(
    path: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ, profile: str | None = None
) -> Settings:
    """Merge file, environment, profile and flags; see ``load``.

    Raises:
        ConfigError: the text names the file, the line and the setting, the variable or the flag.
    """
    file = read_toml(path or config_path(environ), must_exist=path is not None)
    flags = dict(flags)
    limit, database, asks = flags.pop(LIMIT, None), flags.pop(DATABASE, None), bool(flags.pop(ASK, False))
    named = [] if profile is None else [profile_layer(file, profile)]
    layers = [file_layer(file), environment_layer(environ), *named, flags_layer(flags)]
    found = merged(layers)
    origins = {name: one.layer for name, one in found.items()}
    config = msgspec.convert({name: one.value for name, one in found.items()}, Config)  # each layer was checked
    try:
        url = Url(config.url)
        if database is not None:
            config = msgspec.structs.replace(config, url=url.with_database(database).reveal())
    except ConfigError as error:
        raise ConfigError(f"{origins['url'].place('url')}{_named(origins['url'])}{error}") from None
    check_together(config, url, {name: layer.place(name) for name, layer in origins.items()})
    if limit is not None:
        limits = tuple(LimitPattern(one.keys, limit) for one in config.limits)
        config = msgspec.structs.replace(config, limits=limits)
    changes = {"url": ("-n", database), "limits": ("--limit", limit)}
    changed = {name: flag for name, (flag, value) in changes.items() if value is not None}
    return Settings(config, origins, password_source(layers), asks, changed)


def _named(layer: Layer) -> str:
    return "url: " if layer.file is not None else ""


def load(
    path: Path | None,
    flags: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
    profile: str | None = None,
    ask: Callable[[str], Secret] = typed,
) -> Config:
    """Merge file, environment, profile and flags, and read the password.

    Args:
        path: a file named by the user, which must exist; None means ``config_path``.
        flags: name of the setting -> value as in TOML, only those that were given. The flag ``limit`` replaces the
            limit of each of ``limits``, and ``database`` that of the URL; with ``ask_password`` the user is asked.
        profile: the name of a profile of the file, which wins over the environment.
        ask: reads a password from the terminal; its argument is the server.

    Raises:
        ConfigError: the text names the file, the line and the setting, the variable or the flag.
    """
    found = settings(path, flags, environ, profile)
    config = found.config
    password = ask(found.url.described) if found.asks else _read(found.password)
    secret = None if password is None else password.reveal()
    options = config.options()
    if not (options or config.user or password is not None):
        return config
    url = Url(config.url).with_way_in(config.user or None, secret, options)
    return msgspec.structs.replace(config, url=url.reveal())


def _read(source: PasswordSource | None) -> Secret | None:
    if source is None:
        return None
    if isinstance(source.value, Secret):
        return source.value
    read = from_file if source.name == "password_file" else from_command
    try:
        return read(source.value)
    except ConfigError as error:
        place = source.layer.place(source.name)
        name = f"{source.name}: " if source.layer.file is not None else ""
        raise ConfigError(f"{place}{name}{error}") from None
