"""Where a server listens."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from redis_dash.config import Url
from redis_dash.core.errors import ConfigError

_HOST = re.compile(r"[\w.:-]{1,253}", re.ASCII)


class Address(NamedTuple):
    """Host and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(url: Url) -> Address:
    """The host and the port that a URL names."""
    parts = urlsplit(url.reveal())
    return Address(parts.hostname or "127.0.0.1", parts.port or 6379)


@lru_cache(maxsize=1024)
def is_address(host: str, port: int) -> bool:
    """Whether a server can listen there: other text, told by a server, could change the URL that is made of it."""
    if _HOST.fullmatch(host) is None or not 0 < port < 65_536:
        return False
    try:
        Url(f"redis://{Address(host, port)}")
    except ConfigError:
        return False
    return True
