"""A feed without Redis, and frames made by hand: for the tests and the playground."""

from __future__ import annotations

import asyncio
import time

import msgspec

from redis_dash.core.certainty import Count, Scope, counted, estimated, exact, unknown
from redis_dash.core.choices import Choose, Chosen
from redis_dash.core.commands import Command, FindOut, Outcome, Request
from redis_dash.core.credential import Credential, mask
from redis_dash.core.errors import SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.base import Frame
from redis_dash.core.frames.cache import CacheFrame, CacheGroup
from redis_dash.core.frames.events import ChannelCount, EventsFrame
from redis_dash.core.frames.keys import KeyKind, KeysFrame, Recognised
from redis_dash.core.frames.leaderboards import Board, BoardRow, LeaderboardsFrame
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.core.frames.server import Cost, Scan, ServerFrame
from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.pubsub.message_log import MessageRing, RawMessage


class FakeFeed:
    """Delivers the readings that a test puts in, and records the submitted commands."""

    def __init__(self, *readings: AnyReading) -> None:
        self.pending = list(readings)
        self.submitted: list[Command] = []
        self.outcomes: list[Outcome | Exception] = []
        self.answers = asyncio.Event()
        """Every command waits for this event, which is set from the start."""
        self.answers.set()
        self.asked: list[Request] = []
        self.choices: list[Choose] = []
        self.chosen = Chosen("/home/ann/.config/redis-dash/dashboard.toml")
        self.under_way: Progress | None = None
        self.kinds: Reading[KeysFrame] = keys(kind("cart:*", 40_000, 10.0), kind("sess:*", 12_403, 1400.0))
        """The kinds of keys that it reports."""
        self.target = "redis://127.0.0.1:6379/0"
        """The address that it reports."""
        self.unverified = ""
        """What of the server's certificate is not verified."""
        self.next_attempt_s: float | None = None
        """When the next attempt to connect comes."""
        self.database = 0
        """The watched database."""
        self.no_select = ""
        """Why another database cannot be selected."""
        self.server_is_back = asyncio.Event()
        """A look-up of an unknown outcome waits for this event."""
        self.server_is_back.set()

    async def select(self, database: int) -> None:
        """Watch another database, of which nothing is known yet."""
        if self.no_select:
            raise SourceError(self.no_select)
        self.database, self.pending = database, []
        self.target = f"{self.target.rpartition('/')[0]}/{database}"

    def put(self, *readings: AnyReading) -> None:
        """Let the next drain return these."""
        self.pending += readings

    def drain(self) -> list[AnyReading]:
        """The readings that were put in since the last call."""
        readings, self.pending = self.pending, []
        return readings

    def keys(self) -> Reading[KeysFrame]:
        """The kinds of keys that a test has set."""
        return self.kinds

    def progress(self) -> Progress | None:
        """The progress that a test has set."""
        return self.under_way

    def ask(self, request: Request) -> None:
        """Record the request."""
        self.asked.append(request)

    def choose(self, choice: Choose) -> Chosen:
        """Record the choice."""
        self.choices.append(choice)
        return self.chosen

    async def submit(self, command: Command) -> Outcome:
        """Return the next prepared outcome."""
        self.submitted.append(command)
        if isinstance(command, FindOut):
            await self.server_is_back.wait()
        await self.answers.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome("sent", "Sent.")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def run(self) -> None:
        """Wait for ever: there is nothing to read."""
        await asyncio.Event().wait()


def ok(topic: str, frame: Frame, coverage: float | None = None, age: float = 0.0) -> AnyReading:
    """A current reading with the count of its frame, or with the coverage of a scan if ``coverage`` is below 1."""
    at = time.time() - age
    count = None
    if coverage is not None:
        own = frame.count if isinstance(frame, SessionsFrame | RateLimitsFrame | LeaderboardsFrame) else exact(0, at)
        count = own if coverage >= 1 else msgspec.structs.replace(own, certainty="estimated", coverage=coverage, at=0.0)
    scope = None if coverage is None else Scope((f"{topic}:*",), 3204)
    return Reading(topic, "ok", frame, at, count=count, scope=scope)


def server(**changes: object) -> ServerFrame:
    """A server without problems."""
    frame = ServerFrame(
        product="valkey",
        version="8.1.8",
        role="master",
        uptime_s=273_845,
        ops_per_s=1240.4,
        used_memory=14_890_000,
        max_memory=0,
        clients=9,
        blocked_clients=0,
        keys=3204,
        ping_ms=0.31,
        evicted=0,
        evicted_per_s=0.0,
        expired_per_s=0.4,
        rejected_connections=0,
        cost=Cost(1204, 38.2, 0.0011),
    )
    return msgspec.structs.replace(frame, **changes)


def session(index: int, user: str | None = None, role: str = "student", ttl: float | None = 86_000.0) -> SessionRow:
    """One session; the index makes its key."""
    raw = f"session:secret-{index:04}-do-not-show".encode()
    return SessionRow(
        key=Credential(raw),
        id=mask(f"{index:04}abcdefghijklmnop".encode()),
        user=user if user is not None else f"user{index}@example.com",
        role=role,
        ttl_s=ttl,
        ttl_full_s=86_400.0,
        created_at=time.time() - 400,
        dialect="json",
        fields=(("email", f"user{index}@example.com"), ("csrf", "•••")),
    )


