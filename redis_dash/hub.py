"""Runs the sources: polls them, marks stale readings, hands readings to a front end and commands to ``actions``."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Hashable
from typing import Any

import msgspec

from redis_dash.actions import carry_out as actions
from redis_dash.client.deployment import Deployment
from redis_dash.config import Choices, Config, place_of
from redis_dash.core.choices import Choose, Chosen
from redis_dash.core.commands import Command, FollowStreams, FullPass, Outcome, Publish, Request
from redis_dash.core.decoding import raw
from redis_dash.core.errors import SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.keys import KeysFrame
from redis_dash.core.frames.server import Scan
from redis_dash.core.reading import AnyReading, Reading, aged, agreed
from redis_dash.discovery.report import Report
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.presence import until_noticed
from redis_dash.pubsub.shard_channels import ShardChannels
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.readings import Readings
from redis_dash.sources.base import AcceptsRequests, HasOwnConnection, Source
from redis_dash.streams.reader import StreamReader
from redis_dash.watch import Watch, keep_running
from redis_dash.watches import Watches

CHANGED_WITHIN_S = 0.5
"""How long an outcome waits for the new reading of what it has changed."""
LATE = "no answer in time"


class Hub:
    """The ``Feed`` of the front ends: keeps the latest reading of each topic."""

    def __init__(self, config: Config, deployment: Deployment | None = None, choices: Choices | None = None) -> None:
        """Prepare everything; ``run`` connects.

        Args:
            deployment: the nodes behind the configured URL; by default the server that the URL names is the only one.
            choices: what the user has chosen in the dashboard; by default nothing, and nothing is remembered.

        Raises:
            ConfigError: the URL cannot be used.
        """
        self.deployment = deployment or Deployment.of(config)
        url, opens = self.deployment.url, self.deployment.open_listener
        self._subscriber = Subscriber(url, config.channels, MessageRing(), opens)
        self._shards = ShardChannels(self.deployment, config.shard_channels, self._subscriber)
        self._latest: dict[str, Reading[Any]] = {}
        self._readings = Readings(self.deployment, lambda topic: self._latest.get(topic))
        self._unread: dict[str, Reading[Any]] = {}
        self._trouble = ""
        """Why the server was away at the last ``drain``."""
        self._there_at = 0.0
        """``time.monotonic()`` of the last ``drain`` when it was there."""
        self._reached = False
        self.deployment.listeners.extend((self._subscriber.traffic, self._shards.traffic))
        self._refresh_s = config.refresh_s
        self._streams = StreamReader(
            self.deployment, self._subscriber.log, config.budget, shown=lambda name: self.watch.shown_name(name)
        )
        self._streams.follow(map(raw, config.streams))
        self._choices = choices or Choices(place_of(self.deployment.url))
        self._ignored = config.ignore
        shared = self._choices, self.deployment, self._subscriber, self._streams
        self._watches = Watches(config, *shared, lambda topic: self._asked[topic].set())
        self._report = Report(self._watches.discovery, self.deployment.url.user, self._choices)
        self._selecting = False
        """Whether another database is being selected."""
        self._submitted = 0
        """Commands that are being carried out."""
        topics = [source.topic for source in self.watch.sources]
        self._locks = {topic: asyncio.Lock() for topic in topics}
        self._asked = {topic: asyncio.Event() for topic in topics}
        self._states: dict[str, Hashable] = {}
        """The states of the sources' own connections at the last ``drain``."""

    @property
    def watch(self) -> Watch:
        """What watches the keys now."""
        return self._watches.current

    @property
    def target(self) -> str:
        """The deployment's URL without its password, and the host that SSH goes to."""
        return self.deployment.url.target

    @property
    def unverified(self) -> str:
        """What of the server's certificate is not verified; empty if nothing."""
        return self.deployment.url.unverified

    @property
    def database(self) -> int:
        """The number of the watched database."""
        return self.deployment.database

    @property
    def subscribed(self) -> bool:
        """Whether the subscriber receives every message now."""
        return self._subscriber.connected

    @property
    def follows_streams(self) -> bool:
        """Whether it is known of each stream from which entry on it is read, or why it cannot be."""
        return self._streams.is_ready

    @property
    def refused(self) -> bool:
        """Whether the server does not allow us to subscribe."""
        return self._subscriber.refused

    @property
    def reached(self) -> bool:
        """Whether the server has answered about any topic so far, even by refusing it."""
        return self._reached

    @property
    def received(self) -> int:
        """Messages received so far."""
        return self._subscriber.received

    @property
    def errors(self) -> int:
        """Errors of this program itself so far: 0, unless it has a bug."""
        return self.deployment.errors

    @property
    def passes(self) -> int:
        """Complete passes over the keyspace so far."""
        return self.watch.keyspace.passes

    def scan(self) -> Scan:
        """The progress of the scan."""
        return self.watch.keyspace.scan()

    @property
    def next_attempt_s(self) -> float | None:
        """Seconds until the next attempt to connect; 0 if it is due or under way, None if the server is there."""
        return self.deployment.next_attempt_s if self._trouble else None

    def drain(self) -> list[AnyReading]:
        """The new readings since the last call, which agree on whether the server is away.

        Each source notices that only when it reads, so all readings are returned again when this changes.
        """
        trouble = self.deployment.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                missing = {topic: Reading[Any](topic, "error", note=trouble, away=True) for topic in self._locks}
                self._latest = missing | self._latest
            self._unread.update(self._latest)
            self._read_soon()
            if not trouble:
                self.watch.connect_now()
        if not trouble:
            self._there_at = time.monotonic()
        self._read_own_connections()
        readings = [self._agreed(reading) for reading in self._unread.values()]
        self._unread.clear()
        return readings

    def _read_own_connections(self) -> None:
        """Read what has a connection of its own, if that was lost or made again; then the deployment is there, too."""
        for topic, source in self.watch.with_own_connection.items():
            before, state = self._states.get(topic), (source.connection_state, self._is_there(source))
            self._states[topic] = state
            if state == before:
                continue
            if topic in self._latest:
                self._latest[topic] = self._unread[topic] = self._readings.now(topic, source.sample)
            if self._trouble and source.is_connected:
                self.deployment.connect_now()
                self._read_soon()

    def _read_soon(self) -> None:
        for asked in self._asked.values():
            asked.set()

    def _is_there(self, source: HasOwnConnection) -> bool:
        """Whether the server is there: as the deployment says, unless this source has received data since then."""
        return not self._trouble or source.has_received_since(self._there_at)

    def _agreed(self, reading: Reading[Any]) -> Reading[Any]:
        source = self.watch.with_own_connection.get(reading.topic)
        if source is None or not self._is_there(source):
            return agreed(reading, self._trouble)
        return msgspec.structs.replace(reading, away=False) if reading.away else reading

    def keys(self) -> Reading[KeysFrame]:
        """What kinds of keys there are, as known now."""
        self._watches.discovery.learning.shown()
        return self._report.reading(self.watch.keyspace, self.watch.topics, self.deployment.trouble, self._ignored)

    def progress(self) -> Progress | None:
        """The work that runs at full speed now, if any."""
        if self.watch.keyspace.full_speed:
            scan = self.watch.keyspace.scan()
            total = max(scan.done, scan.size) if scan.size else 0
            return Progress("pass", scan.done, total, scan.elapsed_s, passed_over=scan.share)
        busy = (source.progress() for source in self.watch.in_background)
        return next((progress for progress in busy if progress is not None), None)

    def ask(self, request: Request) -> None:
        """Pass a request on to the scan and to the sources that accept requests; try to connect without delay."""
        self.deployment.connect_now()
        if isinstance(request, FullPass):
            self.watch.keyspace.set_full_speed(request.on)
        if isinstance(request, FollowStreams):
            self._streams.follow(self._report.streams_of(request.kind))
        for source in self.watch.sources:
            if isinstance(source, AcceptsRequests):
                source.ask(request)
                self._asked[source.topic].set()

    def choose(self, choice: Choose) -> Chosen:
        """Take a choice of the user at once.

        Raises:
            ConfigError: see ``Choices.choose``.
        """
        chosen = self._choices.choose(choice)
        self._watches.chosen.set()
        self._read_soon()
        return chosen

    async def submit(self, command: Command) -> Outcome:
        """Carry out a confirmed command, mark it in the event stream, and read again what it may have changed.

        Raises:
            SourceError: see ``actions.carry_out``.
        """
        if self._selecting:
            raise SourceError("another database is being selected")
        self._submitted += 1
        try:
            return await self._submit(command)
        finally:
            self._submitted -= 1

    async def _submit(self, command: Command) -> Outcome:
        patterns, mask_ids = self.watch.config.session_patterns, self._watches.known_ids.mask
        outcome = await actions.carry_out(self.deployment, command, patterns, mask_ids)
        if text := actions.mark(command, outcome):
            self._subscriber.log.mark(text, time.time(), "action")
        if not isinstance(command, Publish):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHANGED_WITHIN_S):
                    await asyncio.gather(*(self._refresh(one) for one in self.watch.sources if one.topic == "sessions"))
        return outcome

    async def select(self, database: int) -> None:
        """Watch another database; pub/sub goes on, since it is for all databases.

        Raises:
            SourceError: the former one is still watched.
        """
        if self._submitted or self._selecting:
            raise SourceError("a command is still being carried out")
        self._selecting = True
        try:
            await self._watches.select(database, self._forget)
        finally:
            self._selecting = False

    def _forget(self) -> None:
        """Drop all that was read of the former database."""
        kept = self.watch.with_own_connection
        self._latest = {topic: reading for topic, reading in self._latest.items() if topic in kept}
        self._unread = {topic: reading for topic, reading in self._unread.items() if topic in kept}
        self._report = Report(self._watches.discovery, self.deployment.url.user, self._choices)

    async def run(self) -> None:
        """Connect and poll the sources until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(keep_running(self._subscriber.run, "receiving messages", self.deployment))
                tasks.create_task(keep_running(self._shards.run, "receiving shard channels", self.deployment))
                tasks.create_task(keep_running(self._streams.run, "reading streams", self.deployment))
                tasks.create_task(self._watches.run(self._poll))
        finally:
            await self.deployment.close()

    async def until_noticed(self) -> bool:
        """Return when dashboards on the same server have noticed that this one looks up keys, and whether they can."""
        await until_noticed(self.deployment, self._subscriber)
        return bool(self._subscriber.announced)

    async def read_all(self, within_s: float | None = None) -> list[Reading[Any]]:
        """Read every source once, those with ``read_last`` after the others.

        Args:
            within_s: for a source that takes longer, its previous reading is returned, marked as stale.
        """

        async def read(source: Source[Any]) -> Reading[Any]:
            try:
                async with asyncio.timeout(within_s):
                    return await self._read(source)
            except TimeoutError:
                why = self.deployment.trouble or LATE
                return aged(self._latest.get(source.topic), why) or Reading(source.topic, "error", note=why, away=True)

        others = [source for source in self.watch.sources if not source.read_last]
        readings = {reading.topic: reading for reading in await asyncio.gather(*map(read, others))}
        for source in self.watch.sources:
            if source.topic not in readings:
                readings[source.topic] = await read(source)
        return [readings[source.topic] for source in self.watch.sources]

    async def _poll(self, source: Source[Any]) -> None:
        while True:
            began = time.monotonic()
            await self._refresh(source)
            asked = self._asked[source.topic]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, self._refresh_s - (time.monotonic() - began))):
                    await asked.wait()  # a request is read at once
            asked.clear()

    async def _refresh(self, source: Source[Any]) -> None:
        reading = await self._read(source)
        if not self._is_worse(source, reading):
            self._latest[source.topic] = self._unread[source.topic] = reading

    def _is_worse(self, source: Source[Any], reading: Reading[Any]) -> bool:
        """Whether the reading says less than the one before it, which a complete pass had counted."""
        is_counted = reading.status in ("ok", "reduced") and bool(source.key_groups(self.watch.config))
        return is_counted and self._watches.keeps_figures

    async def _read(self, source: Source[Any]) -> Reading[Any]:
        """Read a source; any failure becomes a status."""
        async with self._locks[source.topic]:
            reading = await self._readings.read(source)
        self._reached = self._reached or reading.frame is not None or reading.status == "off"
        return reading
