"""The URL of a server, whose password is never shown. It holds the whole way to the server: user, TLS, SSH."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from redis_dash.config.password import NEVER_READ_AGAIN, Passwords
from redis_dash.config.several_hosts import CLUSTER, ESCAPE, SENTINEL, SENTINEL_EXAMPLE, hosts_of
from redis_dash.core.errors import ConfigError

SCHEMES = ("redis", "rediss", "unix")
_SEVERAL = tuple(f"{scheme}{suffix}" for suffix in (CLUSTER, SENTINEL) for scheme in ("redis", "rediss"))
ONE_DATABASE = "a cluster has one database only, database 0"
DEFAULT_URL = "redis://127.0.0.1:6379/0"
SNI, SSH, READ_FROM_REPLICAS = OWN_OPTIONS = "sni", "ssh", "read_from_replicas"
"""Options of the URL that only this program knows: the server's name for TLS, the host that SSH goes to, and whether
replicas are read."""
_NO, _YES = ("0", "F", "FALSE", "N", "NO"), ("1", "T", "TRUE", "Y", "YES")
_SSH = re.compile(r"(ssh://)?([^\s@/-][^\s@/]*@)?(?P<host>[^\s@/-][^\s@/]*)")


def options_of(query: str) -> dict[str, str]:
    """The options of a URL. Of one that is given twice the first counts, as for the driver."""
    return {name: values[0] for name, values in parse_qs(query).items()}


class Url:
    """A Redis URL that never shows its password: not in ``repr``, not in ``str``, not in a traceback's locals."""

    __slots__ = (
        "_hosts",
        "_raw",
        "bastion",
        "database",
        "described",
        "has_password",
        "has_sentinel_password",
        "is_tls",
        "passwords",
        "primary",
        "reads_replicas",
        "sentinel_user",
        "shown",
        "sni",
        "ssh",
        "target",
        "unverified",
        "user",
    )

    def __init__(self, raw: str, passwords: Passwords = NEVER_READ_AGAIN) -> None:
        """``passwords`` are those that can be read again; the servers that are reached by this URL share them."""
        self.passwords = passwords
        try:
            raw.encode()
            self._hosts = hosts = hosts_of(raw)
            parts = urlsplit(hosts.servers[0] if hosts.servers else raw)
            places = [_place(urlsplit(one)) for one in hosts.servers] or [_place(parts)]
        except ValueError:  # its text quotes the port, which may be a part of the password
            raise ConfigError(f"the Redis URL cannot be read; {ESCAPE}, and the port a number") from None
        if parts.scheme not in SCHEMES:
            raise ConfigError(f"a Redis URL begins with redis://, rediss:// or unix://; {_example(raw)}")
        for one in map(urlsplit, hosts.servers or (raw,)):
            _check_place(one)
        self._raw = raw
        self.primary = hosts.primary
        """The name that the sentinels have for the primary, if it names sentinels."""
        self.database = _database(parts.path if parts.scheme != "unix" else "", parts.query, hosts.suffix == SENTINEL)
        """The number of the database."""
        if self.is_cluster and self.database:
            raise ConfigError(ONE_DATABASE)
        scheme = f"{parts.scheme}{hosts.suffix}"
        where = ",".join(places) if parts.scheme != "unix" else ""
        user = f"{quote(unquote(parts.username))}@" if parts.username else ""
        path = f"/{self.primary}/{self.database}" if self.primary else f"/{self.database}"
        if parts.scheme == "unix":
            path = f"{parts.path}?db={self.database}" if self.database else parts.path
        self.shown = f"{scheme}://{user}{where}{path}"
        """The URL with its database, without password and other options: for screens, logs and exports."""
        options = options_of(parts.query)
        self.user = unquote(parts.username or options.get("username", "")) or "default"
        """The name of the ACL user."""
        self.has_password = bool(parts.password or options.get("password"))
        self.sentinel_user, self.has_sentinel_password = hosts.user or "default", bool(hosts.password)
        """The name of the sentinels' own user."""
        self.is_tls = parts.scheme == "rediss"
        self.unverified = _unverified(options) if self.is_tls else ""
        """What of the server's certificate is not verified, in words; empty if nothing, or if there is no TLS."""
        self.sni = _sni(options.get(SNI, ""), parts.scheme)
        """The name that TLS asks for and verifies, if it is not the host."""
        self.ssh = options.get(SSH, "")
        """Where SSH goes to (``user@host``), if the connection goes through it."""
        self.reads_replicas = _is_yes(options.get(READ_FROM_REPLICAS, "no"))
        """Whether replicas are read in place of their primaries, where a cluster or sentinels tell of some."""
        self.bastion = _bastion(self.ssh) if self.ssh else ""
        """The host of it, to be shown."""
        self.target = f"{self.shown} via {self.bastion}" if self.ssh else self.shown
        """The URL as it is shown, with the host that SSH goes to: what belongs to one target is not for another one."""
        self.described = f"{self.target}, {self.unverified}" if self.unverified else self.target
        """The target, and whether it may be another server than it says."""

    def facts(self, *, was_encrypted: bool = True) -> dict[str, str | bool | None]:
        """What an exported document says of the server, and of the way to it.

        Args:
            was_encrypted: whether any connection was made by TLS: before, nothing is verified.
        """
        tls = (self.unverified or ("verified" if was_encrypted else "not connected")) if self.is_tls else None
        return {"target": self.shown, "via": self.bastion or None, "tls": tls, READ_FROM_REPLICAS: self.reads_replicas}

    def reveal(self) -> str:
        """The whole URL, for the driver only."""
        return self._raw

    @property
    def is_cluster(self) -> bool:
        """Whether it names servers of a cluster."""
        return self._hosts.suffix == CLUSTER

    @property
    def is_sentinel(self) -> bool:
        """Whether it names sentinels, which know where the primary is."""
        return self._hosts.suffix == SENTINEL

    @property
    def seeds(self) -> tuple[Url, ...]:
        """The servers that it names; if these are sentinels, as if they were the primary."""
        return tuple(Url(one, self.passwords) for one in self._hosts.servers) or (self,)

    @property
    def sentinels(self) -> tuple[Url, ...]:
        """The sentinels that it names, for their own user."""
        return tuple(map(self._of_sentinel, self._hosts.servers)) if self.is_sentinel else ()

    def sentinel_at(self, host: str, port: int) -> Url:
        """Another sentinel, for the same user."""
        return self._of_sentinel(self.at(host, port).reveal())

    def _of_sentinel(self, raw: str) -> Url:
        parts, hosts = urlsplit(raw), self._hosts
        way_in = ("db", "username", "password")
        options = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in way_in]
        who = f"{quote(hosts.user, safe='')}:{quote(hosts.password, safe='')}@" if hosts.user or hosts.password else ""
        query = f"?{urlencode(options)}" if options else ""
        own = Passwords(self.passwords.of_sentinels)
        return Url(f"{parts.scheme}://{who}{parts.netloc.rpartition('@')[2]}/0{query}", own)

    def at(self, host: str, port: int, name: str = "") -> Url:
        """Another server of the same cluster or of the same sentinels, for the same user.

        Args:
            name: what its certificate may hold, if ``host`` is an IP address.
        """
        parts = urlsplit(self._hosts.servers[0] if self._hosts.servers else self._raw)
        scheme = "redis" if parts.scheme == "unix" else parts.scheme
        who, at, _ = parts.netloc.rpartition("@")
        place = f"[{host}]" if ":" in host else host
        options = [(key, value) for key, value in parse_qsl(parts.query, True) if key != "db"]
        if name and self.is_tls and not self.sni:
            options.append((SNI, name))
        query = f"?{urlencode(options)}" if options else ""
        return Url(f"{scheme}://{who}{at}{place}:{port}/{self.database}{query}", self.passwords)

    def with_database(self, database: int) -> Url:
        """The same URL with another database."""
        parts = urlsplit(self._raw)
        options = [(name, value) for name, value in parse_qsl(parts.query, True) if name != "db"]
        path = f"/{self.primary}/{database}" if self.primary else f"/{database}"
        if parts.scheme == "unix":
            path, options = parts.path, [*options, ("db", str(database))]
        query = f"?{urlencode(options)}" if options else ""
        return Url(f"{parts.scheme}://{parts.netloc}{path}{query}", self.passwords)

    def with_way_in(self, user: str | None, password: str | None, options: Mapping[str, str]) -> Url:
        """The same server for another user, with another password or with more options; None keeps what there is."""
        parts = urlsplit(self._raw)
        netloc = parts.netloc
        old = options_of(parts.query)
        if user is not None or password is not None:
            own = unquote(parts.username or "") or old.pop("username", "")
            secret = unquote(parts.password or "") or old.pop("password", "")
            user, password = own if user is None else user, secret if password is None else password
            netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{netloc.rpartition('@')[2]}"
            old = {name: value for name, value in old.items() if name not in ("username", "password")}
        query = urlencode(old | dict(options))
        return Url(f"{parts.scheme}://{netloc}{parts.path}{'?' if query else ''}{query}", self.passwords)

    def __repr__(self) -> str:
        return f"Url({self.shown!r})"

    def __str__(self) -> str:
        return self.shown


