"""What the user has chosen in the dashboard for keys of this server: limits, names, panes, ignored kinds."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from redis_dash.config import dashboard_file
from redis_dash.config.dashboard_file import KindOfKeys, limit_and_window
from redis_dash.config.url import Url
from redis_dash.core.choices import Choose, Chosen
from redis_dash.core.errors import ConfigError
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Pattern
from redis_dash.core.toml_text import without_odd_bytes


class ChosenLimit(NamedTuple):
    """A limit that the user has set for the keys of a pattern."""

    limit: int
    window_s: float | None
    """None if the user has named no window."""


class Choices:
    """The choices for one server. They hold at once, and are remembered if there is a file."""

    def __init__(self, server: str = "", path: Path | None = None) -> None:
        """Read the file.

        Args:
            server: the place of the server, see ``place_of``.
            path: None to remember nothing.

        Raises:
            ConfigError: the file cannot be read. It is not written then.
        """
        self.version = 0
        """Rises with each change."""
        self._server = server
        self._path = path
        self._all: tuple[KindOfKeys, ...] = ()
        """Of all servers and databases."""
        self._kinds: dict[str, KindOfKeys] = {}
        self._unsaved: dict[tuple[str, str], KindOfKeys] = {}
        """Choices that the file does not hold yet, by server and pattern."""
        self._limits: list[tuple[Pattern, ChosenLimit]] = []
        self._take(dashboard_file.read(path) if path else ())

    def go_to(self, server: str) -> None:
        """Take the choices for another server or database from now on."""
        self._server = server
        self._take(self._all)

    def _take(self, kinds: tuple[KindOfKeys, ...]) -> None:
        self._all = kinds
        self._kinds = {kind.keys: kind for kind in kinds if kind.server == self._server}
        limits = [
            (kind.keys, ChosenLimit(*limit_and_window(kind.limit))) for kind in self._kinds.values() if kind.limit
        ]
        # The pattern that says most about a key comes first.
        limits.sort(key=lambda one: -sum(map(len, Glob.of(one[0]).runs)))
        self._limits = [(Pattern(keys), limit) for keys, limit in limits]
        self.version += 1

    @property
    def kinds(self) -> tuple[KindOfKeys, ...]:
        """All that is chosen for this server."""
        return tuple(self._kinds.values())

    @property
    def ignored(self) -> tuple[str, ...]:
        """The patterns of keys that are to be shown nowhere."""
        return tuple(kind.keys for kind in self.kinds if kind.ignored)

    def of(self, keys: str) -> KindOfKeys:
        """What is chosen for exactly this pattern."""
        keys = without_odd_bytes(keys)
        return self._kinds.get(keys) or KindOfKeys(self._server, keys or "*")

    @property
    def has_limits(self) -> bool:
        """Whether any limit is set."""
        return bool(self._limits)

    def limit_of(self, key: bytes) -> ChosenLimit | None:
        """The limit that is set for a key."""
        return next((limit for pattern, limit in self._limits if pattern.variable(key) is not None), None)

    def limit_pattern(self, key: bytes) -> str:
        """The pattern for which that limit is set; empty if there is none."""
        return next((pattern.glob for pattern, _ in self._limits if pattern.variable(key) is not None), "")

    def choose(self, choice: Choose) -> Chosen:
        """Take a choice, and write it to the file, into which another dashboard may have written meanwhile.

        Raises:
            ConfigError: the value has another form; nothing has changed.
        """
        changes: dict[str, object] = {choice.setting: choice.value}
        if choice.setting == "ignored":
            changes = {"ignored": bool(choice.value)}
        elif choice.setting == "topic":
            changes["format"] = choice.format
        try:
            kind = msgspec.structs.replace(self.of(choice.keys), **changes)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        self._unsaved[kind.server, kind.keys] = kind
        try:
            saved = dashboard_file.read(self._path) if self._path else self._all
        except ConfigError as error:
            self._take(self._with_unsaved(self._all))
            return Chosen(trouble=str(error))
        kinds = self._with_unsaved(saved)
        self._take(kinds)
        if self._path is None:
            return Chosen()
        try:
            dashboard_file.write(self._path, kinds)
        except OSError as error:
            return Chosen(trouble=f"{self._path}: {error.strerror or error}")
        self._unsaved.clear()
        return Chosen(str(self._path))

    def _with_unsaved(self, kinds: tuple[KindOfKeys, ...]) -> tuple[KindOfKeys, ...]:
        """What is saved, with what could not be saved so far; all of other servers stays."""
        kept = [one for one in kinds if (one.server, one.keys) not in self._unsaved]
        return (*kept, *(one for one in self._unsaved.values() if not one.says_nothing))


def place_of(url: Url) -> str:
    """The server and the database of a URL, without the user: all users see the same keys.

    The host that SSH goes to belongs to it: behind another one the same address is another server.
    """
    scheme, _, rest = url.shown.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}{url.target.removeprefix(url.shown)}"


def choices_for(url: str, config_file: Path) -> Choices:
    """The choices for a server, remembered beside the configuration file.

    Raises:
        ConfigError: they cannot be read.
    """
    return Choices(place_of(Url(url)), config_file.with_name(dashboard_file.NAME))
