"""Where settings come from: the file, the environment, a profile of the file, flags; the later one wins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from redis_dash.config.errors import PROFILES, in_file, nearest
from redis_dash.config.password import Secret
from redis_dash.config.toml_file import TomlFile
from redis_dash.config.troubles import troubles
from redis_dash.config.url import Url
from redis_dash.config.way_in import FILES, OF_URL, PASSWORDS, SENTINEL_PASSWORDS
from redis_dash.core.errors import ConfigError

URL_VARIABLE, PASSWORD_VARIABLE = "REDIS_URL", "REDIS_DASH_PASSWORD"
SENTINEL_VARIABLE = "REDIS_DASH_SENTINEL_PASSWORD"
_LISTS = ("channels", "shard_channels", "streams", "sessions", "limits", "leaderboards", "caches")
FLAGS = {"refresh_s": "--refresh"} | {name: f"--{name.removesuffix('s')}" for name in _LISTS}
"""The flags that are not named like the setting."""


_PAIRS = (PASSWORDS, SENTINEL_PASSWORDS)


class Layer(NamedTuple):
    """The settings from one place."""

    kind: str
    """``file``, ``profile``, ``environment`` or ``flags``."""
    values: Mapping[str, Any]
    file: TomlFile | None = None
    above: tuple[str, ...] = ()
    """The tables of the file around the values."""
    passwords: Mapping[str, Secret] = MappingProxyType({})
    """By the variable of the environment that holds it."""

    def place(self, name: str) -> str:
        """Where a setting is, as errors begin."""
        if self.file is not None:
            return self.file.place(*self.above, name)
        if self.kind == "environment":
            return f"{URL_VARIABLE}: "
        return "" if name == "url" else f"{flag_of(name)}: "

    def origin(self, name: str) -> str:
        """Where a setting is, in words."""
        if self.file is not None:
            return self.place(name).removesuffix(": ") + (f", profile {self.above[1]}" if self.above else "")
        if self.kind == "environment":
            return f"environment, {URL_VARIABLE}"
        return "command line" if name == "url" else f"flag {flag_of(name)}"


class Setting(NamedTuple):
    """A value, and where it is from."""

    value: Any
    layer: Layer


class Whose(NamedTuple):
    """Whose password it is, and where it can be."""

    settings: tuple[str, str]
    variable: str
    is_in: Callable[[Url], bool]
    """Whether a URL holds it."""


OF_SERVER = Whose(PASSWORDS, PASSWORD_VARIABLE, lambda url: url.has_password)
OF_SENTINELS = Whose(SENTINEL_PASSWORDS, SENTINEL_VARIABLE, lambda url: url.has_sentinel_password)


class PasswordSource(NamedTuple):
    """Where the password is read from."""

    name: str
    """``password_file``, ``password_command``, the same of the sentinels, or the variable of the environment."""
    value: str | Secret
    layer: Layer

    @property
    def origin(self) -> str:
        """In words."""
        if self.layer.kind == "environment":
            return f"environment, {self.name}"
        return f"{self.name}, {self.layer.origin(self.name)}"


def flag_of(name: str) -> str:
    """The flag that gives a setting."""
    return FLAGS.get(name, f"--{name.replace('_', '-')}")


def file_layer(file: TomlFile) -> Layer:
    """The top level of the file.

    Raises:
        ConfigError: something in it is wrong.
    """
    return _checked(Layer("file", top_level(file), file))


def top_level(file: TomlFile) -> dict[str, Any]:
    """The values of the file that are in no profile."""
    return {name: value for name, value in file.values.items() if name != PROFILES}


def profile_names(file: TomlFile) -> list[str]:
    """The names of the profiles in the file.

    Raises:
        ConfigError: they are not written as tables.
    """
    profiles = file.values.get(PROFILES, {})
    if not isinstance(profiles, dict) or not all(isinstance(one, dict) for one in profiles.values()):
        raise ConfigError(f"{file.place(PROFILES)}{PROFILES}: a profile is a table, written [{PROFILES}.NAME]")
    return list(profiles)


def profile_layer(file: TomlFile, name: str) -> Layer:
    """One profile of the file.

    Raises:
        ConfigError: there is none of this name, or something in it is wrong.
    """
    known = profile_names(file)
    if not file.exists:
        raise ConfigError(f"{file.path}: there is no such file, and so no profile {name!r}")
    if name not in known:
        meant = nearest(name, known)
        there = f"there are {', '.join(known)}" if known else f"a profile is a table [{PROFILES}.NAME]"
        there = f"{meant} {there[0].upper()}{there[1:]}" if meant else f"; {there}"
        raise ConfigError(f"{file.path}: there is no profile {name!r}{there}")
    return _checked(Layer("profile", file.values[PROFILES][name], file, (PROFILES, name)))


def _checked(layer: Layer) -> Layer:
    assert layer.file is not None
    for trouble in troubles(layer.values, top_level(layer.file) if layer.above else None):
        raise in_file(trouble, layer.file, layer.above)
    return layer._replace(values=_with_paths(layer.values, layer.file.path.parent))


def _with_paths(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values with whole paths: those in a file are relative to its folder."""
    return {name: whole_path(value, folder) if name in FILES and value else value for name, value in values.items()}


