"""Reads the settings: defaults, then the TOML file, the environment, a profile of the file, then flags."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from redis_dash.config.layers import (
    OF_SENTINELS,
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
from redis_dash.config.several_hosts import SENTINEL_EXAMPLE, SENTINEL_PASSWORD
from redis_dash.config.toml_file import read_toml
from redis_dash.config.url import Url
from redis_dash.config.url_options import option_troubles
from redis_dash.config.way_in import FILES, PASSWORDS, SENTINEL_PASSWORDS, contradictions
from redis_dash.core.errors import ConfigError

ASK, ASK_SENTINEL, DATABASE, LIMIT = "ask_password", "ask_sentinel_password", "database", "limit"
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
    sentinel_password: PasswordSource | None
    """The same for the password of the sentinels."""
    asks_for_sentinels: bool
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
    limit, database = flags.pop(LIMIT, None), flags.pop(DATABASE, None)
    asks, asks_for_sentinels = (bool(flags.pop(name, False)) for name in (ASK, ASK_SENTINEL))
    named = [] if profile is None else [profile_layer(file, profile)]
    layers = [file_layer(file), environment_layer(environ), *named, flags_layer(flags)]
    if wrong := not_together(layers):
        raise ConfigError(wrong[0], wrong[1:])
    found = merged(layers)
    origins = {name: one.layer for name, one in found.items()}
    config = msgspec.convert({name: one.value for name, one in found.items()}, Config)  # each layer was checked
    url = Url(config.url)
    if database is not None:
        try:
            config = msgspec.structs.replace(config, url=url.with_database(database).reveal())
        except ConfigError as error:
            raise ConfigError(f"{_place_of_url(origins)}{error}") from None
    if asks_for_sentinels and not url.is_sentinel:
        raise ConfigError(f"--ask-sentinel-password is for Sentinel: the URL is in the form {SENTINEL_EXAMPLE}")
    if limit is not None:
        limits = tuple(LimitPattern(one.keys, limit) for one in config.limits)
        config = msgspec.structs.replace(config, limits=limits)
    changes = {"url": ("-n", database), "limits": ("--limit", limit)}
    changed = {name: flag for name, (flag, value) in changes.items() if value is not None}
    passwords = password_source(layers), asks, _for_sentinels(layers, url), asks_for_sentinels
    return Settings(config, origins, *passwords, changed)


def _for_sentinels(layers: Sequence[Layer], url: Url) -> PasswordSource | None:
    return password_source(layers, OF_SENTINELS) if url.is_sentinel else None


def not_together(layers: Sequence[Layer]) -> list[str]:
    """What is wrong with the URL, and what is only known of all settings together; each layer was checked."""
    try:
        found = merged(layers)
    except ConfigError as error:
        return [str(error)]
    origins = {name: one.layer for name, one in found.items()}
    config = msgspec.convert({name: one.value for name, one in found.items()}, Config)
    try:
        url = Url(config.url)
    except ConfigError as error:
        return [f"{_place_of_url(origins)}{error}"]
    wrong = [f"{_place_of_url(origins)}{text}" for text in option_troubles(url.reveal())]
    return [*wrong, *contradictions(config, url, {name: layer.place(name) for name, layer in origins.items()})]


def _place_of_url(origins: Mapping[str, Layer]) -> str:
    """Where the URL is, as errors begin; the default has no place, and no error."""
    layer = origins.get("url")
    return "" if layer is None else f"{layer.place('url')}{'url: ' if layer.file is not None else ''}"


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
            limit of each of ``limits``, and ``database`` that of the URL; with ``ask_password`` and
            ``ask_sentinel_password`` the user is asked.
        profile: the name of a profile of the file, which wins over the environment.
        ask: reads a password from the terminal; its argument is the server.

    Raises:
        ConfigError: the text names the file, the line and the setting, the variable or the flag.
    """
    found = settings(path, flags, environ, profile)
    config = found.config
    password = ask(found.url.described) if found.asks else _read(found.password)
    secret = None if password is None else password.reveal()
    asked = f"the sentinels of {found.url.described}"
    of_sentinels = ask(asked) if found.asks_for_sentinels else _read(found.sentinel_password)
    options = config.options()
    if of_sentinels is not None:
        options[SENTINEL_PASSWORD] = of_sentinels.reveal()
    config = msgspec.structs.replace(config, **_read_from(found))
    if not (options or config.user or password is not None):
        return config
    url = Url(config.url).with_way_in(config.user or None, secret, options)
    return msgspec.structs.replace(config, url=url.reveal())


def _read_from(found: Settings) -> dict[str, str]:
    """The settings of the files and programs that passwords were read from; empty for those that were not used."""
    used = dict.fromkeys((*PASSWORDS, *SENTINEL_PASSWORDS), "")
    asked = (found.password, found.asks), (found.sentinel_password, found.asks_for_sentinels)
    for source, is_typed in asked:
        if source is not None and not is_typed and isinstance(source.value, str):
            used[source.name] = source.value
    return used


def _read(source: PasswordSource | None) -> Secret | None:
    if source is None:
        return None
    if isinstance(source.value, Secret):
        return source.value
    read = from_file if source.name in FILES else from_command
    try:
        return read(source.value)
    except ConfigError as error:
        place = source.layer.place(source.name)
        name = f"{source.name}: " if source.layer.file is not None else ""
        raise ConfigError(f"{place}{name}{error}") from None
