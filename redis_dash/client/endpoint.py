"""The parts of a URL: host or socket, user, database, TLS.

The driver (redis-py) parses URLs with TLS or other options. Its import takes a third of the time until the first live
values, so this module parses URLs without options, which are the most frequent ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from redis_dash.config import Url
from redis_dash.core.errors import ConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

    from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

PORT = 6379


class Endpoint:
    """Holds the password. It has no ``repr`` of its own, so that the password is never printed."""

    __slots__ = ("database", "host", "password", "path", "port", "tls", "user")

    def __init__(self) -> None:
        self.host = ""
        self.port = PORT
        self.path: str | None = None
        """Path of a Unix socket; None for TCP."""
        self.user = ""
        self.password = ""
        self.database = 0
        self.tls: Callable[[], SSLContext] | None = None
        """Creates the TLS context; raises OSError if a certificate cannot be read."""


def endpoint_of(url: Url) -> Endpoint:
    """Parse a URL.

    Raises:
        ConfigError: the driver does not understand an option in the URL.
    """
    parts = urlsplit(url.reveal())
    if parts.query or parts.scheme == "rediss":
        return _by_driver(url)
    endpoint = Endpoint()
    endpoint.user, endpoint.password = unquote(parts.username or ""), unquote(parts.password or "")
    endpoint.database = url.database
    if parts.scheme == "unix":
        endpoint.path = unquote(parts.path)
    else:
        endpoint.host, endpoint.port = unquote(parts.hostname or ""), parts.port or PORT
    return endpoint


def _by_driver(url: Url) -> Endpoint:
    """Parse a URL with the driver: create its connection object, read it, and never open it."""
    from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    try:
        options: dict[str, object] = dict(parse_url(url.reveal()))
        kind = options.pop("connection_class", Connection)
        options.pop("max_connections", None)  # an option of connection pools, which are not used here
        options.update(protocol=2, client_name=None)
        plan: Connection | UnixDomainSocketConnection = kind(  # type: ignore[operator]
            retry=Retry(NoBackoff(), 0), driver_info=None, **options
        )
    except (ValueError, TypeError, RedisError) as error:
        raise ConfigError(f"{url}: {_in_users_words(without_secret(str(error), url), url)}") from None
    endpoint = Endpoint()
    if isinstance(plan, UnixDomainSocketConnection):
        endpoint.path = plan.path
    else:
        endpoint.host, endpoint.port = plan.host, plan.port
        endpoint.tls = partial(_context, plan) if isinstance(plan, SSLConnection) else None
    endpoint.user, endpoint.password = plan.username or "", str(plan.password or "")
    endpoint.database = int(plan.db or 0)
    return endpoint


def _context(plan: SSLConnection) -> SSLContext:
    """The TLS context with the certificates and ciphers that the URL names.

    Raises:
        OSError: they cannot be used.
    """
    from redis.exceptions import RedisError

    try:
        return plan.ssl_context.get()
    except (OSError, ValueError, RedisError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise OSError(f"TLS cannot be set up with the URL's options: {reason or error}") from None


def _in_users_words(message: str, url: Url) -> str:
    """Replace the driver's message about Python arguments by one about the URL's options."""
    option = re.search(r"keyword argument '(\w+)'", message)
    if option is None:
        return "an option in the URL cannot be used" if "callable" in message else message
    if option[1].startswith("ssl_") and url.shown.startswith("redis:"):
        return f"the option {option[1]} is for TLS, which is rediss://"
    return f"the option {option[1]} in the URL is not known"


def without_secret(text: str, url: Url) -> str:
    """Remove the URL's password and error numbers from a message of the driver or the system."""
    text = re.sub(r"^\[Errno -?\d+\] ", "", text.replace(url.reveal(), url.shown))
    return "no such host" if text.rstrip(".") in _NO_SUCH_HOST else text


_NO_SUCH_HOST = (
    "Name or service not known",
    "No address associated with hostname",
    "nodename nor servname provided, or not known",
)
