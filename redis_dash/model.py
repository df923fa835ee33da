"""The shared language: one frozen frame per topic, the reading that carries it, and the errors.

Text in frames is what Redis held, decoded leniently: hostile until it has passed ``tui/text.py``. Times are Unix
epoch seconds unless a name ends in ``_s`` (a duration in seconds) or ``_ms``.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from redis_dash.certainty import Count, Scope, exact
from redis_dash.credential import Credential
from redis_dash.eventlog import EventLog
from redis_dash.known_ids import KnownIds

Kind = Literal["standalone", "cluster", "sentinel"]
"""Of a server: alone or with replicas; one node of a cluster; one that only watches others."""

Status = Literal["ok", "stale", "reduced", "off", "error"]

TOPICS = ("server", "events", "sessions", "rate_limits", "leaderboards", "cache")


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
    messages_share: float = 0.0
    """Of ``server_ms`` and ``share``: delivering messages, as estimated."""


class Scan(msgspec.Struct, frozen=True):
    """The one shared scan of the keyspace, which passes over it again and again."""

    done: int = 0
    size: int = 0
    """Keys that the running pass has seen, and those in the database."""
    share: float = 0.0
    """Share of the keyspace that the running pass has seen, 0..1; 1 between two passes."""
    full_speed: bool = False
    """Somebody asked for a pass at full speed."""
    held_back: bool = False
    """The server answers more slowly than before: we ask less than the budget allows."""
    keys_per_s: float = 0.0
    """Over the last seconds."""
    passes: int = 0
    last_s: float | None = None
    last_done: int = 0
    """Complete passes, how long the latest of them took, and how many keys it brought."""
    stopped: str = ""
    """Why it does not get on; empty where it does, or where the server is away."""


class ServerFrame(msgspec.Struct, frozen=True):
    """Is Redis itself well? Source: INFO and a timed PING."""

    product: str
    """``redis``, ``valkey`` or another name that the server gives itself."""
    version: str
    role: str
    uptime_s: float
    ops_per_s: float | None
    """Commands of everybody but us, between the last two polls; None before the second one, as other rates are."""
    used_memory: int
    max_memory: int
    """Both in bytes; 0 where no limit is set."""
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
    evicting_since: float | None = None
    rejecting_since: float | None = None
    errors_since: float | None = None
    """Of this program itself. Each is None while nothing new is counted."""


class Gap(msgspec.Struct, frozen=True):
    """A time for which messages are unknown."""

    began_at: float
    ended_at: float | None
    """None while it lasts."""
    reason: str


class ChannelCount(msgspec.Struct, frozen=True):
    """Messages of one channel since the start of watching."""

    channel: str
    count: int
    rate: float
    """Messages a second over the last seconds."""


class EventsFrame(msgspec.Struct, frozen=True):
    """What is happening right now? Counts since the start of watching; ``log`` holds the latest messages."""

    received: int
    dropped: int
    """Messages that came in part, or as nothing that can be understood: in no other figure, and certainly lost. Each of
    them ended a connection; what else went then is unknown, and stands in ``gaps``."""
    overwritten: int
    """Messages that have left the ring since: counted, no longer readable. All others are kept in it."""
    rate: float
    """Messages a second over the last seconds, all channels."""
    gaps: tuple[Gap, ...]
    channels: tuple[ChannelCount, ...]
    """Busiest first."""
    other: int
    """Messages of channels that are not in ``channels``."""
    log: EventLog
    patterns: tuple[str, ...] = ()
    """What we subscribed to."""
    channel_count: int = 0
    """Distinct channels counted one by one; ``channels`` may hold fewer."""
    session_globs: tuple[str, ...] = ()
    """The patterns of session keys: what ``log`` holds is raw, and may hold some."""
    known_ids: KnownIds = msgspec.field(default_factory=KnownIds)
    """Ids that ``log`` may hold without the rest of their keys."""
    shard_channels: int = 0
    """Sharded channels with listeners: their messages (SPUBLISH) reach none of our subscriptions."""


class SessionRow(msgspec.Struct, frozen=True):
    """One session."""

    key: Credential
    id: str
    """Masked."""
    user: str
    """Whom the application says it is; empty for an anonymous or unreadable one."""
    role: str
    ttl_s: float | None
    """Seconds until it expires; None if it never does."""
    ttl_full_s: float | None
    """What a fresh session has, as far as seen: the length of the bar."""
    created_at: float | None
    dialect: str
    ttl_known: bool = True
    """False where the lifetime could not be read: then ``ttl_s`` says nothing."""
    fields: tuple[tuple[str, str], ...] = ()
    """What else the application keeps in it; values of secret-looking fields are already hidden."""
    fingerprint: bytes = b""
    """Of whom and what the session is about, to see later whether it still is the same; empty where it is unknown."""


class Search(msgspec.Struct, frozen=True):
    """A search among all sessions: under way, or what it has found."""

    rows: tuple[SessionRow, ...]
    """Most time left first; those that never expire last."""
    found: int
    """May be more than ``rows``."""
    read: int
    """Sessions looked at."""
    coverage: float
    """Share of the keyspace that was searched, 0..1."""
    running: bool
    elapsed_s: float
    note: str = ""
    """Why it ended early, if it did."""


class SessionsFrame(msgspec.Struct, frozen=True):
    """Who is signed in?"""

    count: Count
    rows: tuple[SessionRow, ...]
    """Most time left first; those that never expire last."""
    search: Search | None = None
    can_undo: bool | None = None
    """Whether a session that is revoked can be brought back by our user; None where the server does not tell."""


class LimitRow(msgspec.Struct, frozen=True):
    """One identity's use of a limit."""

    key: str
    identity: str
    used: int
    """Requests in the running window. Where ``is_held``, entries of any age: the window is not known."""
    limit: int | None
    """None where it is unknown: Redis does not hold it."""
    window_s: float | None
    reset_s: float | None
    """Seconds until usage falls; once the limit is used up, until a request is let in again."""
    blocked: bool
    """Used up: the next request would be refused."""
    dialect: str
    age_s: float = 0.0
    """Seconds since it was read; ``reset_s`` is as of now."""
    is_held: bool = False
    masked: Credential | None = None
    """The whole key, where a session's id or a token in it is masked."""


