"""The dialects, and the frameworks whose keys are recognised. To add one, add its line here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from redis_dash.core.errors import ConfigError
from redis_dash.core.resp import Command
from redis_dash.dialects import (
    asgi_sessions,
    aspnet_sessions,
    auth_js,
    better_auth,
    bystanders,
    caches,
    cashews_limits,
    django_limits,
    django_sessions,
    fastapi_limits,
    fastapi_users,
    flask_sessions,
    gcra_limits,
    gorilla_sessions,
    java_limits,
    laravel_limits,
    laravel_sessions,
    limits_library,
    node_limits,
    node_sessions,
    php_sessions,
    proxy_limits,
    proxy_sessions,
    rails_sessions,
    ruby_limits,
    spring_sessions,
    throttled_py,
)
from redis_dash.dialects.base import FACTS, LimitDialect, SessionDialect, SessionFacts, SessionPattern
from redis_dash.dialects.described_session import DescribedSession
from redis_dash.dialects.fixed_window import FixedWindow
from redis_dash.dialects.formats import ANY_MAP, ANY_STRING, SESSION_FORMATS, HasContent
from redis_dash.dialects.gcra import Gcra
from redis_dash.dialects.installed import Installed, installed
from redis_dash.dialects.json_session import JsonSession
from redis_dash.dialects.layout import Framework, Layout
from redis_dash.dialects.problems import Names
from redis_dash.dialects.sliding_window import SlidingWindow

SESSION_DIALECTS: list[SessionDialect] = [JsonSession(), ANY_MAP]
"""Tried on every session in this order: if one does not fit a key, the next one is tried."""
LIMIT_DIALECTS: list[LimitDialect] = [
    SlidingWindow("sliding window", 1),
    SlidingWindow("sliding window, ms", 1_000),
    SlidingWindow("sliding window, µs", 1_000_000),
    FixedWindow(),
]
"""Tried on every limiter in the same way."""
LIMIT_FORMATS: list[LimitDialect] = [Gcra("gcra", 1, 0), Gcra("gcra, ms", 1_000, 0), Gcra("gcra, µs", 1_000_000, 0)]
"""Read only where a pattern names them: any number might seem to fit."""


FRAMEWORKS: list[Framework] = [
    django_sessions.FRAMEWORK,
    node_sessions.FRAMEWORK,
    flask_sessions.FRAMEWORK,
    asgi_sessions.FRAMEWORK,
    fastapi_users.FRAMEWORK,
    laravel_sessions.FRAMEWORK,
    spring_sessions.FRAMEWORK,
    better_auth.FRAMEWORK,
    auth_js.FRAMEWORK,
    php_sessions.FRAMEWORK,
    rails_sessions.FRAMEWORK,
    aspnet_sessions.FRAMEWORK,
    gorilla_sessions.FRAMEWORK,
    proxy_sessions.FRAMEWORK,
    limits_library.FRAMEWORK,
    node_limits.FRAMEWORK,
    django_limits.FRAMEWORK,
    laravel_limits.FRAMEWORK,
    fastapi_limits.FRAMEWORK,
    throttled_py.FRAMEWORK,
    cashews_limits.FRAMEWORK,
    ruby_limits.FRAMEWORK,
    proxy_limits.FRAMEWORK,
    java_limits.FRAMEWORK,
    gcra_limits.FRAMEWORK,
    bystanders.FRAMEWORK,
    caches.FRAMEWORK,
]


def frameworks() -> list[Framework]:
    """The frameworks that are known here, then those of other packages."""
    return [*FRAMEWORKS, *_installed().frameworks]


def dialect_problems() -> tuple[str, ...]:
    """Why dialects of other packages are not used: one sentence for each."""
    return _installed().problems


@cache
def _installed() -> Installed:
    return installed(names())


def names() -> Names:
    """The names of the layouts and dialects that are known here."""
    sessions = {one.name for one in (*SESSION_DIALECTS, *SESSION_FORMATS)}
    taken = Names(dialects=frozenset(sessions.union(one.name for one in (*LIMIT_DIALECTS, *LIMIT_FORMATS))))
    for framework in FRAMEWORKS:
        taken = taken.with_those_of(framework)
    return taken


def layouts() -> list[Layout]:
    """The layouts of all frameworks."""
    return [layout for framework in frameworks() for layout in framework.layouts]


def layout_of(name: str) -> Layout | None:
    """The layout of this name."""
    return next((layout for layout in layouts() if layout.name == name), None)


def session_dialect(name: str) -> SessionDialect | None:
    """The dialect of a layout, under the layout's name; or the dialect or the plain format of this name."""
    layout = layout_of(name)
    own = [dialect for framework in frameworks() for dialect in framework.sessions]
    among = [*SESSION_DIALECTS, *own, *SESSION_FORMATS]
    dialect = next((one for one in among if one.name == (layout.dialect if layout else name)), None)
    return _Renamed(layout.name, dialect) if layout and dialect else dialect


