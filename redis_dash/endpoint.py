"""Where a URL leads: host or socket, user, database, TLS.

The driver reads what a URL says of TLS, and every other option. It takes a third of the time until live figures to
import, so that a URL without options, which most are, is read here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from redis_dash.config import Url
from redis_dash.model import ConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

    from redis.asyncio.connection import Connection, UnixDomainSocketConnection

PORT = 6379


class Endpoint:
    """Holds the password, and never shows it: it has no ``repr`` of its own."""

    __slots__ = ("database", "host", "password", "path", "port", "tls", "user")

    def __init__(self) -> None:
        self.host = ""
        self.port = PORT
        self.path: str | None = None
        """Of a Unix socket; None for TCP."""
        self.user = ""
        self.password = ""
        self.database = 0
        self.tls: Callable[[], SSLContext] | None = None
        """Makes the TLS context; raises OSError where a certificate cannot be read."""


def endpoint_of(url: Url) -> Endpoint:
    """Read a URL.

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
    """As the driver would connect: what it makes is asked, and never opened."""
    from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    try:
        options: dict[str, object] = dict(parse_url(url.reveal()))
        kind = options.pop("connection_class", Connection)
        options.update(protocol=2, client_name=None)
        plan: Connection | UnixDomainSocketConnection = kind(  # type: ignore[operator]
            retry=Retry(NoBackoff(), 0), driver_info=None, **options
        )
    except (ValueError, TypeError, RedisError) as error:
        raise ConfigError(f"{url}: {without_secret(str(error), url)}") from None
    endpoint = Endpoint()
    if isinstance(plan, UnixDomainSocketConnection):
        endpoint.path = plan.path
    else:
        endpoint.host, endpoint.port = plan.host, plan.port
        endpoint.tls = plan.ssl_context.get if isinstance(plan, SSLConnection) else None
    endpoint.user, endpoint.password = plan.username or "", str(plan.password or "")
    endpoint.database = int(plan.db or 0)
    return endpoint


def without_secret(text: str, url: Url) -> str:
    """For texts of others, which may quote the URL."""
    return text.replace(url.reveal(), url.shown)
