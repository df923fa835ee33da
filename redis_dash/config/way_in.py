"""The settings of the way to the server: URL, user, password, TLS, SSH."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from redis_dash.config.several_hosts import SENTINEL_EXAMPLE, SENTINEL_USER
from redis_dash.config.url import DEFAULT_URL, READ_FROM_REPLICAS, SNI, SSH, Url
from redis_dash.core.errors import ConfigError

PASSWORDS = ("password_file", "password_command")
"""Where a password is read from; of two the later one counts."""
SENTINEL_PASSWORDS = ("sentinel_password_file", "sentinel_password_command")
"""The same for the password of the sentinels."""
OF_SENTINELS = ("sentinel_user", *SENTINEL_PASSWORDS)
FILES = ("password_file", "sentinel_password_file", "cacert", "cert", "key")
"""Settings that name a file."""
PROGRAMS = ("password_command", "sentinel_password_command")
"""Settings that hold a program with its arguments, which may be secret."""
OF_URL = ("user", *PASSWORDS, *OF_SENTINELS, "cacert", "cert", "key", "insecure", "sni", "ssh", READ_FROM_REPLICAS)
"""Settings that are for the URL beside which they stand, and for no other one."""
TEXTS = ("user", *PASSWORDS, *OF_SENTINELS, "cacert", "cert", "key", "sni", "ssh")
"""Settings whose text is never empty, except where a profile switches off what the top level says: an empty variable of
a shell must not mean a direct connection, or one without a password."""
_TLS = {"cacert": "ssl_ca_certs", "cert": "ssl_certfile", "key": "ssl_keyfile", "sni": SNI}
"""The URL's option for each setting of TLS."""


def together_with(name: str) -> tuple[str, ...]:
    """The settings that a setting replaces: of the two for a password the other one, too."""
    return next((pair for pair in (PASSWORDS, SENTINEL_PASSWORDS) if name in pair), (name,))


class WayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the server is reached. None of them is a password."""

    url: str = DEFAULT_URL
    user: str = ""
    password_file: str = ""
    password_command: str = ""
    """A program with its arguments; it is run without a shell, and prints the password."""
    sentinel_user: str = ""
    """The user of the sentinels themselves."""
    sentinel_password_file: str = ""
    sentinel_password_command: str = ""
    cacert: str = ""
    cert: str = ""
    key: str = ""
    insecure: bool = False
    """Whether any certificate of the server is accepted."""
    sni: str = ""
    """The server's name for TLS, if it is not the host of the URL."""
    ssh: str = ""
    """Where SSH goes to: ``user@host``."""
    read_from_replicas: bool = False
    """Whether replicas are read in place of their primaries."""

    def __post_init__(self) -> None:
        for name in PROGRAMS:
            if command := getattr(self, name):
                import shlex  # imported here for a quick start

                try:
                    shlex.split(command)
                except ValueError as error:
                    raise ValueError(f"{name}: a quote is not closed ({error})") from None
        if not (self.sni or self.ssh):
            return
        try:
            Url("rediss://host").with_way_in(None, None, {SNI: self.sni, SSH: self.ssh})
        except ConfigError as error:
            raise ValueError(str(error)) from None

    def options(self) -> dict[str, str]:
        """The options of the URL for all settings but the user and a password."""
        options = {option: value for name, option in _TLS.items() if (value := getattr(self, name))}
        if self.insecure:
            options["ssl_cert_reqs"] = "none"
        if self.sentinel_user:
            options[SENTINEL_USER] = self.sentinel_user
        if self.read_from_replicas:
            options[READ_FROM_REPLICAS] = "true"
        return options | ({SSH: self.ssh} if self.ssh else {})


def contradictions(way: WayIn, url: Url, place: Mapping[str, str]) -> Iterator[str]:
    """What does not fit together, which is only known of all settings.

    Args:
        place: where each of the settings is, for errors.
    """
    for name in (*_TLS, "insecure"):
        if getattr(way, name) and not url.is_tls:
            scheme = url.shown.partition(":")[0]
            yield f"{place[name]}{name} is for TLS: the URL begins with rediss://, and not with {scheme}://"
    for name in OF_SENTINELS:
        if getattr(way, name) and not url.is_sentinel:
            yield f"{place[name]}{name} is for Sentinel: the URL is in the form {SENTINEL_EXAMPLE}"
    if way.key and not way.cert and url.is_tls:
        yield f"{place['key']}key is a private key: cert, its certificate, is needed, too"