def _place(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{host}:{parts.port or 6379}"


def _unverified(options: Mapping[str, str]) -> str:
    if options.get("ssl_cert_reqs") == "none":
        return "not verified"
    return "name not verified" if options.get("ssl_check_hostname", "").upper() in _NO else ""


def _sni(name: str, scheme: str) -> str:
    if name and scheme != "rediss":
        raise ConfigError("a name for TLS (sni) needs a URL that begins with rediss://")
    if name and (not name.isprintable() or " " in name or name.startswith(".")):
        raise ConfigError("the server's name for TLS (sni) is a host name, for example redis.example.com")
    return name


def _is_yes(text: str) -> bool:
    if (word := text.upper()) not in (*_NO, *_YES):
        raise ConfigError(f"{READ_FROM_REPLICAS} in the Redis URL is true or false")
    return word in _YES


def _bastion(ssh: str) -> str:
    """The host of an SSH destination; a destination that begins with ``-`` would be an option of ssh."""
    if not ssh.isprintable() or (match := _SSH.fullmatch(ssh)) is None:
        raise ConfigError("where SSH goes to is written user@host, host, or ssh://user@host:port")
    return match["host"]


def _example(raw: str) -> str:
    """The probable intention. Only a bare host is repeated, since anything else may hold a password."""
    from difflib import get_close_matches  # imported here for a quick start

    if re.fullmatch(r"localhost|[\w-]+(\.[\w-]+)+|(localhost|[\w.-]+):\d{1,5}(/\d*)?", raw, re.ASCII):
        return f"did you mean 'redis://{raw}'?"
    if raw.startswith("/"):
        return "did you mean unix:// and the path of a socket?"
    scheme, there, _ = raw.partition("://")
    meant = get_close_matches(scheme.lower().replace("-", "+"), (*SCHEMES, *_SEVERAL), 1, 0.7) if there else []
    return f"did you mean {meant[0]}://?" if meant else f"for example {DEFAULT_URL}"


def _check_place(parts: SplitResult) -> None:
    """Check the host or the socket. Errors do not repeat it, since it may be a part of a password.

    Raises:
        ConfigError: it cannot exist.
    """
    host = unquote(parts.hostname or "")
    if parts.scheme == "unix":
        if host:
            raise ConfigError("a socket's path begins with a slash, the third one: unix:///run/redis.sock")
        if not parts.path.strip("/"):
            raise ConfigError("the Redis URL names no socket; for example unix:///run/redis.sock")
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


def _database(path: str, query: str, is_sentinel: bool) -> int:
    text = parse_qs(query).get("db", [path.strip("/")])[0] or "0"
    if not text.isdecimal() and is_sentinel:
        raise ConfigError(
            f"the database's number follows the primary's name, for example {SENTINEL_EXAMPLE}/0; {ESCAPE}"
        )
    if not text.isdecimal():
        raise ConfigError(f"the Redis URL's path is the database's number, for example /0; {ESCAPE}")
    return int(text)