def sessions(*rows: SessionRow, count: int | None = None, spread: int = 0) -> SessionsFrame:
    """A frame of these rows."""
    total = len(rows) if count is None else count
    held = estimated(total, total - spread, total + spread, 0.12) if spread else exact(total)
    return SessionsFrame(held, rows)


def limit(identity: str, used: int, of: int | None = 100, reset: float | None = 12.0) -> LimitRow:
    """One client's use of a limit."""
    blocked = of is not None and used >= of
    return LimitRow(f"ratelimit:{identity}", identity, used, of, 60.0, reset, blocked, "sliding log")


def rate_limits(*rows: LimitRow) -> RateLimitsFrame:
    """A frame of these rows, counted."""
    blocked = sum(row.blocked for row in rows)
    near = sum(not row.blocked and row.limit is not None and row.used >= 0.8 * row.limit for row in rows)
    unlimited = not any(row.limit for row in rows)
    return RateLimitsFrame(exact(len(rows)), exact(blocked), exact(near), rows, unlimited)


def board(key: str, *members: str) -> Board:
    """A board, the first member leading."""
    rows = tuple(BoardRow(i, member, 10_000.0 - 137 * i, 0) for i, member in enumerate(members, 1))
    return Board(key, len(rows), rows)


def leaderboards(*boards: Board) -> LeaderboardsFrame:
    """A frame of these boards."""
    return LeaderboardsFrame(boards, exact(len(boards)))


def cache(now: float | None = 0.934, since: float = 0.91, lookups: int = 200, fallen: bool | None = None) -> CacheFrame:
    """A cache frame with these rates."""
    hits = round(lookups * (now or 0))
    groups = (
        CacheGroup("llm", exact(12), 1204, 23, 0.981, 1.0, 12),
        CacheGroup("product", exact(200), 13_022, 1411, 0.902, 0.93, 120),
        CacheGroup("page", exact(31), None, None, None),
    )
    history = (0.5, None, 0.9, now)
    return CacheFrame(
        14_226, 1434, since, hits, lookups - hits, now, 310, 12, history, groups, has_fallen=fallen, interval_s=1.0
    )


def kind(name: str, keys: Count | int, mean_bytes: float | None = 100.0, **changes: object) -> KeyKind:
    """One kind of keys, of which 16 strings without expiry were read."""
    count = counted(keys, keys, keys, time.time()) if isinstance(keys, int) else keys
    size = round((mean_bytes or 0) * count.value)
    memory = None if mean_bytes is None else estimated(size, size * 97 // 100, size * 103 // 100, 0.5)
    kind = KeyKind(hash(name), name, count, 16, 0, (("string", 16),), 16, None, memory, 16, pattern=name)
    kind = msgspec.structs.replace(kind, mean_bytes=mean_bytes, names=16)
    return msgspec.structs.replace(kind, **changes)


def recognised(name: str = "Express (connect-redis)", topic: str = "sessions", **changes: object) -> Recognised:
    """What a kind of keys is recognised as."""
    found = Recognised(name, topic, "sess:*", "certain", 'JSON with "cookie"', 15, 16, "A store may keep a copy.")
    return msgspec.structs.replace(found, **changes)


def keys(*kinds: KeyKind, scan: Scan | None = None, looked_at: int | None = None) -> Reading[KeysFrame]:
    """A reading of these kinds, counted just now; the scan is complete, unless told otherwise."""
    at = time.time()
    kinds = tuple(
        msgspec.structs.replace(one, count=msgspec.structs.replace(one.count, at=at)) if one.count.at else one
        for one in kinds
    )
    total = sum(one.count.value for one in kinds)
    whole = Scan(total, total, 1.0, passes=1, last_s=0.1, last_done=total) if scan is None else scan
    seen = total if scan is None else scan.done
    frame = KeysFrame(kinds, total, seen, seen if looked_at is None else looked_at, at, whole)
    count = msgspec.structs.replace(kinds[0].count, value=total, low=total, high=total) if kinds else unknown()
    return Reading("keys", "ok", frame, at, count=count)


def log_of(*messages: tuple[bytes, bytes]) -> MessageRing:
    """A log that holds these (channel, payload) pairs."""
    log = MessageRing(capacity=10_000)
    publish(log, *messages)
    return log


def publish(log: MessageRing, *messages: tuple[bytes, bytes]) -> None:
    """Add messages as the connection would deliver them."""
    raw: list[RawMessage] = [[b"pmessage", b"*", channel, payload] for channel, payload in messages]
    if raw:
        log.append(raw, time.time(), sum(len(channel) + len(payload) for channel, payload in messages))


def events(log: MessageRing, dropped: int = 0, channels: tuple[ChannelCount, ...] = ()) -> EventsFrame:
    """A frame around a log."""
    return EventsFrame(
        log.end, dropped, log.overwritten, 12.3, (), channels, other=0, log=log, logged=log.received, patterns=("*",)
    )


def everything() -> list[AnyReading]:
    """One reading with contents for each topic."""
    log = log_of(*((b"orders", b'{"type": "order.created", "user_id": %d, "amount": 9.5}' % i) for i in range(30)))
    return [
        ok("server", server()),
        ok("events", events(log, channels=(ChannelCount("orders", 30, 12.3),))),
        ok("sessions", sessions(*(session(i) for i in range(40))), coverage=1.0),
        ok("rate_limits", rate_limits(limit("203.0.113.9", 100), limit("198.51.100.4", 81)), coverage=1.0),
        ok("leaderboards", leaderboards(board("leaderboard", "arjun", "priya", "raj")), coverage=1.0),
        ok("cache", cache()),
    ]
