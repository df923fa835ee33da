"""The options of a URL: whether they are known and have a value. The rest is left to the driver, which reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from redis_dash.config.errors import nearest
from redis_dash.config.several_hosts import ESCAPE, SENTINEL, SENTINEL_PASSWORD, SENTINEL_USER
from redis_dash.config.url import OWN_OPTIONS

_OF_ANY = (
    *("db", "username", "password", *OWN_OPTIONS),
    *("socket_timeout", "socket_connect_timeout", "socket_read_size", "retry_on_timeout", "health_check_interval"),
    *("encoding", "encoding_errors", "decode_responses", "protocol", "legacy_responses", "max_connections"),
    "client_name",
)
_OF_TCP = ("socket_keepalive",)
OF_TLS = (
    *("ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_cert_reqs"),
    *("ssl_check_hostname", "ssl_min_version", "ssl_ciphers"),
    *("ssl_include_verify_flags", "ssl_exclude_verify_flags"),
)
CERT_REQS = ("none", "optional", "required")
_NUMBERS: Mapping[str, Callable[[str], float]] = {
    "socket_timeout": float,
    "socket_connect_timeout": float,
    "socket_read_size": int,
    "health_check_interval": int,
    "protocol": int,
    "max_connections": int,
    "ssl_min_version": int,
}


def known_options(scheme: str) -> tuple[str, ...]:
    """The options that a URL with this scheme can have."""
    options = _OF_ANY + (() if scheme == "unix" else _OF_TCP) + (OF_TLS if scheme.startswith("rediss") else ())
    return options + ((SENTINEL_USER, SENTINEL_PASSWORD) if scheme.endswith(SENTINEL) else ())


def option_troubles(raw: str) -> Iterator[str]:
    """What is wrong with the options of a URL. No value is repeated, nor a name that may be a part of a password."""
    parts = urlsplit(raw)
    known = known_options(parts.scheme)
    for name, value in parse_qsl(parts.query, True):
        if name not in known:
            yield _unknown(name, known, is_secret="@" in parts.query)
        elif not value:
            yield f"the option {name} in the URL is empty; leave it out"
        elif name in _NUMBERS and not _is_number(value, _NUMBERS[name]):
            yield f"the option {name} in the URL is a number"
        elif name == "ssl_cert_reqs" and value not in CERT_REQS:
            yield f"the option {name} in the URL is {', '.join(CERT_REQS[:-1])} or {CERT_REQS[-1]}"


def _unknown(name: str, known: tuple[str, ...], *, is_secret: bool) -> str:
    if is_secret:
        return f"the URL has an option that is not known; {ESCAPE}"
    if name in OF_TLS:
        return f"the option {name} is for TLS, which is rediss://"
    return f"the option {name} in the URL is not known{nearest(name, known)}"


def _is_number(text: str, kind: Callable[[str], float]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