def whole_path(value: str, folder: Path) -> str:
    """The path of a file that is named in a file of this folder."""
    try:
        return str(folder / Path(value).expanduser())
    except RuntimeError:  # there is no such user
        return str(folder / value)


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """What the environment says."""
    url, variables = environ.get(URL_VARIABLE), (PASSWORD_VARIABLE, SENTINEL_VARIABLE)
    passwords = {name: Secret(text) for name in variables if (text := environ.get(name))}
    return Layer("environment", {"url": url} if url else {}, passwords=passwords)


def flags_layer(flags: Mapping[str, Any]) -> Layer:
    """What the command line says.

    Raises:
        ConfigError: a value cannot be used.
    """
    for trouble in troubles(flags):
        name = str(trouble.keys[0])
        text = re.sub(rf"^{name}(, entry \d+)?(, keys)?: ", "", trouble.text)
        if flags[name] == "":
            text = text.replace("leave it out", "is a variable of the shell not set?")
        raise ConfigError(f"{flag_of(name)}: {text}")
    return Layer("flags", _with_paths(flags, Path()))


def merged(layers: Sequence[Layer]) -> dict[str, Setting]:
    """The settings that hold.

    A URL takes no user, password, TLS and SSH from settings below: these are meant for another server.
    """
    found: dict[str, Setting] = {}
    for layer in layers:
        if "url" in layer.values:
            found = {name: one for name, one in found.items() if name not in OF_URL}
        for name, value in layer.values.items():
            if pair := next((pair for pair in _PAIRS if name in pair), ()):
                found = {other: one for other, one in found.items() if other not in pair or one.layer is layer}
            found[name] = Setting(value, layer)
    for pair in _PAIRS:
        both = [found[name].layer for name in pair if name in found and found[name].value]
        if len(both) > 1:
            raise ConfigError(f"{both[1].place(pair[1])}of {pair[0]} and {pair[1]} only one can be used")
    return found


def password_source(layers: Sequence[Layer], whose: Whose = OF_SERVER) -> PasswordSource | None:
    """Where a password is read from; None if the URL says it, or nothing does."""
    found: PasswordSource | None = None
    environment: PasswordSource | None = None
    """It is for whatever URL."""
    for layer in layers:
        url = layer.values.get("url")
        if url is not None:
            found = None if _is_in(url, whose) else environment
        given = [name for name in whose.settings if name in layer.values]
        if given:
            used = [PasswordSource(name, layer.values[name], layer) for name in given if layer.values[name]]
            found = used[0] if used else environment
        if (password := layer.passwords.get(whose.variable)) is not None:
            found = environment = PasswordSource(whose.variable, password, layer)
    return found


def _is_in(url: str, whose: Whose) -> bool:
    try:
        return whose.is_in(Url(url))
    except ConfigError:  # it is told later, if the URL is used
        return False
