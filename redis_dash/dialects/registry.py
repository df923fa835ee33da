"""The dialects, and the frameworks whose keys are recognised. To add one, add its line here."""

from __future__ import annotations

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
from redis_dash.dialects.base import LimitDialect, SessionDialect, SessionFacts
from redis_dash.dialects.fixed_window import FixedWindow
from redis_dash.dialects.json_session import JsonSession
from redis_dash.dialects.layout import Framework, Layout
from redis_dash.dialects.sliding_window import SlidingWindow

SESSION_DIALECTS: list[SessionDialect] = [JsonSession()]
"""Tried on every session in this order: if one does not fit a key, the next one is tried."""
LIMIT_DIALECTS: list[LimitDialect] = [
    SlidingWindow("sliding window", 1),
    SlidingWindow("sliding window, ms", 1_000),
    SlidingWindow("sliding window, µs", 1_000_000),
    FixedWindow(),
]
"""Tried on every limiter in the same way."""


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


def layouts() -> list[Layout]:
    """The layouts of all frameworks."""
    return [layout for framework in FRAMEWORKS for layout in framework.layouts]


def layout_of(name: str) -> Layout | None:
    """The layout of this name."""
    return next((layout for layout in layouts() if layout.name == name), None)


def session_dialect(name: str) -> SessionDialect | None:
    """The dialect of a layout, under the layout's name; or the dialect of this name."""
    layout = layout_of(name)
    own = [dialect for framework in FRAMEWORKS for dialect in framework.sessions]
    found = (dialect for dialect in [*SESSION_DIALECTS, *own] if dialect.name == (layout.dialect if layout else name))
    dialect = next(found, None)
    return _Renamed(layout.name, dialect) if layout and dialect else dialect


def limit_dialect(name: str) -> LimitDialect | None:
    """The dialect of this name, or the one that reads the keys of a layout of this name."""
    layout = layout_of(name)
    own = [dialect for framework in FRAMEWORKS for dialect in framework.limits]
    found = (dialect for dialect in [*LIMIT_DIALECTS, *own] if dialect.name == (layout.dialect if layout else name))
    return next(found, None)


class _Renamed:
    """A session dialect under another name: several frameworks write JSON."""

    def __init__(self, name: str, dialect: SessionDialect) -> None:
        self.name = name
        self._dialect = dialect
        self.searchable = dialect.searchable

    def read(self, key: bytes) -> Command:
        return self._dialect.read(key)

    def decode(self, reply: object) -> SessionFacts | None:
        return self._dialect.decode(reply)
