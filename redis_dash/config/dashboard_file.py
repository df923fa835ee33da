"""The file of what users choose in the dashboard: the dashboard rewrites it, and leaves ``config.toml`` as it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from redis_dash.config.errors import explained, in_file
from redis_dash.config.toml_file import read_toml
from redis_dash.core.choices import CHOSEN_FORMATS, CHOSEN_TOPICS
from redis_dash.core.errors import ConfigError
from redis_dash.core.toml_text import quoted

NAME = "dashboard.toml"
HEAD = """\
# What was chosen in the dashboard of redis-dash with the keys l and, in "What is in here?", a, e and i.
# The dashboard rewrites this file. Settings of your own belong into config.toml, and win over these.
"""


class KindOfKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is chosen for the keys of one pattern on one server."""

    server: str
    keys: str
    limit: str = ""
    """``100/60``, or ``100`` without a window."""
    name: str = ""
    topic: str = ""
    """The topic that shows the keys, although nothing was recognised."""
    ignored: bool = False
    format: str = ""
    """How the keys are read if they are sessions; empty if it is found out key by key."""

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("keys is empty")
        if self.topic and self.topic not in CHOSEN_TOPICS:
            raise ValueError(f"topic is one of {', '.join(CHOSEN_TOPICS)}, not {self.topic!r}")
        if self.format and (self.topic != "sessions" or self.format not in CHOSEN_FORMATS):
            raise ValueError(f'format is "hash" with topic = "sessions", or left out, not {self.format!r}')
        if self.limit:
            try:
                limit_and_window(self.limit)
            except ConfigError as error:
                raise ValueError(str(error)) from None

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is chosen."""
        return not (self.limit or self.name or self.topic or self.ignored)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: tuple[KindOfKeys, ...] = ()


def limit_and_window(text: str) -> tuple[int, float | None]:
    """Read ``100/60`` or ``100``: requests, and the seconds of the window.

    Raises:
        ConfigError: the text has another form.
    """
    from redis_dash.config.settings import parse_rule

    if "/" in text:
        rule = parse_rule(text)
        return rule.limit, rule.window_s
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
    if limit < 1:
        raise ConfigError(f"a limit is written REQUESTS/SECONDS or REQUESTS, for example 100/60 or 100, not {text!r}")
    return limit, None


def read(path: Path) -> tuple[KindOfKeys, ...]:
    """What the file holds; nothing if there is none.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
    file = read_toml(path, must_exist=False)
    try:
        return msgspec.convert(file.values, _File).kinds
    except msgspec.ValidationError as error:
        raise in_file(explained(str(error), {"": _File, "kinds": KindOfKeys}), file) from None


def write(path: Path, kinds: Iterable[KindOfKeys]) -> None:
    """Replace the file in one step, so that no reader sees a part of it.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    place = path.resolve()  # a link stays a link
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        part.write_text(f"{HEAD}\n{chr(10).join(_lines(kinds))}", "utf-8")
        part.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _lines(kinds: Iterable[KindOfKeys]) -> Iterator[str]:
    for kind in kinds:
        yield "[[kinds]]"
        for name in ("server", "keys", "limit", "name", "topic", "format"):
            if value := getattr(kind, name):
                yield f"{name} = {quoted(value)}"
        if kind.ignored:
            yield "ignored = true"
        yield ""
