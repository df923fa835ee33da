"""The one shared SCAN: sorts every key into the family that asked for its kind, within a budget.

Hash order is random to names, so a pass under way is a random sample of the keyspace: each family's size is estimated
from the first slice on, and counted when the pass is complete. Passes follow each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from redis_dash.client.deployment import Deployment
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.frames.server import Scan
from redis_dash.core.patterns import Matcher
from redis_dash.core.throughput import Throughput
from redis_dash.keyspace.counts import KeyCounts
from redis_dash.keyspace.cursor import ScanCursor, ScanInterruptedError
from redis_dash.keyspace.throttle import Throttle

RETRY_S = 0.5
LONGEST_REST_S = 5.0
"""Then the balance is looked at again."""

Reader = Callable[[Sequence[bytes]], Awaitable[None]]
"""Looks at keys of one family while the scan has them in hand."""


class Slice(NamedTuple):
    """What one SCAN brought."""

    size: int
    """Keys in the database; 0 where the server does not tell."""
    scanned: int
    keys: Mapping[str, Sequence[bytes]]
    """By family."""
    passed_over: float
    """Share of the server's table that has been passed over, 0..1, by the cursor alone."""


class Keyspace:
    """Passes over the database, one after the other, for all families at once."""

    def __init__(self, deployment: Deployment, key_groups: Mapping[str, Sequence[str]], budget: float, rest_s: float):
        """Scans nothing yet.

        Args:
            key_groups: the globs of each, by its name.
            budget: share of one server core.
            rest_s: pause between two passes, in seconds.

        Raises:
            ConfigError: a glob cannot be used.
        """
        self.counts = KeyCounts(deployment, key_groups)
        self.readers: dict[str, Reader] = {}
        """Called with a family's keys of each slice, before the next one is sorted."""
        self.passes = 0
        self.size = 0
        self.done = 0
        """Keys that the running pass has seen."""
        self.share = 0.0
        """Share of the keyspace that it has seen, 0..1; 1 between two passes."""
        self.full_speed = False
        self.last_s: float | None = None
        """How long the latest complete pass took."""
        self.last_done = 0
        """Keys that it brought, each as often as the server handed it out."""
        self._deployment = deployment
        self._matcher = Matcher(key_groups)
        self._rest_s = rest_s
        self.besides: Callable[[], float] = float
        """The server's time, in seconds so far, that something else takes out of the same budget."""
        self._throttle = Throttle(budget)
        self._busy_s = 0.0
        self._speed = Throughput()
        self._began = time.monotonic()
        self._afresh = False
        self._wake = asyncio.Event()
        self._walks = 0
        self._trouble: SourceError | None = None
        self._begun = False
        self._news = asyncio.Event()

    # -- what others ask of it ---------------------------------------------------------------------------------------

    async def begun(self) -> None:
        """Return when the first slice is there.

        Raises:
            SourceError: scanning failed, and nothing was ever found.
        """
        while not self._begun:
            if self._trouble is not None:
                raise self._trouble
            self._news.clear()
            await self._news.wait()

    def set_full_speed(self, on: bool) -> None:
        """Begin a pass afresh and make it at full speed; or go on with it within the budget."""
        if on and not self.full_speed:
            self._afresh = True
        elif self.full_speed and not on:
            self._throttle.reset_balance(self._spent_s, time.monotonic())
        self.full_speed = on
        self._wake.set()

    @property
    def trouble(self) -> str:
        """Why the scan does not get on; empty where it does."""
        return "" if self._trouble is None else str(self._trouble)

    @property
    def stopped(self) -> str:
        """Why it does not get on although the server is there, as where a right was taken away; empty where it does."""
        if isinstance(self._trouble, MissingRightError):
            return "not allowed to run SCAN"  # in few words: it stands on every pane that needs the scan
        return "" if isinstance(self._trouble, AwayError) else self.trouble

    def observe_ping(self, ping_ms: float) -> None:
        """How quickly the server answers."""
        self._throttle.observe_ping(ping_ms)

    @property
    def elapsed_s(self) -> float:
        """Since the running pass began."""
        return time.monotonic() - self._began

    def scan(self) -> Scan:
        """How the scan is getting on."""
        return Scan(
            done=self.done,
            size=self.size,
            share=self.share,
            full_speed=self.full_speed,
            held_back=self._throttle.held_back and not self.full_speed,
            keys_per_s=self._speed.per_s(time.monotonic()),
            passes=self.passes,
            last_s=self.last_s,
            last_done=self.last_done,
            stopped=self.stopped,
        )

    # -- passes ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Pass after pass until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.pass_over()
            except Exception as error:  # a bug in a reader must not end the scan for all the others
                if not isinstance(error, SourceError):
                    error = SourceError(self._deployment.own_error("scanning"))
                self._trouble, self.full_speed = error, False
                self.counts.stopped = bool(self.stopped)
                self._news.set()
                await asyncio.sleep(RETRY_S)
                continue
            await self._rest(self._rest_s - (time.monotonic() - began))

    async def pass_over(self) -> None:
        """One whole pass.

        Raises:
            SourceError: the server could not be reached, or does not let us SCAN.
        """
        complete = False
        while not complete:
            self._afresh = False
            with contextlib.suppress(ScanInterruptedError):
                complete = await self._try_to_pass()

    async def _try_to_pass(self) -> bool:
        """False if somebody asked for a new pass meanwhile."""
        self._began, self.done, self.share, sizes = time.monotonic(), 0, 0.0, set[int]()
        await self.counts.begin()
        data_set = self.counts.data_sets
        async with contextlib.aclosing(self.walk(self._hold_back)) as walk:
            async for part in walk:
                if self.counts.data_sets != data_set:
                    return False
                sizes.add(part.size)
                self._add(part)
                for name, reader in self.readers.items():
                    if keys := part.keys.get(name):
                        await reader(keys)
                if self._afresh:
                    return False
        if self._afresh or self.counts.data_sets != data_set:
            return False
        self.last_s, self.last_done, self.share = self.elapsed_s, self.done, 1.0
        self.counts.end(still=sizes == {self.done})
        self.passes += 1
        self.full_speed = False
        return True

    def _add(self, part: Slice) -> None:
        self.size = part.size
        self.done += part.scanned
        share = self.done / part.size if part.size else part.passed_over
        self.share = min(0.999, share)
        self._speed.add(part.scanned, time.monotonic())
        self.counts.add(part.keys, part.scanned, part.size, share)
        self._begun, self._trouble, self.counts.stopped = True, None, False
        self._news.set()

    async def walk(self, hold_back: Callable[[], Awaitable[None]] | None = None) -> AsyncGenerator[Slice]:
        """The whole keyspace, a slice at a time; at full speed the server works on the next one while one is in use.

        Args:
            hold_back: called before the next slice is asked for; None goes at full speed.

        Raises:
            ScanCutError: the connection was made anew meanwhile.
            SourceError: the server could not be reached, or does not let us SCAN.
        """

        def ahead() -> bool:
            return hold_back is None or self.full_speed

        self._walks += hold_back is None
        scanner = ScanCursor(self._deployment, self._count, ahead)
        try:
            while not scanner.complete:
                size, keys = await scanner.slice()
                self._throttle.took(scanner.took_s, in_background=self._at_ease)
                self._busy_s += scanner.took_s
                yield Slice(size, len(keys), self._matcher.sort(keys), scanner.passed_over)
                if hold_back is not None and not (scanner.complete or self.full_speed):
                    await hold_back()
        finally:
            self._walks -= hold_back is None
            if ahead():
                self._throttle.reset_balance(self._spent_s, time.monotonic())
            await scanner.finish()

    @property
    def _at_ease(self) -> bool:
        """Does nobody wait for the pass?"""
        return not (self.full_speed or self._walks)

    def _count(self) -> int:
        return self._throttle.count(in_background=self._at_ease)

    # -- the budget --------------------------------------------------------------------------------------------------

    async def _hold_back(self) -> None:
        """Rest until the server's time for all that we asked is within the budget again."""
        deadline = time.monotonic() + LONGEST_REST_S  # however dear the rest of our reading is, the scan goes on
        while not (self.full_speed or self._afresh) and (time.monotonic() < deadline or self._walks):
            if self._deployment.cost.usec(b"SCAN") is None:
                await self._deployment.price()
            rest_s = self._throttle.rest_s(self._spent_s, time.monotonic())
            if rest_s <= 0 and not self._walks:
                return
            await self._rest(min(max(rest_s, 0.1), LONGEST_REST_S))

    @property
    def _spent_s(self) -> float:
        """The server's time for all our commands; where it tells none, the time that we waited for the scan."""
        spent_s = self._deployment.cost.spent_s
        return self.besides() + (self._busy_s if spent_s is None else spent_s)

    async def _rest(self, seconds: float) -> None:
        """Sleep, unless somebody is in a hurry."""
        if seconds <= 0:
            return
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
