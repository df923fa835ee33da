"""The settings of the application, from environment variables."""

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from demo_server.patterns.client_address import Network

T = TypeVar("T")

DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
LOOPBACK = "127.0.0.0/8,::1/128"


class SettingsError(ValueError):
    """A setting has an invalid value; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application."""

    redis_url: str = field(default=DEFAULT_REDIS_URL, repr=False)  # may hold a password
    redis_timeout: float = 0.5  # seconds for a command; a request goes on without Redis rather than hang
    rate_limit: int = 100  # requests
    rate_window: int = 60  # seconds
    llm_seconds: float = 2.0  # how long the simulated model thinks
    database_latency: float = 0.05  # seconds added to each query
    database: Path | None = None  # None: a temporary file that is removed with the process
    trusted_proxies: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        redis_url: str | None = None,
        database: Path | None = None,
    ) -> Self:
        """Read DEMO_* and, unless `redis_url` is given, REDIS_URL. Raises SettingsError."""

        def read(name: str, parse: Callable[[str], T], default: str) -> T:
            text = environment.get(name, default)
            try:
                return parse(text)
            except ValueError as error:
                raise SettingsError(f"{name}={text!r}: {error}") from None

        named_file = environment.get("DEMO_DATABASE")
        return cls(
            redis_url=redis_url or environment.get("REDIS_URL") or DEFAULT_REDIS_URL,
            rate_limit=read("DEMO_RATE_LIMIT", _at_least_one, "100"),
            rate_window=read("DEMO_RATE_WINDOW", _at_least_one, "60"),
            llm_seconds=read("DEMO_LLM_SECONDS", _seconds, "2.0"),
            database_latency=read("DEMO_DATABASE_LATENCY", _seconds, "0.05"),
            database=database or (Path(named_file) if named_file else None),
            trusted_proxies=read("DEMO_TRUSTED_PROXIES", _networks, LOOPBACK),
        )


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:  # refuses NaN as well
        raise ValueError("must be between 0 and 3600 seconds")
    return seconds


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_cluster_url(url: str) -> bool:
    """Whether a URL names nodes of a cluster."""
    return urlsplit(url).scheme in ("redis+cluster", "rediss+cluster")


def is_sentinel_url(url: str) -> bool:
    """Whether a URL names sentinels and, in its path, the primary that they watch."""
    return urlsplit(url).scheme in ("redis+sentinel", "rediss+sentinel")


def check_url(url: str) -> None:
    """Check a Redis URL. Raises SettingsError, which does not repeat the URL, because it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "unix" or (
            parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        )
        has_hosts, has_name = bool(parts.netloc.rpartition("@")[2]), bool(parts.path.strip("/"))
        usable = usable or (has_hosts and (is_cluster_url(url) or (is_sentinel_url(url) and has_name)))
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"the Redis URL cannot be read: one looks like {DEFAULT_REDIS_URL}; "
            "in a password / # ? @ are written %2F %23 %3F %40"
        )
