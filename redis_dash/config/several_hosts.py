"""URLs that name several hosts: the servers of a cluster, or the sentinels of a primary."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from redis_dash.core.errors import ConfigError

CLUSTER, SENTINEL = "+cluster", "+sentinel"
"""What the scheme of such a URL ends with."""
ESCAPE = "in a password / # ? @ are written %2F %23 %3F %40"
SENTINEL_PORT = 26379
SENTINEL_USER, SENTINEL_PASSWORD = "sentinel_username", "sentinel_password"
"""Options of the URL: the user of the sentinels themselves."""
SENTINEL_EXAMPLE = f"redis{SENTINEL}://host:{SENTINEL_PORT}/mymaster"
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
_PORT = re.compile(r":\d*$")


class Hosts(NamedTuple):
    """What such a URL names."""

    servers: tuple[str, ...] = ()
    """A URL for each of the hosts, in the form of a URL that names one server; none if the URL has this form itself."""
    suffix: str = ""
    """``+cluster`` or ``+sentinel``."""
    primary: str = ""
    """The name that the sentinels have for the primary."""
    user: str = ""
    """The user of the sentinels."""
    password: str = ""

    def __repr__(self) -> str:
        return "Hosts(…)"  # it holds passwords, and tracebacks print locals


def hosts_of(raw: str) -> Hosts:
    """Read a URL.

    Raises:
        ConfigError: it does not name the primary that the sentinels watch. The text repeats nothing of the URL.
    """
    scheme, _, rest = raw.partition("://")
    base, plus, kind = scheme.lower().partition("+")
    suffix = plus + kind
    if base not in ("redis", "rediss") or suffix not in (CLUSTER, SENTINEL):
        return Hosts()
    end = min((place for mark in "/?#" if (place := rest.find(mark)) >= 0), default=len(rest))
    who, at, named = rest[:end].rpartition("@")
    hosts = [host.strip() for host in named.split(",")]
    if suffix == CLUSTER:
        return Hosts(_each(f"{base}://{who}{at}", _with_next_port(hosts), rest[end:]), suffix)
    name, after, user, password = _of_sentinels(rest[end:])
    with_port = [host if _own_port(host) else f"{host.removesuffix(':')}:{SENTINEL_PORT}" for host in hosts]
    return Hosts(_each(f"{base}://{who}{at}", with_port, after), suffix, name, user, password)


def _each(before: str, hosts: list[str], after: str) -> tuple[str, ...]:
    return tuple(f"{before}{host}{after}" for host in hosts)


def _own_port(host: str) -> str:
    found = None if host.endswith("]") else _PORT.search(host)
    return found[0].removeprefix(":") if found else ""


def _with_next_port(hosts: list[str]) -> list[str]:
    """A host without a port has that of the next one that has one."""
    found, port = list[str](), ""
    for host in reversed(hosts):
        own = _PORT.search(host) if not host.endswith("]") else None
        port = own[0] if own else port
        found.append(host if own else host + port)
    return found[::-1]


def _of_sentinels(after: str) -> tuple[str, str, str, str]:
    """The name of the primary, the rest without it and without the options for the sentinels, their user, password."""
    path, mark, query = after.partition("?")
    name, slash, database = path.removeprefix("/").partition("/")
    if not name:
        raise ConfigError(f"a Sentinel URL names the primary after the hosts, for example {SENTINEL_EXAMPLE}")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "the name of a primary, which follows the hosts, has letters, digits and . - _ only,"
            f" for example {SENTINEL_EXAMPLE}; {ESCAPE}"
        )
    options = parse_qsl(query, True)
    ours: dict[str, str] = {}
    for option, value in options:
        ours.setdefault(option, value)
    others = urlencode([one for one in options if one[0] not in (SENTINEL_USER, SENTINEL_PASSWORD)])
    rest = f"{slash}{database}{mark if others else ''}{others}"
    return name, rest, ours.get(SENTINEL_USER, ""), ours.get(SENTINEL_PASSWORD, "")
