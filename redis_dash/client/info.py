"""INFO and its values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from redis_dash.client.change_counters import KEYSPACE, Changes
from redis_dash.core.frames.server import Kind
from redis_dash.core.resp import Command

Calls = Mapping[bytes, tuple[int, int]]
"""By command: how often it was called, and the microseconds that all calls took."""

_COMMAND = re.compile(rb"^cmdstat_([^:\r\n]+):calls=(\d{1,19}),usec=(\d{1,19})", re.MULTILINE)

INFO: tuple[Command, ...] = ((b"INFO", b"commandstats"), (b"INFO",))
"""What is asked for an INFO: the server runs the second one right after the first."""


class Info(NamedTuple):
    """One INFO, with our own share of its counters at the moment of the reply."""

    values: Mapping[str, str]
    at: float
    """When INFO was sent (``time.monotonic()``): the server's state is not older."""
    own_hits: int
    own_misses: int
    application: tuple[int, int] = (0, 0)
    """Hits and misses of all other clients, as far as they can be separated from ours."""
    own_commands: tuple[int, int] = (0, 0)
    """Lower and upper bound of our commands that the server has run."""
    began: int = 0
    """How often the server's counters restarted: two INFOs that differ in it cannot be compared."""
    since: float | None = None
    """When we observed their reset; None if they were not reset since we connected, or of some nodes only."""
    reset_in_part: float | None = None
    """When we observed the latest reset of some of several nodes: the sums hold what was before, too."""
    is_first: bool = False
    """Whether no redis-dash can have looked up keys before this one since the server's counters began."""
    changes: Changes | None = None
    """If two INFOs have equal values, no key changed between them. None if a node does not report them."""
    nodes: tuple[Info, ...] = ()
    """The INFO of each node, if this is the picture of several."""
    partial: str = ""
    """What of a cluster is not in it, in words; empty if it is of all nodes."""


def parse_info(raw: bytes) -> dict[str, str]:
    """Parse INFO's ``name:value`` lines; the heading of the databases stays, since none is listed if all are empty."""
    lines = raw.decode("utf-8", "replace").splitlines()
    values = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
    return values | {KEYSPACE: ""} if KEYSPACE in lines else values


def told(values: Mapping[str, str], name: str) -> int | None:
    """A whole number of INFO; None if this server does not report it."""
    text = values.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 20 else None


def whole(values: Mapping[str, str], name: str) -> int:
    """A counter of INFO that is compared with itself; 0 if this server does not report it."""
    return told(values, name) or 0


def kind_of(values: Mapping[str, str]) -> Kind:
    """The kind of server."""
    if values.get("redis_mode", values.get("server_mode")) == "sentinel":
        return "sentinel"
    return "cluster" if values.get("cluster_enabled") == "1" else "standalone"


def product_of(values: Mapping[str, str]) -> tuple[str, str]:
    """The product and its version; ``?`` if the server does not tell."""
    name = values.get("server_name") or ("valkey" if "valkey_version" in values else "redis")
    return name, values.get("valkey_version") or values.get("redis_version", "?")


def has_read_rules(values: Mapping[str, str]) -> bool:
    """Whether the server's ACL has rules for reading keys only (``%R~``): from Redis 7.0 on, and in Valkey."""
    major = values.get("redis_version", "").partition(".")[0]
    return major.isdecimal() and int(major) >= 7


def calls_of(reply: object) -> Calls:
    """Read the reply to ``INFO commandstats``, which comes several times a second; empty if it is refused."""
    if not isinstance(reply, bytes):
        return {}
    return {name.upper(): (int(calls), int(usec)) for name, calls, usec in _COMMAND.findall(reply)}
