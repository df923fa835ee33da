"""Where a server listens."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from redis_dash.config import Url

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


def is_address(host: str, port: int) -> bool:
    """Whether a server can listen there: other text, told by a server, could change the URL that is made of it."""
    return _HOST.fullmatch(host) is not None and 0 < port < 65_536
