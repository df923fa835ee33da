"""A feed with simulated data that changes, as of a small busy shop."""

from __future__ import annotations

import asyncio
import json
import random
import time

import msgspec

from redis_dash.core.certainty import exact
from redis_dash.core.commands import Command, Outcome, Publish, RestoreSession, RevokeSession
from redis_dash.core.frames.cache import CacheFrame, CacheGroup
from redis_dash.core.frames.events import ChannelCount, EventsFrame
from redis_dash.core.frames.leaderboards import Board, BoardRow
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.frames.server import Cost, ServerFrame
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.pubsub.message_log import MessageRing
from tests.tui import fakes

NAMES = ("arjun", "priya", "raj", "meera", "vikram", "ananya", "kabir", "isha", "rohan", "diya", "aarav", "sara")
CHANNELS = ("orders", "payments", "sessions", "products", "security")


class LivingFeed(fakes.FakeFeed):
    """Changes every second, and receives ``events_per_s`` messages."""

    def __init__(self, events_per_s: float = 10.0, seed: int = 7) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._rate = events_per_s
        self._log = MessageRing()
        self._counts = dict.fromkeys(CHANNELS, 0)
        self._began = time.time()
        self._sessions = [self._session(i) for i in range(128)]
        self._limits = {f"198.51.100.{i}": self._random.randrange(3, 60) for i in range(2, 42)}
        self._limits["203.0.113.9"] = 100
        self._scores = {name: self._random.uniform(200, 9600) for name in NAMES}
        self._moves: dict[str, tuple[int, float]] = {}
        self._rates: list[float | None] = []
        self.trouble = ""
        """The note of a server that is away from then on."""

    async def run(self) -> None:
        """Publish in small steps, read once a second."""
        step = 0.1
        due, second = 0.0, 0.0
        while True:
            if not self.trouble:
                due += self._rate * step
                for _ in range(int(due)):
                    self._publish()
                due -= int(due)
            if time.time() >= second:
                second = time.time() + 1.0
                self._read()
            await asyncio.sleep(step)

    async def submit(self, command: Command) -> Outcome:
        """Revoke and restore simulated sessions."""
        self.submitted.append(command)
        if isinstance(command, RevokeSession):
            row = command.session
            self._sessions = [other for other in self._sessions if other.key != row.key]
            self._log.mark(f"{row.user} signed out from here", time.time(), "action")
            undo = RestoreSession(row.key, row.user, b"", time.time() + (row.ttl_s or 0))
            return Outcome("deleted", f"The session of {row.user} is deleted.", undo)
        if isinstance(command, Publish):
            return Outcome("sent", f"{command.payload} went to {command.channel}.")
        return Outcome("restored", "The session is back.")

    def _session(self, index: int) -> SessionRow:
        name = NAMES[index % len(NAMES)]
        role = "admin" if index % 11 == 0 else "teacher" if index % 7 == 0 else "student"
        row = fakes.session(index, f"{name}{index}@example.com", role, ttl=self._random.uniform(600, 86_400))
        return msgspec.structs.replace(row, id="".join(self._random.sample("abcdefXYZ23456789kR", 4)) + "…")

    def _publish(self) -> None:
        channel = self._random.choices(CHANNELS, (8, 5, 2, 1, 0.4))[0]
        user = self._random.randrange(1, 90)
        body: dict[str, object] = {
            "orders": {"type": "order.created", "order_id": self._log.end, "user_id": user, "amount": user * 3.99},
            "payments": {"type": "payment.captured", "order_id": self._log.end, "amount": user * 3.99},
            "sessions": {
                "type": "session.created",
                "user_id": user,
                "email": f"{NAMES[user % 12]}@example.com",
            },
            "products": {"type": "product.updated", "product_id": user, "price": user * 0.5},
            "security": {"type": "client.blocked", "client": "203.0.113.9", "retry_after": 41},
        }[channel] | {"at": time.time()}
        self._counts[channel] += 1
        fakes.publish(self._log, (channel.encode(), json.dumps(body).encode()))

    def _read(self) -> None:
        now = time.time()
        if self.trouble:
            self.put(*(self._stale(topic) for topic in ("server", "events", "sessions", "rate_limits", "cache")))
            return
        self.put(
            Reading("server", "ok", self._server(), now),
            Reading("events", "ok", self._events(), now),
            fakes.ok("sessions", fakes.sessions(*self._next_sessions()), 1.0),
            fakes.ok("rate_limits", fakes.rate_limits(*self._next_limits()), 1.0),
            fakes.ok("leaderboards", fakes.leaderboards(*self._next_boards(now)), 1.0),
            Reading("cache", "ok", self._cache(), now),
        )
        self.last = {reading.topic: reading for reading in self.pending}

    def _stale(self, topic: str) -> AnyReading:
        return msgspec.structs.replace(self.last[topic], status="stale", note=self.trouble, away=True)

    def _server(self) -> ServerFrame:
        return fakes.server(
            ops_per_s=1240 + self._random.uniform(-300, 500),
            used_memory=14_890_000 + self._random.randrange(200_000),
            ping_ms=self._random.uniform(0.2, 0.5),
            cost=Cost(int((time.time() - self._began) * 40), 38.2, 0.0011),
        )

    def _events(self) -> EventsFrame:
        span = max(1.0, time.time() - self._began)
        rates = [ChannelCount(name, count, count / span) for name, count in self._counts.items()]
        rates.sort(key=lambda channel: -channel.count)
        total = sum(self._counts.values())
        log = self._log
        return EventsFrame(
            total, 0, 0, total / span, (), tuple(rates), other=0, log=log, logged=log.received, patterns=("*",)
        )

    def _next_sessions(self) -> list[SessionRow]:
        for _ in range(2):
            row = self._sessions.pop(self._random.randrange(len(self._sessions)))
            self._sessions.insert(0, msgspec.structs.replace(row, ttl_s=86_400.0))
        self._sessions = [
            msgspec.structs.replace(row, ttl_s=max(0.0, (row.ttl_s or 0.0) - 1)) for row in self._sessions
        ]
        return self._sessions

    def _next_limits(self) -> list[LimitRow]:
        for client in self._limits:
            change = self._random.choice((-3, -1, 0, 0, 1, 2))
            self._limits[client] = min(97, max(1, self._limits[client] + change))
        self._limits["203.0.113.9"] = 100
        self._limits["198.51.100.4"] = 83
        seconds = time.time() % 60
        rows = [fakes.limit(client, used, reset=60 - seconds) for client, used in self._limits.items()]
        return sorted(rows, key=lambda row: (not row.blocked, -row.used))

    def _next_boards(self, now: float) -> list[Board]:
        before = sorted(self._scores, key=lambda name: -self._scores[name])
        for name in self._random.sample(NAMES, 2):
            self._scores[name] += self._random.uniform(0, 300)
        after = sorted(self._scores, key=lambda name: -self._scores[name])
        for name in after:
            if before.index(name) != after.index(name):
                self._moves[name] = before.index(name) - after.index(name), now
        rows = []
        for rank, name in enumerate(after, 1):
            moved, at = self._moves.get(name, (0, None))
            rows.append(BoardRow(rank, name, round(self._scores[name]), moved, None if at is None else now - at))
        return [Board("leaderboard", 212, tuple(rows)), fakes.board("leaderboard:weekly", *NAMES[:5])]

    def _cache(self) -> CacheFrame:
        phase = (time.time() - self._began) % 90
        rate = self._random.uniform(0.55, 0.7) if 50 < phase < 62 else self._random.uniform(0.88, 0.99)
        self._rates.append(rate)
        grown = int(time.time() - self._began) * 30
        groups = (
            CacheGroup("llm", exact(41), 1204 + grown // 9, 23, 0.981, 0.99, 12),
            CacheGroup("product", exact(187), 13_022 + grown, 1411 + grown // 20, 0.902, rate, 120),
        )
        frame = fakes.cache(rate, 0.91)
        return msgspec.structs.replace(frame, history=tuple(self._rates[-400:]), groups=groups)
