"""The application: one thread writes sessions, limits, boards, caches and other keys on one connection."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import redis

from redis_dash.config import CachePattern, Config, LimitPattern
from tests.moving.batch import Batch
from tests.moving.boards import GLOBS, Boards
from tests.moving.caches import Cache, Lookups
from tests.moving.channels import Channels
from tests.moving.filler import Filler
from tests.moving.fixed_window import FixedWindow
from tests.moving.limiters import Limiter
from tests.moving.merged import merged
from tests.moving.phases import Phase, Size
from tests.moving.sessions import GLOB, Sessions
from tests.moving.sliding_window import SlidingWindow
from tests.moving.timeline import Span, Timeline

Action = Callable[[Batch], None]


class Wiped(Protocol):
    """Something that ends when all keys are deleted."""

    def wiped(self, span: Span) -> None:
        """All keys are deleted at one moment."""


class Application:
    """Plays phases. The seed and the phases alone decide what it does; time decides how often."""

    def __init__(self, port: int, size: Size, seed: int) -> None:
        self.rng = random.Random(seed)
        self._port, self._size = port, size
        self._client = redis.Redis(port=port)
        self.refresh_s = size.refresh_s
        """How often a dashboard reads."""
        self.sessions = Sessions(self.rng)
        self.limiters: tuple[Limiter, ...] = (
            FixedWindow("login", 10, 2.5, self.rng),
            SlidingWindow("api", 10, 3.0, self.rng),
            FixedWindow("free", None, 4.0, self.rng),
        )
        self.boards = Boards(self.rng, size.boards)
        self.lookups = Lookups()
        self.caches = (
            Cache("pages", self.lookups, self.rng, counters=True, lifetime_s=None, pages=size.pages),
            Cache("answers", self.lookups, self.rng, counters=False, lifetime_s=size.lifetime_s, pages=size.pages),
        )
        self.filler, self.channels = Filler(), Channels(self.rng)
        self.away: list[Span] = []
        """When the server was restarting, or all connections were closed."""
        self._actions: dict[str, Action] = {
            "sign in": lambda batch: self.sessions.sign_in(batch, self._lifetime_s()),
            "go on": lambda batch: self.sessions.use(batch, self._lifetime_s() or 9.0),
            "change role": self.sessions.change_role,
            "stay": self.sessions.stay,
            "rotate": self.sessions.rotate,
            "sign out": self.sessions.sign_out,
            "many sign in": lambda batch: self._times(300, "sign in", batch),
            "many sign out": lambda batch: self._times(200, "sign out", batch),
            "request": self._request,
            "fill a limit": self._fill_a_limit,
            "many blocked": lambda batch: self._times(50, "fill a limit", batch),
            "change unit": self._change_unit,
            "pardon": lambda batch: self.rng.choice(self.limiters).pardon(batch),
            "score": self.boards.score,
            "grow board": lambda batch: self.boards.grow(batch, self.rng.randrange(2, 300)),
            "shrink board": lambda batch: self.boards.shrink(batch, self.rng.randrange(0, 150)),
            "vanish": self.boards.vanish,
            "retype": self.boards.retype,
            "look up": lambda batch: self.rng.choice(self.caches).look_up(batch),
            "drop page": lambda batch: self.rng.choice(self.caches).drop(batch),
            "grow": self.filler.grow,
            "shrink": self.filler.shrink,
            "publish": self.channels.publish,
            "flush": self._flush,
            "cut": self._cut,
            "reset stats": lambda batch: batch.add("CONFIG RESETSTAT", note=self._statistics_reset),
        }

    def config(self, url: str) -> Config:
        """The configuration of a dashboard for this application."""
        limits = [LimitPattern(one.glob, f"{one.limit}/{one.window_s:g}" if one.limit else "") for one in self.limiters]
        return Config(
            url=url,
            sessions=(GLOB,),
            limits=tuple(limits),
            leaderboards=GLOBS,
            caches=tuple(CachePattern(cache.name, cache.glob) for cache in self.caches),
            refresh_s=self._size.refresh_s,
            budget=self._size.budget,
        )

    # -- phases ------------------------------------------------------------------------------------------------------

    def settle_in(self) -> None:
        """Write the initial data."""
        batch = Batch()
        for what, times in self._size.at_first.items():
            for n in range(times):
                self._actions[what](batch)
                if n % 200 == 199 or what == "grow":
                    self._send(batch)
            self._send(batch)

    def play(self, phase: Phase, stop: threading.Event) -> None:
        """Play one phase for its duration; runs in a thread of its own."""
        names, weights = list(phase.actions), list(phase.actions.values())
        batch, ends = Batch(), time.monotonic() + phase.seconds
        for what in phase.at_once:
            self._actions[what](batch)
            self._send(batch)
        while time.monotonic() < ends and not stop.is_set():
            for what in self.rng.choices(names, weights, k=phase.per_tick) if names else ():
                self._actions[what](batch)
            self._send(batch)
            stop.wait(phase.tick_s * self.rng.uniform(0.5, 1.5))

    def rest(self) -> None:
        """Stop writing; keys that expire are still noted."""
        self._advance()

    def restart(self, start_again: Callable[[], None]) -> None:
        """Restart the server; it is empty afterwards."""
        begin = time.time()
        start_again()
        self._client.close()
        self._client = redis.Redis(port=self._port)
        span = Span(begin, time.time())
        self.away.append(span)
        self._wiped(span)
        self.lookups.begin(span, by_command=False)

    def numbers(self) -> dict[str, Timeline]:
        """The number of keys over time, by prefix."""
        kinds = {GLOB.removesuffix("*"): self.sessions.truth.count, "other:": self.filler.count}
        kinds |= {limiter.glob.removesuffix("*"): limiter.truth.count for limiter in self.limiters}
        kinds |= {cache.glob.removesuffix("*"): cache.truth.count for cache in self.caches}
        return kinds | {"leaderboard": merged([self.boards.count, self.boards.others])}

    def look(self) -> tuple[dict[str, int], Span]:
        """The number of keys on the server now, by prefix."""
        begin = time.time()
        keys = [key.decode() for key in set(self._client.scan_iter(count=1000))]
        found = {beginning: sum(key.startswith(beginning) for key in keys) for beginning in self.numbers()}
        return found, Span(begin, time.time())

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    # -- steps -------------------------------------------------------------------------------------------------------

    def _send(self, batch: Batch) -> None:
        self._advance()
        batch.send(self._client)
        for cache in self.caches:
            cache.follow_up(batch)
        batch.send(self._client)

    def _advance(self) -> None:
        now = time.time()
        self.sessions.truth.advance(now)
        for limiter in self.limiters:
            limiter.advance(now)
        for cache in self.caches:
            cache.advance(now)

    def _lifetime_s(self) -> float | None:
        if self._size.lifetime_s is None or self.rng.random() < 0.2:
            return None
        return self.rng.uniform(0.5, 1.5) * self._size.lifetime_s

    def _times(self, count: int, what: str, batch: Batch) -> None:
        for _ in range(count):
            self._actions[what](batch)

    def _request(self, batch: Batch) -> None:
        self.rng.choice(self.limiters).request(batch, self.rng.randrange(self._size.clients))

    def _fill_a_limit(self, batch: Batch) -> None:
        limiter, client = self.rng.choice(self.limiters[:2]), self.rng.randrange(self._size.clients)
        for _ in range(limiter.limit or 0):
            limiter.request(batch, client)

    def _change_unit(self, batch: Batch) -> None:
        for limiter in self.limiters:
            if isinstance(limiter, SlidingWindow):
                self._send(batch)  # pending requests use the old unit
                limiter.change_unit(batch)

    def _cut(self, batch: Batch) -> None:
        """Close all other clients' connections: their lookups at that time may stay unknown."""

        def note(_: Any, span: Span) -> None:
            self.away.append(span)
            self.lookups.beginnings.append((span, True))

        for kind in ("normal", "pubsub"):
            batch.add("CLIENT KILL", "TYPE", kind, note=note)

    def _flush(self, batch: Batch) -> None:
        self._send(batch)
        batch.add("FLUSHDB", note=lambda _, span: self._wiped(span))
        self._send(batch)

    def _statistics_reset(self, _: Any, span: Span) -> None:
        self.lookups.begin(span, by_command=True)

    def _wiped(self, span: Span) -> None:
        self.sessions.truth.wiped(span)
        parts: tuple[Wiped, ...] = (*self.limiters, self.boards, *self.caches, self.filler)
        for part in parts:
            part.wiped(span)
