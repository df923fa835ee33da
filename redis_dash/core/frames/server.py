"""The server frame: the health of Redis."""

from __future__ import annotations

from typing import Literal

import msgspec

from redis_dash.core.databases import Database
from redis_dash.core.frames.base import Frame

Kind = Literal["standalone", "cluster", "sentinel"]
"""The kind of server: alone or with replicas; a node of a cluster; a Sentinel."""


class Cost(msgspec.Struct, frozen=True):
    """What watching costs the server."""

    commands: int = 0
    """Commands sent since the start, over both connections."""
    server_ms: float = 0.0
    """The server's time for these commands and for delivering messages, in milliseconds; see ``server_cost``."""
    share: float | None = None
    """Share of one server core over the last seconds, 0..1; None in the first of them."""
    errors: int = 0
    """Errors in this program itself since the start."""
    messages_ms: float = 0.0
    """The estimated part of ``server_ms`` for delivering messages."""
    messages_share: float = 0.0
    """The same part of ``share``."""


class Scan(msgspec.Struct, frozen=True):
    """The state of the shared scan of the keyspace, which runs in repeated passes."""

    done: int = 0
    """Keys that the running pass has seen."""
    size: int = 0
    """Keys in the database."""
    share: float = 0.0
    """Share of the keyspace that the running pass has seen, 0..1; 1 between two passes."""
    full_speed: bool = False
    """Whether the user asked for a pass at full speed."""
    held_back: bool = False
    """Whether the scan uses less than its budget because ``ping_ms`` is higher than before."""
    ping_ms: float | None = None
    """The median of the last few pings, by which the scan is slowed; None before there are some."""
    resumes_at: float | None = None
    """When the scan is expected to go on (Unix epoch seconds), if it has paused for its budget for some seconds; else
    None."""
    keys_per_s: float = 0.0
    """The rate over the last seconds."""
    elapsed_s: float = 0.0
    """Seconds since the running pass began."""
    passes: int = 0
    """Complete passes."""
    last_s: float | None = None
    """Duration of the latest complete pass, in seconds."""
    last_done: int = 0
    """Keys of that pass."""
    last_partial: str = ""
    """What of a cluster that pass has not seen, in words; empty if nothing."""
    stopped: str = ""
    """Why the scan makes no progress; empty if it does, or if the server is away."""


class ClusterNode(msgspec.Struct, frozen=True):
    """One server of a cluster, or a replica elsewhere; None for what is not known."""

    address: str
    replica_of: str = ""
    """The address of its primary; empty for a primary."""
    slots: int = 0
    keys: int | None = None
    ops_per_s: float | None = None
    """Without this dashboard's commands."""
    used_memory: int | None = None
    """Bytes."""
    ping_ms: float | None = None
    lag_s: int | None = None
    """Seconds since its primary has heard of a replica."""
    behind_bytes: int | None = None
    """What a replica has not confirmed yet of the data of its primary."""
    trouble: str = ""
    """Why it cannot be used; empty if it can."""
    is_read: bool = False
    """Whether keys are read of this replica, in place of its primary."""


class ReplicasRead(msgspec.Struct, frozen=True):
    """The replicas that are read in place of their primaries."""

    read: int
    """How many."""
    primaries: int
    """Of so many primaries."""
    behind_bytes: int | None = None
    """The most that one of them has not received yet of what its primary has written."""
    heard_s: int | None = None
    """The longest time since one of them has heard of its primary, in seconds: some, while nothing is written."""
    trouble: str = ""
    """Why one of the others is not read; empty if that is not known."""
    missing_rules: tuple[str, ...] = ()
    """The ACL rules without which they cannot be read."""


class ClusterState(msgspec.Struct, frozen=True):
    """The servers of a cluster."""

    reached: int
    """Primaries that are reached, of so many ``primaries`` that hold slots."""
    primaries: int
    partial: str
    """What is not seen, in words; empty if all is."""
    nodes: tuple[ClusterNode, ...] = ()
    is_down: bool = False
    """Whether it carries out no command with a key, as its servers say: usually until each slot has a primary."""


class SentinelMember(msgspec.Struct, frozen=True):
    """One of the sentinels."""

    address: str
    trouble: str = ""
    """Why it cannot be asked; empty if it can."""


class SentinelState(msgspec.Struct, frozen=True):
    """What the sentinels say of the server that is watched."""

    name: str
    """What they call the primary."""
    primary: str
    """Its address."""
    reached: int
    """Sentinels that can be asked, of so many ``known`` ones."""
    known: int
    trouble: str = ""
    """Why it is not certain that this server is the primary; empty if it is."""
    switches: int = 0
    """How often another server has become the primary since the start."""
    replicas: tuple[ClusterNode, ...] = ()
    sentinels: tuple[SentinelMember, ...] = ()


class ServerFrame(Frame, frozen=True):
    """The values of INFO and of a timed PING; None for what INFO does not tell, as on some managed services."""

    product: str
    """``redis``, ``valkey`` or another name that the server gives itself."""
    version: str
    role: str
    uptime_s: float | None
    ops_per_s: float | None
    """Commands of all other clients, between the last two polls; None before the second poll, as all rates."""
    used_memory: int | None
    """Bytes."""
    max_memory: int | None
    """Bytes; 0 where no limit is set."""
    clients: int | None
    blocked_clients: int | None
    keys: int | None
    """Keys in the watched database."""
    ping_ms: float | None
    """The median of the last few; None where none could be measured yet."""
    evicted: int | None
    """Keys evicted since the server's counters began."""
    evicted_per_s: float | None
    expired_per_s: float | None
    rejected_connections: int | None
    cost: Cost
    database: int = 0
    """The number of the watched database."""
    databases: tuple[Database, ...] | None = None
    """The databases that hold keys, the watched one among them; None if INFO does not tell."""
    scan: Scan = Scan()
    kind: Kind = "standalone"
    cluster: ClusterState | None = None
    """None if it is none, or if only one node of it is seen."""
    sentinel: SentinelState | None = None
    """None unless sentinels say which server is watched."""
    replicas_read: ReplicasRead | None = None
    """None unless the user wants replicas to be read, and a cluster or sentinels can tell of some."""
    other_dashboards: int | None = None
    """That watch this server, too: their commands are in ``ops_per_s``. None if that is not known."""
    evicting_since: float | None = None
    """Since when keys are evicted; None while none is."""
    primary_lost_s: float | None = None
    """For how long this replica has not received anything of its primary; None if it does, or is no replica."""
    rejecting_since: float | None = None
    """Since when connections are refused; None while none is."""
    errors_since: float | None = None
    """Since when this program has errors of its own; None while it has none."""
    partial: str = ""
    """What of a cluster is not seen, in words; empty if all is. Then keys, memory, clients, counters and rates are
    lower bounds: the sums of what is seen."""
