"""Runs the sources: schedule, staleness, the mailbox between them and a front end, and the way back for commands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from redis_dash.actions import carry_out as actions
from redis_dash.client.deployment import SENTINEL, Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import Command, FullPass, Outcome, Request
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.server import Scan
from redis_dash.core.reading import AnyReading, Reading, Status
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources import SOURCES, key_groups, tracked
from redis_dash.sources.base import AcceptsRequests, BackgroundWork, Context, Source

RETRY_S = 0.5
LATE = "no answer in time"
AGAIN = "connected again"


class Hub:
    """The front ends' ``Feed``: one mailbox with the latest reading of each topic."""

    def __init__(self, config: Config) -> None:
        """Opens nothing yet.

        Raises:
            ConfigError: the URL cannot be used.
        """
        url = Url(config.url)
        self.deployment = Deployment(url)
        self._config = config
        self._keyspace = Keyspace(self.deployment, key_groups(config), config.budget, config.refresh_s)
        self._subscriber = Subscriber(url, config.channels, MessageRing())
        self._tracking = ClientTracking(url, tracked(config), config.budget)
        self._keyspace.counts.tracking = self._tracking
        self._keyspace.besides = lambda: self._tracking.spent_s
        self.deployment.listeners += [self._subscriber.traffic, self._tracking.traffic]
        context = Context(config, self.deployment, self._keyspace, self._subscriber, self._tracking)
        self._sources: list[Source[Any]] = [make(context) for make in SOURCES]
        self._turns = {source.topic: asyncio.Lock() for source in self._sources}
        self._asked = {source.topic: asyncio.Event() for source in self._sources}
        self._latest: dict[str, Reading[Any]] = {}
        self._unread: dict[str, Reading[Any]] = {}
        self._trouble = ""
        """Why the server was away when readings were handed out last."""
        self._reached = False

    @property
    def target(self) -> str:
        """The deployment's URL without its password."""
        return self.deployment.url.shown

    @property
    def subscribed(self) -> bool:
        """Whether every message is being received right now."""
        return self._subscriber.connected

    @property
    def refused(self) -> bool:
        """The server does not let us subscribe."""
        return self._subscriber.refused

    @property
    def reached(self) -> bool:
        """Has the server told anything so far, were it that we may not read it?"""
        return self._reached

    @property
    def received(self) -> int:
        """Messages received so far."""
        return self._subscriber.received

    @property
    def errors(self) -> int:
        """Errors of this program itself so far: none, unless it has a bug."""
        return self.deployment.cost.errors

    @property
    def passes(self) -> int:
        """Complete passes over the keyspace so far."""
        return self._keyspace.passes

    def scan(self) -> Scan:
        """How the scan of the keyspace is getting on."""
        return self._keyspace.scan()

    @property
    def scan_trouble(self) -> str:
        """Why the scan does not get on; empty where it does."""
        return self._keyspace.trouble

    def drain(self) -> list[AnyReading]:
        """The readings that are new since the last call, all of one mind on whether the server is there.

        Each source finds that out by itself, and only when it reads: what the others have said is told anew.
        """
        trouble = self.deployment.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                unheard = {topic: Reading[Any](topic, "error", note=trouble, away=True) for topic in self._turns}
                self._latest = unheard | self._latest
            self._unread.update(self._latest)
            for asked in self._asked.values():
                asked.set()
        readings = [_agreed(reading, trouble) for reading in self._unread.values()]
        self._unread.clear()
        return readings

    def progress(self) -> Progress | None:
        """What is under way at full speed."""
        if self._keyspace.full_speed:
            scan = self._keyspace.scan()
            return Progress("pass", scan.done, max(scan.done, scan.size), self._keyspace.elapsed_s)
        busy = (source.progress() for source in self._sources if isinstance(source, BackgroundWork))
        return next((progress for progress in busy if progress is not None), None)

    def ask(self, request: Request) -> None:
        """Pass a request on to who can fulfil it."""
        if isinstance(request, FullPass):
            self._keyspace.set_full_speed(request.on)
        for source in self._sources:
            if isinstance(source, AcceptsRequests):
                source.ask(request)
                self._asked[source.topic].set()

    async def submit(self, command: Command) -> Outcome:
        """Carry out a confirmed command; what was done shows in the event stream.

        Raises:
            SourceError: see ``actions.carry_out``.
        """
        outcome = await actions.carry_out(self.deployment, command)
        if text := actions.mark(command, outcome):
            self._subscriber.log.mark(text, time.time(), "action")
        return outcome

    async def run(self) -> None:
        """Connect and keep reading until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_on(self._subscriber.run, "receiving messages"))
                tasks.create_task(self._keep_on(self._tracking.run, "listening to what is written"))
                tasks.create_task(self._keep_on(self._keyspace.run, "scanning"))
                for source in self._sources:
                    tasks.create_task(self._poll(source))
                    if isinstance(source, BackgroundWork):
                        tasks.create_task(self._keep_on(source.run, f"working on {source.topic.replace('_', ' ')}"))
        finally:
            await self.deployment.close()

    async def _keep_on(self, run: Callable[[], Awaitable[None]], doing: str) -> None:
        """A bug in one of them must not end the others, nor itself for good."""
        while True:
            try:
                await run()
            except Exception:
                self.deployment.own_error(doing)
            await asyncio.sleep(RETRY_S)

    async def read_all(self, within_s: float | None = None) -> list[Reading[Any]]:
        """Read every source once, now, and the counters of messages last: they hold all that came until this returns.

        Args:
            within_s: a source that takes longer is told as it was before.
        """

        async def read(source: Source[Any]) -> Reading[Any]:
            try:
                async with asyncio.timeout(within_s):
                    return await self._read(source)
            except TimeoutError:
                before = self._latest.get(source.topic)
                return _aged(before, LATE) or Reading(source.topic, "error", note=LATE, away=True)

        others = [source for source in self._sources if not source.read_last]
        readings = {reading.topic: reading for reading in await asyncio.gather(*map(read, others))}
        for source in self._sources:
            if source.topic not in readings:
                readings[source.topic] = await read(source)
        return [readings[source.topic] for source in self._sources]

    async def _poll(self, source: Source[Any]) -> None:
        while True:
            began = time.monotonic()
            reading = await self._read(source)
            self._latest[source.topic] = self._unread[source.topic] = reading
            asked = self._asked[source.topic]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, self._config.refresh_s - (time.monotonic() - began))):
                    await asked.wait()  # whoever asked for something is not kept waiting
            asked.clear()

    async def _read(self, source: Source[Any]) -> Reading[Any]:
        """A source's failure is a status, whatever it is."""
        async with self._turns[source.topic]:
            reading = await self._read_in_turn(source)
        self._reached = self._reached or reading.frame is not None or reading.status == "off"
        return reading

    async def _read_in_turn(self, source: Source[Any]) -> Reading[Any]:
        topic, before = source.topic, self._latest.get(source.topic)
        if self.deployment.kind == "sentinel":
            return Reading(topic, "error", note=SENTINEL, away=True)
        try:
            sample = await source.read()
        except MissingRightError as error:
            return Reading(topic, "off", note=str(error))
        except AwayError as error:
            return _aged(before, str(error), away=True) or Reading(topic, "error", note=str(error), away=True)
        except SourceError as error:
            return _aged(before, str(error)) or Reading(topic, "error", note=str(error))
        except Exception:  # a bug in one source must not blank the other panes
            note = self.deployment.own_error(f"reading {topic.replace('_', ' ')}")
            return _aged(before, note, "error") or Reading(topic, "error", note=note)
        taken_at = before.taken_at if sample.status == "stale" and before is not None else time.time()
        return Reading(
            topic, sample.status, sample.frame, taken_at, sample.note, sample.count, sample.scope, sample.away
        )


def _agreed(reading: Reading[Any], trouble: str) -> Reading[Any]:
    """A reading as it stands now: with the server away for this reason, or there where that is empty."""
    if trouble:
        if reading.away or reading.status != "error":
            status: Status = "error" if reading.frame is None else "stale"
            return msgspec.structs.replace(reading, status=status, note=trouble, away=True)
    elif reading.away and reading.topic == "events":  # which has a connection of its own
        return msgspec.structs.replace(reading, away=False)
    elif reading.away:
        note = "" if reading.frame is None else AGAIN
        return msgspec.structs.replace(reading, status="stale", note=note, away=False)
    return reading


def _aged(
    before: Reading[Any] | None, note: str, status: Status = "stale", *, away: bool = False
) -> Reading[Any] | None:
    """The last good frame, marked stale."""
    if before is None or before.frame is None:
        return None
    return msgspec.structs.replace(before, status=status, note=note, away=away)
