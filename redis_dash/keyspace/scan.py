"""The shared SCAN: sorts every key into its key group, within a budget.

Hash order does not depend on names, so a running pass is a random sample of the keyspace. The size of each key group is
estimated from the first slice on, and counted when the pass is complete. Passes follow each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

from redis_dash.client.deployment import Deployment
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.frames.server import Scan
from redis_dash.core.patterns import Matcher
from redis_dash.core.throughput import Throughput
from redis_dash.keyspace.counts import KeyCounts
from redis_dash.keyspace.cursor import ScanInterruptedError
from redis_dash.keyspace.learning import Learning
from redis_dash.keyspace.one_behind import OneBehind
from redis_dash.keyspace.sorted_keys import Unnamed
from redis_dash.keyspace.strata import Slice, keys_of, merged
from redis_dash.keyspace.throttle import Throttle
from redis_dash.keyspace.walk import Walk

RETRY_S = 0.5
LEAST_REST_S, MOST_REST_S = 0.1, 1.0
"""How long to sleep before the budget is computed again: our other commands use it, too."""
TOLD_S = 2.0
"""A pause of at least this length is reported, so that the scan does not look stuck."""

Reader = Callable[[Sequence[bytes]], Awaitable[None]]
"""Processes the keys of one group in one slice."""


class Keyspace:
    """Passes over the database, one after the other, for all key groups at once."""

    def __init__(
        self,
        deployment: Deployment,
        key_groups: Mapping[str, Sequence[str]],
        budget: float,
        rest_s: float,
        ignored: Sequence[str] = (),
    ) -> None:
        """Prepare the scan; ``run`` starts it.

        Args:
            key_groups: the globs of each key group, by its name.
            budget: share of one server core.
            rest_s: pause between two passes, in seconds.
            ignored: patterns of keys that belong to no group.

        Raises:
            ConfigError: a glob cannot be used.
        """
        self.counts = KeyCounts(deployment, key_groups)
        self.readers: dict[str, Reader] = {}
        """Called with a group's keys of each slice, one slice after the other; at full speed while the next one comes
        and is sorted."""
        self.passes = self.size = 0
        self.done = 0
        """Keys that the running pass has seen."""
        self.share = 0.0
        """Share of the keyspace that the running pass has seen, 0..1; 1 between two passes."""
        self.full_speed = False
        self.last_s: float | None = None
        """Duration of the latest complete pass."""
        self.last_done = 0
        """Keys that the latest complete pass returned; a key that the server returned twice counts twice."""
        self.last_partial = ""
        """What of a cluster the latest complete pass has not seen."""
        self.learning: Learning | None = None
        """Learns the kinds of keys, if it is set."""
        self._deployment = deployment
        self._matcher = Matcher(key_groups, ignored)
        self._rest_s = rest_s
        self.besides: Callable[[], float] = float
        """Returns the server's time, in seconds so far, that something else takes out of the same budget."""
        self._throttle = Throttle(budget)
        self._busy_s = self._scan_spent_s = 0.0
        self._resumes_at: float | None = None
        self._speed = Throughput()
        self._began = time.monotonic()
        self._afresh = False
        self._wake = asyncio.Event()
        self._walks = 0
        self._trouble: SourceError | None = None
        self._begun = False
        self._news = asyncio.Event()

    # -- for the sources and the hub ---------------------------------------------------------------------------------

    async def begun(self) -> None:
        """Return when the first slice has arrived and the readers have processed it: there are rows to show then.

        Raises:
            SourceError: scanning failed before the first slice.
        """
        while not self._begun:
            if self._trouble is not None:
                raise self._trouble
            self._news.clear()
            await self._news.wait()

    def set_full_speed(self, on: bool) -> None:
        """Start a new pass at full speed; or continue the running one within the budget."""
        if on and not self.full_speed:
            self._afresh = True
            if self.learning is not None:
                self.learning.soon()
        elif self.full_speed and not on:
            self._forget_spent()
        self.full_speed = on
        self._wake.set()

    @property
    def trouble(self) -> str:
        """Why the scan cannot proceed; empty if it can."""
        return "" if self._trouble is None else str(self._trouble)

    @property
    def stopped(self) -> str:
        """Why the scan cannot proceed on a reachable server, such as a missing permission; empty if it can."""
        if isinstance(self._trouble, MissingRightError):
            return str(self._trouble)
        return "" if isinstance(self._trouble, AwayError) else self.trouble

    @property
    def missing_rules(self) -> tuple[str, ...]:
        """The ACL rules that would let the scan proceed, if a right is missing."""
        return self._trouble.rules if isinstance(self._trouble, MissingRightError) else ()

    @property
    def has_begun(self) -> bool:
        """Whether any slice has arrived and was processed so far."""
        return self._begun

    def wake(self) -> None:
        """Do not wait any longer before the next pass or slice: other nodes are scanned now."""
        self._wake.set()

    def observe_ping(self, ping_ms: float) -> None:
        """Take the server's latency into account."""
        self._throttle.observe_ping(ping_ms)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the running pass began."""
        return time.monotonic() - self._began

    def scan(self) -> Scan:
        """The progress of the scan."""
        return Scan(
            done=self.done,
            size=self.size,
            share=self.share,
            full_speed=self.full_speed,
            held_back=self._throttle.held_back and not self.full_speed,
            ping_ms=self._throttle.ping_ms,
            resumes_at=self._resumes_at,
            keys_per_s=self._speed.per_s(time.monotonic()),
            elapsed_s=self.elapsed_s,
            passes=self.passes,
            last_s=self.last_s,
            last_done=self.last_done,
            last_partial=self.last_partial,
            stopped=self.stopped,
        )

    # -- passes ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Make passes until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.pass_over()
            except Exception as error:  # a bug in one reader must not end the scan for the others
                if not isinstance(error, SourceError):
                    error = SourceError(self._deployment.own_error("scanning"))
                self._trouble, self.full_speed = error, False
                self.counts.stopped = bool(self.stopped)
                self._news.set()
                await asyncio.sleep(RETRY_S)
                continue
            if self.learning is None or not self.learning.is_due:
                await self._rest(self._rest_s - (time.monotonic() - began))

    async def pass_over(self) -> None:
        """Make one complete pass.

        Raises:
            SourceError: the server could not be reached, or does not allow SCAN.
        """
        complete = False
        while not complete:
            self._afresh = False
            with contextlib.suppress(ScanInterruptedError):
                complete = await self._try_to_pass()

    async def _try_to_pass(self) -> bool:
        """Make a pass; False if a new one was requested meanwhile."""
        self._began, self.done, self.share, sizes = time.monotonic(), 0, 0.0, set[int]()
        await self.counts.begin()
        if self.learning is not None:
            self.learning.begin()
        data_set = self.counts.data_sets
        async with contextlib.aclosing(self.walk(self._hold_back)) as walk, OneBehind() as reading:
            async for part in walk:
                await reading.end()  # before these keys are counted: sources compare the count with the keys they know
                if self._afresh or self.counts.data_sets != data_set:
                    return False
                sizes.add(part.size)
                self._add(part)
                reading.begin(self._process(part.keys))
                if not self.full_speed:
                    await reading.end()
            await reading.end()
        if self._afresh or self.counts.data_sets != data_set:
            return False
        self.last_s, self.last_done, self.share = self.elapsed_s, self.done, 1.0
        self.last_partial = self._deployment.partial
        self.counts.end(still=sizes == {self.done})
        if self.learning is not None:
            self.learning.end()
        self.passes += 1
        self.full_speed = False
        return True

    async def _process(self, keys: Mapping[str, Sequence[bytes]]) -> None:
        """Have the readers process a slice, then let the sources read, also if a reader has failed."""
        of_readers = {name: keys[name] for name in self.readers if keys.get(name)}
        named = {name: found for name, found in of_readers.items() if not isinstance(found, Unnamed)}
        asked = [self.readers[name](found) for name, found in named.items()]  # a new reader begins with the next slice
        at_full_speed, spent_s = self.full_speed, self._spent_s
        errors = [error for error in await asyncio.gather(*asked, return_exceptions=True) if error is not None]
        self._begun = True
        self._news.set()
        if errors:
            raise errors[0]
        if at_full_speed:
            self._forget_spent()
        else:  # what they spend belongs to the scan's part of the budget
            self._scan_spent_s += max(0.0, self._spent_s - spent_s)

    def _add(self, part: Slice) -> None:
        self.size = part.size
        self.done += part.scanned
        share = self.done / part.size if part.size else part.passed_over
        self.share = min(0.999, share)
        self._speed.add(part.scanned, time.monotonic())
        self.counts.add(part.keys, part.scanned, part.size, share, part.portions)
        self._trouble, self.counts.stopped = None, False

    async def walk(self, hold_back: Callable[[], Awaitable[None]] | None = None) -> AsyncGenerator[Slice]:
        """The whole keyspace, one slice at a time; at full speed the next slice is requested while one is in use.

        Args:
            hold_back: called before the next slice is requested; None means full speed.

        Raises:
            ScanInterruptedError: the connection was made again meanwhile.
            SourceError: the server could not be reached, or does not allow SCAN.
        """

        def ahead() -> bool:
            return hold_back is None or self.full_speed

        def needs(name: str | None) -> bool:
            if hold_back is None or name is None:
                return hold_back is None or learning is not None
            return name in self.readers or self.counts.key_groups[name].keeps_names

        learning: Learning | None = None
        self._walks += hold_back is None
        scanner = Walk(self._deployment, self._count, ahead, self._matcher.sort, needs)
        try:
            while not scanner.complete:
                learning = None if hold_back is None else self.learning
                strata = await scanner.slice()
                self._throttle.took(scanner.took_s, in_background=self._in_background)
                self._busy_s += scanner.took_s
                self._scan_spent_s += self._price_s(scanner.took_s)
                if learning is not None:
                    learning.add(keys_of(strata), scanner.size)
                yield merged(scanner.size, scanner.passed_over, strata)
                if hold_back is not None and not (scanner.complete or self.full_speed):
                    await hold_back()
        finally:
            self._walks -= hold_back is None
            if ahead():
                self._forget_spent()
            await scanner.finish()

    @property
    def _in_background(self) -> bool:
        """Whether no user waits for the pass."""
        return not (self.full_speed or self._walks)

    def _count(self) -> int:
        return self._throttle.count(in_background=self._in_background)

    # -- the budget --------------------------------------------------------------------------------------------------

    async def _hold_back(self) -> None:
        """Pause until the budget allows the next slice."""
        paused_at = time.monotonic()
        try:
            while not (self.full_speed or self._afresh):
                if self._deployment.lacks_price(b"SCAN"):
                    await self._deployment.price()
                now = time.monotonic()
                rest_s = self._throttle.rest_s(self._spent_s, self._scan_spent_s, now)
                if rest_s <= 0 and not self._walks:
                    return
                is_long = now + rest_s - paused_at >= TOLD_S and not self._walks
                self._resumes_at = time.time() + rest_s if is_long else None
                await self._rest(min(max(rest_s, LEAST_REST_S), MOST_REST_S))
        finally:
            self._resumes_at = None

    def _forget_spent(self) -> None:
        self._throttle.reset_balance(self._spent_s, self._scan_spent_s, time.monotonic())

    def _price_s(self, took_s: float) -> float:
        """The server's time for a slice; if the server does not report it, the time that the slice took.

        Of several nodes, which scan side by side, it is that of the slowest.
        """
        usec = self._deployment.usec(b"SCAN")
        return took_s if usec is None else usec / 1e6

    @property
    def _spent_s(self) -> float:
        """The time of one server for all our commands; if it does not report it, the time that the scan took."""
        spent_s = self._deployment.most_spent_s()
        return self.besides() + (self._busy_s if spent_s is None else spent_s)

    async def _rest(self, seconds: float) -> None:
        """Sleep until the time is over or ``set_full_speed`` is called."""
        if seconds <= 0:
            return
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
