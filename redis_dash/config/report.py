"""What ``redis-dash config`` tells: the files, the settings that hold and their origin, and what is wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from redis_dash.config import dashboard_file
from redis_dash.config.errors import PROFILES, in_file
from redis_dash.config.layers import Layer, PasswordSource, profile_names, top_level, whole_path
from redis_dash.config.load import Settings, config_path, not_together
from redis_dash.config.password import NO_PATH
from redis_dash.config.settings import Config
from redis_dash.config.toml_file import TomlFile, read_toml
from redis_dash.config.troubles import troubles
from redis_dash.config.url import options_of
from redis_dash.config.way_in import FILES, PROGRAMS, WayIn
from redis_dash.core.errors import ConfigError
from redis_dash.core.toml_text import quoted


def files(path: Path | None, environ: Mapping[str, str] = os.environ) -> str:
    """The files that are read, and whether they are there."""
    config = path or config_path(environ)
    lines = []
    for file, holds in ((config, "settings"), (config.with_name(dashboard_file.NAME), "choices of the dashboard")):
        lines.append(f"{file}  ({holds}{_presence(file)})")
    return "\n".join(lines)


def _presence(file: Path) -> str:
    """Why a file cannot be read; empty if it can."""
    try:
        is_folder = stat.S_ISDIR(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "; there is no such file"
    except OSError as error:
        return f"; {error.strerror or error}"
    if is_folder:
        return "; this is a folder"
    return "" if os.access(file, os.R_OK) else f"; {os.strerror(errno.EACCES)}"


def shown(found: Settings) -> str:
    """The settings that hold, as a ``config.toml``, with the origin of each as a comment. No password is in it."""
    rows = []
    for name in Config.__struct_fields__:
        layer = found.layers.get(name)
        origin = "default" if layer is None else layer.origin(name)
        if name in found.changed:
            origin = f"{origin}, changed by {found.changed[name]}"
        value = getattr(found.config, name)
        if name == "url":
            rows.append((f"url = {quoted(found.url.shown)}", f"{origin}{_hidden(found)}"))
        elif name in PROGRAMS and value:
            rows.append((f"{name} = {quoted(value.split(maxsplit=1)[0] + ' …')}", origin))
        elif value is None:
            rows.append((f"# {name} is not set", f"{origin}: as the locale says"))
        elif layer is not None or name not in WayIn.__struct_fields__:
            rows.append((f"{name} = {_toml(value)}", origin))
    width = min(60, max(len(setting) for setting, _ in rows))
    lines = [f"{setting:{width}}  # {origin}" for setting, origin in rows]
    passwords = [f"# password: {_password(found)}"]
    passwords += [f"# password of the sentinels: {_sentinel_password(found)}"] if found.url.is_sentinel else []
    return "\n".join([*lines, *passwords])


def _hidden(found: Settings) -> str:
    """The options of the URL, which it is shown without: one of them may be a secret."""
    names = sorted(options_of(urlsplit(found.config.url).query).keys() - {"db"})
    return f", with {', '.join(names)}" if names else ""


def _password(found: Settings) -> str:
    return _where(found, "--ask-password" if found.asks else "", found.password, found.url.has_password)


def _sentinel_password(found: Settings) -> str:
    flag = "--ask-sentinel-password" if found.asks_for_sentinels else ""
    return _where(found, flag, found.sentinel_password, found.url.has_sentinel_password)


def _where(found: Settings, flag: str, source: PasswordSource | None, is_in_url: bool) -> str:
    if flag:
        return f"asked for on the terminal, flag {flag}"
    if source is not None:
        return source.origin
    layer = found.layers.get("url")
    return f"in the URL, {layer.origin('url')}" if is_in_url and layer is not None else "none"


def _toml(value: Any) -> str:
    value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items() if one not in ("", [], ())) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def check(path: Path | None, environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What is wrong in the files: of the top level, of each profile and of the dashboard's own file."""
    return iter(dict.fromkeys(_check(path, environ)))  # a profile may take over what is wrong at the top level


def _check(path: Path | None, environ: Mapping[str, str]) -> Iterator[str]:
    try:
        file = read_toml(path or config_path(environ), must_exist=path is not None)
        profiles = profile_names(file)
    except ConfigError as error:
        yield str(error)
        return
    top = _Checked(file)
    yield from top.wrong
    for name in profiles:
        yield from _Checked(file, (PROFILES, name), top).wrong
    try:
        dashboard_file.read(file.path.with_name(dashboard_file.NAME))
    except ConfigError as error:
        yield str(error)


class _Checked:
    """A table of the file: the settings that are right, and what is wrong."""

    def __init__(self, file: TomlFile, above: tuple[str, ...] = (), top: _Checked | None = None) -> None:
        """``top`` is the top level, if the table is a profile."""
        values = file.values[above[0]][above[1]] if above else top_level(file)
        found = list(troubles(values, top_level(file) if above else None))
        names = {str(name) for trouble in found for name in (*trouble.keys[:1], trouble.meant)}
        sound = {name: value for name, value in values.items() if name not in names}
        self.layer = Layer("profile" if above else "file", sound, file, above)
        self.knows_way_in: bool = not names & set(WayIn.__struct_fields__) and (top is None or top.knows_way_in)
        """Whether all settings of the way to the server are right: otherwise nobody knows what they contradict."""
        layers = [self.layer] if top is None else [top.layer, self.layer]
        contradictions = not_together(layers) if self.knows_way_in else []
        self.wrong = [*(str(in_file(one, file, above)) for one in found), *contradictions, *_missing(self.layer)]


def _missing(layer: Layer) -> Iterator[str]:
    """Files and programs that are not there."""
    assert layer.file is not None
    place, values = layer.place, layer.values
    for name in FILES:
        if value := values.get(name):
            whole = whole_path(value, layer.file.path.parent)
            if trouble := _unreadable(whole):
                yield f"{place(name)}{name}: {whole}: {trouble}"
    programs = [(name, _program(values, name)) for name in PROGRAMS]
    for name, program in (*programs, ("ssh", "ssh" if values.get("ssh") else "")):
        if program and shutil.which(program) is None:
            yield f"{place(name)}{name}: there is no program {program} on PATH"


def _unreadable(file: str) -> str:
    """Why a file cannot be opened; empty if it can. A named pipe is not opened: its writer would notice."""
    try:
        if not stat.S_ISFIFO(os.stat(file).st_mode):
            with open(file, "rb"):
                pass
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return NO_PATH
    return ""


def _program(values: Mapping[str, Any], name: str) -> str:
    import shlex  # imported here for a quick start

    return next(iter(shlex.split(values.get(name, ""))), "")