class RateLimitsFrame(msgspec.Struct, frozen=True):
    """Who is near, at or over the limit?"""

    count: Count
    blocked: Count
    near: Count
    """At 80 % or more and not blocked."""
    rows: tuple[LimitRow, ...]
    """Blocked first, then the fullest."""
    unlimited: bool = False
    """No limit is known for any of them: Redis does not hold it, and none was given."""


class BoardRow(msgspec.Struct, frozen=True):
    """One member of a leaderboard."""

    rank: int
    """1 is the first."""
    member: str
    score: float
    moved: int
    """Places won (positive) or lost in its last move that we saw; 0 if none."""
    moved_s: float | None = None
    """Seconds since that move."""
    entered: bool = False
    """It came from below what we watch, or is new, and has not moved since."""
    masked: Credential | None = None
    """The whole member, where a session's id or a token in it is masked."""


class Board(msgspec.Struct, frozen=True):
    """One sorted set, best first."""

    key: str
    size: int
    rows: tuple[BoardRow, ...]
    """One page of it; the first, unless another was asked for."""
    sought: str = ""
    """The member around whom the page was asked for."""
    missing: bool = False
    """That member is not on the board."""


class LeaderboardsFrame(msgspec.Struct, frozen=True):
    """Who leads, who moves?"""

    boards: tuple[Board, ...]
    count: Count = exact(0)
    """Boards that there are; ``boards`` may hold fewer."""


class CacheGroup(msgspec.Struct, frozen=True):
    """One of the application's caches, by its own counters where it keeps them."""

    name: str
    keys: Count
    hits: int | None
    """None where the application keeps no counter."""
    misses: int | None
    hit_rate: float | None
    """Since the counters' start, 0..1."""
    interval_hit_rate: float | None = None
    interval_lookups: int | None = None
    """As in ``CacheFrame``."""


class CacheFrame(msgspec.Struct, frozen=True):
    """Is the cache earning its keep? The server's counters, with our own lookups taken off."""

    hits: int
    misses: int
    hit_rate: float | None
    """Since the server's counters began, 0..1."""
    interval_hits: int | None
    interval_misses: int | None
    interval_hit_rate: float | None
    """Over the last seconds; None before the second poll or where the counters began anew; no rate without lookups."""
    own_hits: int
    own_misses: int
    history: tuple[float | None, ...]
    """Interval hit rates, oldest first, one for each poll."""
    groups: tuple[CacheGroup, ...]
    dashboards: int | None = 1
    """That watch this server, this one included: the lookups of the others are in these figures. None: not known."""
    since: float | None = None
    """When we saw the server's counters reset; None if they count from its start, or from before we came."""


Frame = ServerFrame | EventsFrame | SessionsFrame | RateLimitsFrame | LeaderboardsFrame | CacheFrame
F = TypeVar("F", bound=Frame)


class Reading(msgspec.Struct, Generic[F], frozen=True):
    """A topic's latest frame with its status.

    ``ok``: as told. ``stale``: older than it should be, or the server is away; the frame is the last good one.
    ``reduced``: a right or a feature is missing; ``note`` says which. ``off``: cannot be had here, ``note`` says why.
    ``error``: the source failed; ``note`` says how.
    """

    topic: str
    status: Status
    frame: F | None = None
    taken_at: float = 0.0
    note: str = ""
    count: Count | None = None
    """The topic's count, of several the one that can be trusted least; both None for topics that need no scan."""
    scope: Scope | None = None
    away: bool = False
    """The server cannot be reached: ``note`` says why, as it does for every other topic."""

    @property
    def coverage(self) -> float | None:
        """Share of the keyspace that the figures come from, 0..1; None for topics that need no scan."""
        return None if self.count is None else self.count.coverage


AnyReading = Reading[Any]


class DashError(Exception):
    """Root of the errors that a person can do something about; its text says what."""


class ConfigError(DashError):
    """A bad option, URL or file; names the place and the way out."""


class SourceError(DashError):
    """Redis could not be reached, or refused; without secrets."""


class AwayError(SourceError):
    """Redis could not be reached, or the connection broke."""


class MissingRightError(SourceError):
    """The ACL user may not run a command."""