def dialect_of(pattern: SessionPattern) -> SessionDialect | None:
    """The dialect of a pattern's keys; None if it is found out key by key.

    Raises:
        ConfigError: there is no such format, or paths cannot be followed in it.
    """
    formats = {one.name: one for one in SESSION_FORMATS}
    wanted = pattern.format
    if not pattern.is_described:
        dialect = session_dialect(wanted)
    else:
        dialect = formats.get(wanted) or (session_dialect(wanted) if wanted else ANY_STRING)
    if dialect is None:
        if not wanted:
            return None
        raise ConfigError(f"format: {_unknown('sessions', wanted, list(formats))}")
    if not pattern.is_described:
        return dialect
    paths = [name for name in FACTS if getattr(pattern, name)]
    if paths and not isinstance(dialect, HasContent):
        raise ConfigError(f"{paths[0]}: in the format {wanted!r} no path can be followed")
    return DescribedSession(pattern, dialect)


def limit_dialect(name: str) -> LimitDialect | None:
    """The dialect of this name, or the one that reads the keys of a layout of this name."""
    layout = layout_of(name)
    own = [dialect for framework in frameworks() for dialect in framework.limits]
    among = [*LIMIT_DIALECTS, *own, *LIMIT_FORMATS]
    return next((one for one in among if one.name == (layout.dialect if layout else name)), None)


def limit_layouts(name: str) -> list[Layout]:
    """The layout of this name, then the limiters of its family: their keys have the same names."""
    found = layout_of(name)
    if found is None:
        return []
    kin = [one for one in layouts() if found.family and (one.family, one.keys) == (found.family, found.keys)]
    return [found, *(one for one in kin if one.name != name and one.topic == "rate_limits")]


def check_limit_format(name: str) -> None:
    """Check the format of a limit.

    Raises:
        ConfigError: there is none of this name.
    """
    if name and limit_dialect(name) is None:
        plain = [one.name for one in (*LIMIT_DIALECTS, *LIMIT_FORMATS)]
        raise ConfigError(f"format: {_unknown('limits', name, plain)}")


def _unknown(what: str, name: str, plain: Sequence[str]) -> str:
    """That there is no such format, which one was probably meant, and the formats that belong to no framework."""
    import difflib  # imported here, for a quick start

    topic = "sessions" if what == "sessions" else "rate_limits"
    every = [*plain, *(layout.name for layout in layouts() if layout.topic == topic and layout.dialect)]
    alike = difflib.get_close_matches(name, every, 1) or [one for one in every if name.casefold() in one.casefold()]
    meant = f"did you mean {alike[0]!r}? " if alike else ""
    there = ", ".join(dict.fromkeys(plain))
    return f"no format of {what} has the name {name!r}; {meant}There are {there}, and the layouts of frameworks"


class _Renamed:
    """A session dialect under another name: several frameworks write JSON."""

    def __init__(self, name: str, dialect: SessionDialect) -> None:
        self.name = name
        self._dialect = dialect
        self.searchable = dialect.searchable
        if isinstance(dialect, HasContent):
            self.content = dialect.content

    def read(self, key: bytes) -> Command:
        return self._dialect.read(key)

    def decode(self, reply: object) -> SessionFacts | None:
        return self._dialect.decode(reply)
