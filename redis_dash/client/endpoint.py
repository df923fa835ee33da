"""The parts of a URL: host or socket, user, database, TLS.

The driver (redis-py) parses URLs with unusual options. Its import takes a third of the time until the first live
values, so this module parses all others, which are the most frequent ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from redis_dash.config import Url
from redis_dash.config.password import Renewable
from redis_dash.config.url import OWN_OPTIONS, options_of
from redis_dash.core.errors import ConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

    from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

PORT = 6379
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")


class Endpoint:
    """Holds the password. It has no ``repr`` of its own, so that the password is never printed."""

    __slots__ = (
        "database",
        "host",
        "password",
        "path",
        "port",
        "renewable",
        "shows_certificate",
        "ssh",
        "tls",
        "tls_name",
        "user",
    )

    def __init__(self) -> None:
        self.host = ""
        self.port = PORT
        self.path: str | None = None
        """Path of a Unix socket; None for TCP."""
        self.user = ""
        self.password = ""
        self.renewable: Renewable | None = None
        """Where the password comes from, if it can be read again."""
        self.database = 0
        self.tls: Callable[[], SSLContext] | None = None
        """Creates the TLS context; raises OSError if a certificate cannot be read."""
        self.tls_name = ""
        """The name that TLS asks for, and that the certificate must hold."""
        self.shows_certificate = False
        """Whether TLS shows a certificate of the client."""
        self.ssh = ""
        """Where SSH goes to first; empty for a direct connection."""


def endpoint_of(url: Url) -> Endpoint:
    """Parse a URL.

    Raises:
        ConfigError: the driver does not understand an option in the URL.
    """
    parts = urlsplit(url.reveal())
    options = options_of(parts.query)
    if not _is_usual(parts.scheme, options):
        return _by_driver(url)
    endpoint = Endpoint()
    endpoint.user = unquote(parts.username or "") or options.get("username", "")
    endpoint.password = unquote(parts.password or "") or options.get("password", "")
    endpoint.database = url.database
    if parts.scheme == "unix":
        endpoint.path = unquote(parts.path)
    else:
        endpoint.host, endpoint.port = unquote(parts.hostname or ""), parts.port or PORT
    if parts.scheme == "rediss":
        endpoint.tls = partial(_usual_context, options)
        endpoint.shows_certificate = "ssl_certfile" in options
    return _with_own_options(endpoint, url)


def _is_usual(scheme: str, options: Mapping[str, str]) -> bool:
    """Whether the URL has only options that are understood here."""
    known = {"db", "username", "password", *OWN_OPTIONS, *(_TLS if scheme == "rediss" else ())}
    return options.keys() <= known and options.get("ssl_cert_reqs", "none") in ("none", "optional", "required")


def _with_own_options(endpoint: Endpoint, url: Url) -> Endpoint:
    endpoint.tls_name, endpoint.ssh, endpoint.renewable = url.sni or endpoint.host, url.ssh, url.passwords.own
    if endpoint.renewable is not None and endpoint.renewable.current is not None:
        endpoint.password = endpoint.renewable.current.reveal()
    return endpoint


def _usual_context(options: Mapping[str, str]) -> SSLContext:
    from redis_dash.client.tls import MODES, TlsOptions, tls_context

    return tls_context(
        TlsOptions(
            ca_certs=options.get("ssl_ca_certs"),
            certfile=options.get("ssl_certfile"),
            keyfile=options.get("ssl_keyfile"),
            cert_reqs=MODES[options.get("ssl_cert_reqs", "required")],
        )
    )


def _by_driver(url: Url) -> Endpoint:
    """Parse a URL with the driver: create its connection object, read it, and never open it."""
    from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    try:
        options: dict[str, object] = dict(parse_url(url.reveal()))
        kind = options.pop("connection_class", Connection)
        for ours in ("max_connections", *OWN_OPTIONS):  # max_connections is an option of pools, which are not used here
            options.pop(ours, None)
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
    return _with_own_options(endpoint, url)


def _context(plan: SSLConnection) -> SSLContext:
    """The TLS context with all that the URL names; OpenSSL reads it like one with the usual options."""
    from redis_dash.client.tls import TlsOptions, tls_context

    return tls_context(TlsOptions(**{name: getattr(plan.ssl_context, name) for name in TlsOptions._fields}))


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
