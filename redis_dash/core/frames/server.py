"""Is Redis itself well? The frame."""

from __future__ import annotations

from typing import Literal

import msgspec

from redis_dash.core.frames.base import Frame

Kind = Literal["standalone", "cluster", "sentinel"]
"""Of a server: alone or with replicas; one node of a cluster; one that only watches others."""


class Cost(msgspec.Struct, frozen=True):
    """What watching costs the server."""

    commands: int = 0
    """Commands sent since the start, over both connections."""
    server_ms: float = 0.0
    """The server's time that they took and that it took to deliver messages to us, in milliseconds, see ``cost``."""
    share: float | None = None
    """Share of one server core over the last seconds, 0..1; None in the first of them."""
    errors: int = 0
    """Errors in this program itself since the start."""
    messages_ms: float = 0.0
    """Of ``server_ms``: delivering messages, as estimated."""
    messages_share: float = 0.0
    """Of ``share``, likewise."""


class Scan(msgspec.Struct, frozen=True):
    """The one shared scan of the keyspace, which passes over it again and again."""

    done: int = 0
    """Keys that the running pass has seen."""
    size: int = 0
    """Keys in the database."""
    share: float = 0.0
    """Share of the keyspace that the running pass has seen, 0..1; 1 between two passes."""
    full_speed: bool = False
    """Somebody asked for a pass at full speed."""
    held_back: bool = False
    """The server answers more slowly than before: we ask less than the budget allows."""
    keys_per_s: float = 0.0
    """Over the last seconds."""
    passes: int = 0
    """Complete ones."""
    last_s: float | None = None
    """How long the latest complete one took, in seconds."""
    last_done: int = 0
    """Keys that it brought."""
    stopped: str = ""
    """Why it does not get on; empty where it does, or where the server is away."""


class ServerFrame(Frame, frozen=True):
    """Is Redis itself well? Source: INFO and a timed PING."""

    product: str
    """``redis``, ``valkey`` or another name that the server gives itself."""
    version: str
    role: str
    uptime_s: float
    ops_per_s: float | None
    """Commands of everybody but us, between the last two polls; None before the second one, as other rates are."""
    used_memory: int
    """Bytes."""
    max_memory: int
    """Bytes; 0 where no limit is set."""
    clients: int
    blocked_clients: int
    keys: int
    """Keys in the database that we watch."""
    ping_ms: float | None
    """The median of the last few; None where none could be measured yet."""
    evicted: int
    """Keys evicted since the server's counters began."""
    evicted_per_s: float | None
    expired_per_s: float | None
    rejected_connections: int
    cost: Cost
    scan: Scan = Scan()
    kind: Kind = "standalone"
    other_dashboards: int = 0
    """That watch this server, too, as far as known: their commands are in ``ops_per_s``."""
    evicting_since: float | None = None
    """Since when keys are evicted; None while none is."""
    rejecting_since: float | None = None
    """Since when connections are refused; None while none is."""
    errors_since: float | None = None
    """Since when this program has errors of its own; None while it has none."""
