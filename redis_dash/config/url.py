"""The URL of a server, whose password is never shown."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from redis_dash.core.errors import ConfigError

SCHEMES = ("redis", "rediss", "unix")
ESCAPE = "in a password / # ? @ are written %2F %23 %3F %40"
DEFAULT_URL = "redis://127.0.0.1:6379/0"


class Url:
    """A Redis URL that never shows its password: not in ``repr``, not in ``str``, not in a traceback's locals."""

    __slots__ = ("_raw", "database", "shown", "user")

    def __init__(self, raw: str) -> None:
        try:
            raw.encode()
            parts = urlsplit(raw)
            port = parts.port
        except ValueError:  # its text quotes the port, which may be a part of the password
            raise ConfigError(f"the Redis URL cannot be read; {ESCAPE}, and the port a number") from None
        if parts.scheme not in SCHEMES:
            raise ConfigError(f"a Redis URL begins with redis://, rediss:// or unix://; {_example(raw)}")
        _check_place(parts)
        self._raw = raw
        self.database = _database(parts.path if parts.scheme != "unix" else "", parts.query)
        """The number of the database."""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        where = f"{host}:{port or 6379}" if parts.scheme != "unix" else ""
        user = f"{quote(unquote(parts.username))}@" if parts.username else ""
        path = f"/{self.database}"
        if parts.scheme == "unix":
            path = f"{parts.path}?db={self.database}" if self.database else parts.path
        self.shown = f"{parts.scheme}://{user}{where}{path}"
        """The URL with its database, without password and other options: for screens, logs and exports."""
        self.user = unquote(parts.username or parse_qs(parts.query).get("username", [""])[0]) or "default"
        """The name of the ACL user."""

    def reveal(self) -> str:
        """The whole URL, for the driver only."""
        return self._raw

    def with_database(self, database: int) -> Url:
        """The same URL with another database."""
        parts = urlsplit(self._raw)
        options = [(name, value) for name, value in parse_qsl(parts.query, True) if name != "db"]
        path = f"/{database}"
        if parts.scheme == "unix":
            path, options = parts.path, [*options, ("db", str(database))]
        query = f"?{urlencode(options)}" if options else ""
        return Url(f"{parts.scheme}://{parts.netloc}{path}{query}")

    def __repr__(self) -> str:
        return f"Url({self.shown!r})"

    def __str__(self) -> str:
        return self.shown


def _example(raw: str) -> str:
    """The probable intention. Only a bare host is repeated, since anything else may hold a password."""
    if re.fullmatch(r"localhost|[\w-]+(\.[\w-]+)+|(localhost|[\w.-]+):\d{1,5}(/\d*)?", raw, re.ASCII):
        return f"did you mean 'redis://{raw}'?"
    if raw.startswith("/"):
        return "did you mean unix:// and the path of a socket?"
    return f"for example {DEFAULT_URL}"


def _check_place(parts: SplitResult) -> None:
    """Check the host or the socket. Errors do not repeat it, since it may be a part of a password.

    Raises:
        ConfigError: it cannot exist.
    """
    host = unquote(parts.hostname or "")
    if parts.scheme == "unix":
        if host:
            raise ConfigError("a socket's path begins with a slash, the third one: unix:///run/redis.sock")
        if "\0" in unquote(parts.path):
            raise ConfigError("a socket's path holds no NUL")
        return
    if not host:
        raise ConfigError(f"the Redis URL names no host; for example {DEFAULT_URL}")
    if parts.port == 0:
        raise ConfigError("the Redis URL's port is a number from 1 to 65535")
    try:
        host.encode("idna")
    except UnicodeError:  # an empty label, or one of more than 63 characters
        is_name = ":" in host
    else:
        is_name = host.isprintable() and " " not in host
    if not is_name:
        reason = "between its dots are 1 to 63 characters, none of them blank"
        raise ConfigError(f"no host can have the name that the Redis URL gives: {reason}; {ESCAPE}")


def _database(path: str, query: str) -> int:
    text = parse_qs(query).get("db", [path.strip("/")])[0] or "0"
    if not text.isdecimal():
        raise ConfigError(f"the Redis URL's path is the database's number, for example /0; {ESCAPE}")
    return int(text)
